// SPDX-License-Identifier: GPL-2.0-only

internal import DmabufModel
internal import Foundation
internal import VfioSim

/// The part of a device that the benchmarks lend out: whole pages from the start of one BAR.
struct LentWindow: Sendable {
  /// The device.
  let function: PciFunction
  /// The BAR.
  let bar: PciBar
  /// The number of its pages that are used.
  let pages: Int

  /// The most pages that a benchmark has a use for.
  static let mostPages = 64

  /// Takes, of the memory BARs that begin with a whole page, the first that has enough pages, or else the largest.
  init(_ function: PciFunction) throws(NoPageToLend) {
    let usable = function.memoryBars.filter { $0.address % Page.size == 0 && $0.size >= Page.size }
    let roomy = usable.first { $0.size / Page.size >= Self.mostPages }
    guard let bar = roomy ?? usable.max(by: { $0.size < $1.size }) else { throw NoPageToLend(function) }
    self.function = function
    self.bar = bar
    pages = Int(min(bar.size / Page.size, UInt64(Self.mostPages)))
  }

  /// Reads a device from a file, or takes the built-in one.
  init(file: String?, slot: String?) throws {
    guard let file else {
      try self.init(.builtIn)
      return
    }
    let text = try Self.text(of: file)
    do {
      try self.init(try PciFunction.parse(text, slot: slot))
    } catch {
      throw BadDump(file: file, error: error)
    }
  }

  private static func text(of file: String) throws(UnreadableFile) -> String {
    if let reason = PathFacts.error(of: file, R_OK) { throw UnreadableFile(file: file, reason: reason) }
    if PathFacts.isDirectory(file) { throw UnreadableFile(file: file, reason: "it is a directory") }
    // A handle, so that a pipe from `lspci` will do as well.
    guard let handle = FileHandle(forReadingAtPath: file), let data = try? handle.readToEnd() ?? Data() else {
      throw UnreadableFile(file: file, reason: "reading failed")
    }
    return String(decoding: data, as: UTF8.self)
  }
}

extension LentWindow: CustomStringConvertible {
  /// The device and the window in one line.
  var description: String {
    let units: [(UInt64, String)] = [(30, "GiB"), (20, "MiB"), (10, "KiB")]
    let (shift, unit) = units.first { bar.size >> $0.0 > 0 } ?? (0, "bytes")
    return "\(function), BAR\(bar.index) of \(bar.size >> shift) \(unit)"
  }
}

/// A device that has memory BARs, and none that could be mapped.
struct NoPageToLend: Error, CustomStringConvertible {
  let description: String

  /// Tells why each of the device's memory BARs is of no use.
  init(_ function: PciFunction) {
    let bars = function.memoryBars.map { bar in
      bar.size < Page.size
        ? "BAR\(bar.index) has \(bar.size) bytes" : "BAR\(bar.index) begins at 0x\(String(bar.address, radix: 16))"
    }
    description =
      "\(function.slot) has no memory BAR that begins with a whole page of \(Page.size) bytes: "
      + bars.joined(separator: "; ")
  }
}

/// A file that cannot be read.
struct UnreadableFile: ToolError {
  let file: String
  let reason: String

  var description: String { "--device: cannot read \(file): \(reason)" }
  var exitCode: Int32 { ExitCode.noInput }
}

/// A file that is no dump, or none of a device that can be used.
struct BadDump: ToolError {
  let file: String
  let error: any Error

  var description: String { "--device: \(file): \(error)" }
  var exitCode: Int32 { ExitCode.badData }
}
