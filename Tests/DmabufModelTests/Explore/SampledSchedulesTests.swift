// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

/// A sampler that has lost its point still finds most bugs, and its schedules tell.
struct SampledSchedulesTests {
  @Test("a sampler makes the same schedules of a seed in every version", arguments: SampledSchedules.all)
  func schedulesOfASeed(row: SampledSchedules) throws {
    let strategy = TranscribedStrategy(row.strategy())
    try explore(strategy, Races.harmless)
    let threads = strategy.executions.map { $0.map { String($0.thread) }.joined() }
    let digest = String(Schedule.hash(threads.joined(separator: "\n")), radix: 16)
    #expect(digest == row.digest, "\(row.name)")
  }
}

/// A sampler, and what its schedules of one seed come to.
struct SampledSchedules: Sendable, CustomTestStringConvertible {
  let name: String
  let digest: String
  let strategy: @Sendable () -> any Strategy

  var testDescription: String { name }

  static let all = [
    SampledSchedules(name: "random", digest: "ff61c3f92304c6f7") { .random(seed: 7, schedules: 300) },
    SampledSchedules(name: "pct", digest: "5ee15ec3edde3195") { .pct(seed: 7, schedules: 300) },
    SampledSchedules(name: "pos", digest: "46d05742440226db") { .pos(seed: 7, schedules: 300) },
    SampledSchedules(name: "urw", digest: "7d680f9d0b061317") { .urw(seed: 7, schedules: 300) },
  ]
}
