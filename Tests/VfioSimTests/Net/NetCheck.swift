// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

/// A program that somebody has drawn, as the net needs it.
protocol NetProgram: CustomStringConvertible {
  /// The number of threads.
  var threadCount: Int { get }

  /// The program as a scenario that declares its threads in an order and writes down what they learn.
  func scenario(_ notes: Notes, order: [Int]) -> Scenario
}

extension NetProgram {
  func scenario(_ notes: Notes) -> Scenario { scenario(notes, order: Array(0..<threadCount)) }

  /// The orders in which the threads are declared beside the first one: each thread comes first once.
  var otherOrders: [[Int]] {
    (1..<threadCount).map { first in [first] + (0..<threadCount).filter { $0 != first }.reversed() }
  }
}

/// How the searches of one program agree.
struct NetCheck {
  /// What is wrong; nothing for a program on which all agree.
  var complaints: [String] = []
  /// What the plain enumeration has seen, if it was small enough.
  var brute: Tally?
  var optimal = Tally()

  /// The number of executions that all searches took.
  var runs = 0

  /// Whether the program fails in some of its executions and passes in others.
  var isMixed: Bool { (brute ?? optimal).fails && (brute ?? optimal).passes }
  var fails: Bool { brute?.fails ?? optimal.fails }
  var isReduced: Bool { brute.map { optimal.executions < $0.executions } ?? false }

  /// How large programs may be.
  struct Size {
    /// The number of interleavings above which there is no plain enumeration.
    var interleavings: Int
    /// The number of classes above which the program is left out; none where a plain enumeration is wanted.
    var classes: Int?
    /// The number of walks that tell how large it is, and of schedules that are sampled.
    var walks = 8
    /// The number of executions above which a search by states is left out.
    var states = 1_000
    var samples = 24
  }

  /// Compares all searches of a program.
  ///
  /// - Parameters:
  ///   - program: The program.
  ///   - size: How large it may be.
  ///   - keepsEven: Whether to keep a program on which all walks agree: most of them say little.
  /// - Returns: Nothing for a program that is not kept.
  init?(_ program: some NetProgram, _ size: Size, keepsEven: Bool) throws {
    let notes = Notes()
    let scenario = program.scenario(notes)
    let walks = SizeStrategy(walks: size.walks)
    do { runs += try survey(walks, scenario).report.executions } catch let error as ScenarioError {
      complaints.append("cannot be run: \(error)")
      return
    }
    let isSmall = walks.estimate <= Double(size.interleavings)
    if size.classes == nil && !isSmall { return nil }
    if !keepsEven && (walks.failures == 0 || walks.failures == size.walks) { return nil }
    let most = size.classes ?? size.interleavings * 4
    guard let optimal = run(ExhaustiveStrategy(), "exhaustive", notes, most, scenario) else {
      if complaints.isEmpty { return nil }
      return
    }
    self.optimal = optimal
    if optimal.abandoned > 0 { complaints.append("exhaustive gives \(optimal.abandoned) executions up") }
    if optimal.executions != optimal.traces.count {
      complaints.append("exhaustive takes \(optimal.executions) executions for \(optimal.traces.count) classes")
    }
    if isSmall {
      brute = run(EveryOrderStrategy(), "every order", notes, size.interleavings * 4, scenario)
      if let brute { compareWithEveryOrder(brute) }
    }
    if let caching = run(StateCachingStrategy(), "states", notes, size.states, scenario) { compareStates(caching) }
    compareSamples(notes, size.samples, scenario)
    for order in program.otherOrders { compare(order, notes, program.scenario(notes, order: order)) }
  }

  /// Runs a search; nothing if it is too large or cannot be run, which is a complaint.
  private mutating func run(
    _ strategy: some Strategy, _ name: String, _ notes: Notes, _ most: Int, _ scenario: @escaping Scenario
  ) -> Tally? {
    var limits = Limits()
    limits.executions = most
    limits.stepsPerExecution = 5_000
    let keeping = TallyStrategy(strategy, notes, keepsTraces: true)
    do {
      defer { runs += keeping.tally.executions }
      _ = try survey(keeping, limits: limits, scenario)
      return keeping.tally
    } catch is SearchStopped { return nil } catch {
      complaints.append("\(name): \(error)")
      return nil
    }
  }

  /// With a finding in the middle of an execution a search by reduction must find one, and may leave others out.
  private mutating func compareWithEveryOrder(_ brute: Tally) {
    complain(
      optimal.fails != brute.fails, "exhaustive \(verdict(optimal)), every order \(verdict(brute))", brute, optimal)
    let invented = optimal.kinds.subtracting(brute.kinds)
    complain(!invented.isEmpty, "exhaustive invents \(invented.map(\.rawValue))", brute, optimal)
    complain(!optimal.traces.isSubset(of: brute.traces), "exhaustive sees a class that is none", brute, optimal)
    complain(!optimal.endings.isSubset(of: brute.endings), "exhaustive sees an ending that is none", brute, optimal)
    if brute.cutShort > 0 { return }
    complain(
      optimal.kinds != brute.kinds, "exhaustive finds \(optimal.names), every order \(brute.names)", brute, optimal)
    complain(
      optimal.wholeTraces != brute.wholeTraces,
      "exhaustive sees \(optimal.wholeTraces.count) classes, every order \(brute.wholeTraces.count)", brute, optimal)
    complain(
      optimal.endings != brute.endings,
      "exhaustive sees \(optimal.endings.count) endings, every order \(brute.endings.count)", brute, optimal)
  }

  private mutating func compareStates(_ states: Tally) {
    let other = brute ?? optimal
    complain(states.fails != other.fails, "states \(verdict(states)), others \(verdict(other))", other, states)
    if brute == nil && other.cutShort > 0 { return }
    complain(states.kinds != other.kinds, "states find \(states.names), others \(other.names)", other, states)
    complain(
      states.endings != other.endings, "states see \(states.endings.count) endings, others \(other.endings.count)",
      other,
      states)
  }

  private mutating func compareSamples(_ notes: Notes, _ samples: Int, _ scenario: @escaping Scenario) {
    let random = run(RandomStrategy.random(seed: 1, schedules: samples), "random", notes, samples, scenario)
    if let random { compareSome(random, "random") }
    let bounded = TallyStrategy(PreemptionBoundedStrategy(preemptions: 2), notes)
    var limits = Limits()
    limits.executions = samples
    limits.stepsPerExecution = 5_000
    do { _ = try survey(bounded, limits: limits, scenario) } catch is SearchStopped {
      // What it has seen up to the limit counts as well.
    } catch { complaints.append("two preemptions: \(error)") }
    compareSome(bounded.tally, "two preemptions")
  }

  /// A search of some interleavings never sees what the exhaustive one does not.
  private mutating func compareSome(_ some: Tally, _ name: String) {
    complain(some.fails && !optimal.fails, "\(name) \(verdict(some)), exhaustive passes", optimal, some)
    if optimal.cutShort > 0 || some.cutShort > 0 { return }
    complain(!some.kinds.isSubset(of: optimal.kinds), "\(name) finds \(some.names)", optimal, some)
    complain(
      !some.endings.isSubset(of: optimal.endings), "\(name) sees an ending that exhaustive does not", optimal, some)
  }

  private mutating func compare(_ order: [Int], _ notes: Notes, _ scenario: @escaping Scenario) {
    let most = optimal.executions * 2 + 200
    guard let other = run(ExhaustiveStrategy(), "threads in order \(order)", notes, most, scenario) else { return }
    complain(
      other.fails != optimal.fails, "exhaustive \(verdict(optimal)), with threads in order \(order) \(verdict(other))",
      optimal, other)
    if other.cutShort > 0 || optimal.cutShort > 0 { return }
    complain(
      other.executions != optimal.executions,
      "\(optimal.executions) executions, with threads in order \(order) \(other.executions)", optimal, other)
    complain(other.endings != optimal.endings, "other endings with threads in order \(order)", optimal, other)
    complain(other.kinds != optimal.kinds, "\(other.names) with threads in order \(order)", optimal, other)
  }

  private func verdict(_ tally: Tally) -> String {
    tally.fails ? "fails (\(tally.names.joined(separator: ", ")))" : "passes"
  }

  private mutating func complain(_ isWrong: Bool, _ text: String, _ one: Tally, _ other: Tally) {
    if !isWrong { return }
    let missing = one.endings.subtracting(other.endings).map(\.description).sorted().first
    let extra = other.endings.subtracting(one.endings).map(\.description).sorted().first
    var lines = [text]
    for (_, summary) in one.summaries.sorted(by: { $0.key.rawValue < $1.key.rawValue }) { lines.append("  \(summary)") }
    for (_, summary) in other.summaries.sorted(by: { $0.key.rawValue < $1.key.rawValue })
    where !one.summaries.values.contains(summary) {
      lines.append("  there: \(summary)")
    }
    if let missing { lines.append("  missing there: \(missing)") }
    if let extra { lines.append("  only there: \(extra)") }
    complaints.append(lines.joined(separator: "\n    "))
  }
}
