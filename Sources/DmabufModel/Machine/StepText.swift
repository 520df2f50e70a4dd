// SPDX-License-Identifier: GPL-2.0-only

/// How a step is written in traces, reports and messages.
enum StepText {
  /// The C call, or the C field alone for a plain access, which has no label.
  static func of(_ label: some CustomStringConvertible, _ object: some CustomStringConvertible) -> String {
    let label = "\(label)"
    return label.isEmpty ? "\(object)" : "\(label)(\(object))"
  }
}
