// SPDX-License-Identifier: GPL-2.0-only

/// What is the same on every run with the same seed, size and device: what a CI can gate on.
struct ExactCounts: Codable, Equatable, Sendable {
  /// The number of schedules that were run.
  var executions: Int
  /// The number of steps that they took in all.
  var steps: Int
  /// How often they went from one simulated thread to another.
  var switches: Int
  /// A digest of all decisions, in 16 hexadecimal digits.
  var checksum: String
  /// What came out, by name: in how many executions a condition was seen, or how often something happened.
  var outcomes: [String: Int]
}
