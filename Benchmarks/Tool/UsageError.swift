// SPDX-License-Identifier: GPL-2.0-only

/// A mistake on the command line.
enum UsageError: Error, Equatable {
  /// A word that is no command.
  case unknownCommand(String, expected: [String])
  /// A flag that the command does not have.
  case unknownFlag(String, expected: [String])
  /// A word where a flag belongs.
  case unexpectedWord(String, expected: [String])
  /// A flag without the value that it needs.
  case missingValue(flag: String, expected: String)
  /// A value that the flag cannot take.
  case badValue(flag: String, found: String, expected: String)
  /// A value for a flag that takes none.
  case needlessValue(flag: String, found: String)
  /// A flag that means nothing without another one.
  case lonelyFlag(String, needs: String)
  /// A flag that means nothing beside another one.
  case conflict(String, with: String)
  /// A variable that a batch scheduler has set, or should have.
  case badScheduler(String)
}

extension UsageError: CustomStringConvertible {
  /// One line: the flag, what was found, and what was expected.
  var description: String {
    switch self {
    case .unknownCommand(let word, let expected):
      "unknown command '\(word)'; expected \(expected.joined(separator: ", ")) or a flag"
    case .unknownFlag(let flag, let expected):
      "unknown flag '\(flag)'; expected \(expected.joined(separator: ", "))"
    case .unexpectedWord(let word, let expected):
      "unexpected '\(word)'; expected \(expected.joined(separator: ", "))"
    case .missingValue(let flag, let expected):
      "\(flag): the value is missing; expected \(expected)"
    case .badValue(let flag, let found, let expected):
      "\(flag): bad value '\(found)'; expected \(expected)"
    case .needlessValue(let flag, let found):
      "\(flag): found the value '\(found)'; expected none"
    case .lonelyFlag(let flag, let needs):
      "\(flag): expected \(needs) with it"
    case .conflict(let flag, let other):
      "\(flag): found \(other) with it; expected one of the two"
    case .badScheduler(let problem):
      "\(problem); or --shard I/N, which is 1/1 for all"
    }
  }
}
