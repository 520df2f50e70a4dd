// SPDX-License-Identifier: GPL-2.0-only

internal import VfioSim

/// What the user has asked of `Benchmarks measure`.
struct MeasureOptions: Equatable {
  /// The file with the dump of a device; none for the built-in one.
  var device: String?
  /// The function in the dump; none for the first that can be used.
  var slot: String?
  /// What all random decisions are made from.
  var seed: UInt64 = 1
  /// The number of schedules of the race that are run; the other benchmarks are scaled with it.
  var schedules = MeasureOptions.defaultSchedules
  /// The file for the rows in JSON; `-` for standard output.
  var json: String?

  /// The number of schedules of the race that the default run tries.
  static let defaultSchedules = ToolName.defaultSchedules
  /// The flags, in the order of the help.
  static let flags = ["--device", "--slot", "--seed", "--schedules", "--json", "--help"]

  /// Asks for nothing in particular.
  init() {}

  /// Reads the command line; of a flag that is given twice the last one counts.
  init(_ arguments: [String]) throws(UsageError) {
    var reader = FlagReader(arguments, flags: Self.flags)
    while let flag = try reader.next() {
      switch flag {
      case "--device": device = try reader.text("a file with the output of lspci -vv -xxxx")
      case "--slot": slot = try Self.slot(try reader.text(Self.slotForm))
      case "--seed": seed = try reader.number(0...UInt64.max)
      case "--schedules": schedules = try reader.number(1...10_000_000)
      case "--json": json = try reader.text("a file, or - for standard output")
      default: break
      }
    }
    if slot != nil && device == nil { throw .lonelyFlag("--slot", needs: "--device FILE") }
  }

  private static let slotForm = "a slot such as 00:1f.0 or 0000:00:1f.0"

  private static func slot(_ text: String) throws(UsageError) -> String {
    guard PciSlot(text) != nil else { throw .badValue(flag: "--slot", found: text, expected: slotForm) }
    return text
  }
}
