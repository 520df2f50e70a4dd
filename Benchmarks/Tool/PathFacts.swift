// SPDX-License-Identifier: GPL-2.0-only

internal import Foundation

/// What can be said of a path before it is used.
enum PathFacts {
  /// Whether a directory is there.
  static func isDirectory(_ path: String) -> Bool {
    var isDirectory: ObjCBool = false
    return unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory.boolValue
  }

  /// Why the path cannot be used in a mode such as `R_OK`, or nothing.
  ///
  /// The corresponding C function is `access`.
  static func error(of path: String, _ mode: Int32) -> String? {
    unsafe access(path, mode) == 0 ? nil : String(cString: strerror(errno))
  }
}
