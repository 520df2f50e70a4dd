// SPDX-License-Identifier: GPL-2.0-only

import Synchronization
import Testing

@testable import DmabufBenchmarks
@testable import DmabufModel

@Suite("A search that is awaited")
struct AwaitedSearchTests {
  /// Functions without `async`, so that they call those that do not suspend.
  enum InPlace {
    static func explore(_ strategy: some Strategy, jobs: Int = 1, _ scenario: @escaping Scenario) throws -> String {
      "\(try DmabufModel.explore(strategy, seeing: ["both"], jobs: jobs, name: "awaited", function: "f", scenario))"
    }

    static func survey(_ scenario: @escaping Scenario) throws -> Survey {
      try DmabufModel.survey(.exhaustive, scenario)
    }

    static func replay(_ schedule: String, _ scenario: @escaping Scenario) throws -> ExplorationReport {
      try DmabufModel.replay(schedule, scenario)
    }
  }

  /// A lost update, which is a failure or not.
  static func scenario(fails: Bool) -> Scenario {
    { kernel in
      let x = Shared(kernel, "x", 0)
      for _ in 0..<3 { kernel.thread("add") { try await x.store(try await x.load() + 1) } }
      try await kernel.join()
      let end = try await x.load()
      kernel.outcome("x", end)
      kernel.sometimes("both", end == 3)
      if fails { try kernel.check(end > 1, "x is \(end)") }
    }
  }

  private static func strategy(_ index: Int) -> any Strategy {
    switch index {
    case 0: ExhaustiveStrategy.exhaustive
    case 1: RandomStrategy.random(seed: 3, schedules: 200)
    case 2: PctStrategy.pct(seed: 3, schedules: 200)
    default: StateCachingStrategy.stateCaching
    }
  }

  /// The text of a report or of an error.
  private static func text(_ body: () async throws -> String) async -> String {
    do { return try await body() } catch { return "\(error)" }
  }

  @Test("says what one says that is not", arguments: [false, true], 0..<4)
  func agrees(fails: Bool, strategy: Int) async {
    let scenario = Self.scenario(fails: fails)
    for jobs in [1, 3] {
      let awaited = await Self.text {
        let strategy = Self.strategy(strategy)
        return "\(try await explore(strategy, seeing: ["both"], jobs: jobs, name: "awaited", function: "f", scenario))"
      }
      let inPlace = await Self.text { try InPlace.explore(Self.strategy(strategy), jobs: jobs, scenario) }
      #expect(awaited == inPlace)
      #expect(awaited.contains("x is 1") == fails, "\(awaited)")
    }
  }

  @Test("surveys and replays alike")
  func otherVerbs() async throws {
    let scenario = Self.scenario(fails: true)
    let survey = try await survey(.exhaustive, scenario)
    #expect(survey == (try InPlace.survey(scenario)))
    #expect(survey.findings.map(\.executions).reduce(0, +) > 0)
    let failure = await #expect(throws: ScheduleFailure.self) { try await explore(name: "awaited", scenario) }
    let schedule = "\(try #require(failure).recording.schedule)"
    let again = await #expect(throws: ScheduleFailure.self) { try await replay(schedule, scenario) }
    let inPlace = #expect(throws: ScheduleFailure.self) { try InPlace.replay(schedule, scenario) }
    #expect(again?.finding.summary == failure?.finding.summary)
    #expect(again?.recording.schedule == inPlace?.recording.schedule)
  }

  @TaskLocal private static var local = 0

  @Test("knows what is local to the task")
  func taskLocals() async throws {
    try await Self.$local.withValue(7) {
      try await explore(.serial) { kernel in
        try kernel.check(Self.local == 7, "the search runs in another task")
        kernel.thread("b") { try kernel.check(Self.local == 7, "the thread runs in another task") }
      }
    }
  }

  /// What the threads of the pool and those of the searches tell each other.
  final class Signal: Sendable {
    let isThere = Atomic(false)
    let count = Atomic(0)

    /// Looks for the signal until it is there, or so often that it never will be.
    func wait() -> Bool {
      for _ in 0..<100_000 {
        if isThere.load(ordering: .acquiring) { return true }
        OperatingSystemThreads.sleep(microseconds: 100)
      }
      return false
    }
  }

  /// In a process of its own: here other tests may have all threads of the pool.
  ///
  /// There are more searches than threads in the pool, and each waits in its body for something that another task does.
  @Test("leaves the threads of the pool to others")
  func poolIsFree() async {
    await #expect(processExitsWith: .success) {
      let signal = Signal()
      let searches = 4 * OperatingSystemThreads.processors
      let seen = await withTaskGroup(of: Bool.self) { group in
        for _ in 0..<searches {
          group.addTask {
            let report = try? await explore(.serial) { kernel in
              signal.count.add(1, ordering: .relaxed)
              kernel.sometimes("seen", signal.wait())
            }
            return report?.executions(seeing: "seen") == 1
          }
        }
        group.addTask {
          while signal.count.load(ordering: .relaxed) < OperatingSystemThreads.processors { await Task.yield() }
          signal.isThere.store(true, ordering: .releasing)
          return true
        }
        return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
      }
      precondition(seen == searches + 1, "\(seen) of \(searches + 1)")
    }
  }

  @Test("comes first where it came first")
  func turns() {
    let threads = SearchThreads(1)
    let (begin, end) = (Signal(), Signal())
    let order = Order()
    threads.run { order.note(begin.wait() ? 0 : -1) }
    for number in 1...5 { threads.run { order.note(number) } }
    threads.run { end.isThere.store(true, ordering: .releasing) }
    #expect(order.all == [])
    begin.isThere.store(true, ordering: .releasing)
    #expect(end.wait())
    #expect(order.all == Array(0...5))
  }

  final class Order: Sendable {
    private let numbers = Mutex<[Int]>([])
    var all: [Int] { numbers.withLock { $0 } }
    func note(_ number: Int) { numbers.withLock { $0.append(number) } }
  }

  @Test("is never one of more than there may be", arguments: [1, 2, 3])
  func bound(most: Int) async {
    let threads = SearchThreads(most)
    let (now, highest) = (Signal(), Signal())
    let done = await withTaskGroup(of: Int.self) { group in
      for _ in 0..<40 {
        group.addTask {
          let sum = try? await SearchDesk(on: threads).run { _ in
            highest.count.max(now.count.add(1, ordering: .relaxed).newValue, ordering: .relaxed)
            let executions = try InPlace.survey(Self.scenario(fails: false)).report.executions
            now.count.subtract(1, ordering: .relaxed)
            return executions
          }
          return sum ?? 0
        }
      }
      return await group.reduce(0, +)
    }
    #expect(done == 40 * 36)
    #expect((1...most).contains(highest.count.load(ordering: .relaxed)))
  }

  // MARK: Cancellation

  @Test("ends before its next execution when the task is cancelled", arguments: [1, 3])
  func cancellation(jobs: Int) async throws {
    let task = Mutex<Task<ExplorationReport, any Error>?>(nil)
    let signal = Signal()
    let began = Task {
      try await explore(.random(seed: 1, schedules: 100_000), jobs: jobs, name: "cancelled") { kernel in
        if signal.count.add(1, ordering: .relaxed).newValue == 10 && signal.wait() { task.withLock { $0?.cancel() } }
      }
    }
    task.withLock { $0 = began }
    signal.isThere.store(true, ordering: .releasing)
    let verdict = try await began.value.verdict
    let executions = signal.count.load(ordering: .relaxed)
    #expect(verdict == .interrupted(executions: executions))
    #expect(jobs > 1 || executions == 10)
  }

  @Test("runs nothing for a task that has been cancelled, and proves nothing")
  func cancelledBefore() async throws {
    let task = Task {
      unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
      return try await explore(name: "never") { kernel in try kernel.check(false, "it ran") }
    }
    let stopped = await #expect(throws: SearchStopped.self) { try await task.value }
    #expect(stopped?.report.verdict == .interrupted(executions: 0))
    let sampled = Task {
      unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
      return try await explore(.random(seed: 1, schedules: 5)) { _ in }
    }
    #expect(try await sampled.value.verdict == .interrupted(executions: 0))
  }
}
