// SPDX-License-Identifier: GPL-2.0-only

extension Shard {
  /// The two variables by which a batch scheduler tells a process which of how many it is.
  private struct Scheduler {
    var place: String
    var count: String
  }

  private static let slurm = Scheduler(place: "SLURM_ARRAY_TASK_ID", count: "SLURM_ARRAY_TASK_COUNT")
  private static let kubernetes = Scheduler(place: "JOB_COMPLETION_INDEX", count: "JOB_COMPLETIONS")
  private static let parallel = Scheduler(place: "PARALLEL_SEQ", count: "PARALLEL_TOTAL")

  /// The shard that a batch scheduler says this process is; nothing if none says anything.
  ///
  /// Understood are Slurm's arrays without gaps (`SLURM_ARRAY_TASK_ID`, `_COUNT`, `_MIN`, `_STEP`), indexed jobs of
  /// Kubernetes (`JOB_COMPLETION_INDEX`, from 0, with `JOB_COMPLETIONS`, which the manifest has to set) and GNU
  /// parallel (`PARALLEL_SEQ`, from 1, with `PARALLEL_TOTAL`, which the command has to set). Of several the first
  /// counts that says both which one this is and how many there are.
  ///
  /// - Parameter value: The value of an environment variable.
  /// - Throws: ``ScenarioError/badOption(name:found:expected:)`` if one says only half, or something that cannot be. Each
  ///   of many processes would do the whole search, if that were passed over.
  public init?(environment value: (String) -> String?) throws(ScenarioError) {
    func text(_ name: String) -> String? { value(name).flatMap { $0.isEmpty ? nil : $0 } }
    func number(_ name: String, _ range: ClosedRange<Int>, else standard: String = "") throws(ScenarioError) -> Int {
      try ScenarioError.number(text(name) ?? standard, name, range)
    }
    let all = [Self.slurm, Self.kubernetes, Self.parallel]
    let whole = all.first { text($0.place) != nil && text($0.count) != nil }
    let half = all.first { text($0.place) != nil || text($0.count) != nil }
    guard let said = whole ?? half else { return nil }
    guard text(said.place) != nil else {
      throw .badOption(name: said.place, found: nil, expected: "which shard this is, as \(said.count) is set")
    }
    guard text(said.count) != nil else {
      throw .badOption(name: said.count, found: nil, expected: "how many shards there are, as \(said.place) is set")
    }
    let count = try number(said.count, Self.counts)
    switch said.place {
    case Self.slurm.place:
      let first = try number("SLURM_ARRAY_TASK_MIN", 0...1_000_000_000, else: "0")
      let step = try number("SLURM_ARRAY_TASK_STEP", 1...1_000_000_000, else: "1")
      let id = try number(said.place, first...(first + step * (count - 1)))
      guard (id - first) % step == 0 else {
        throw .badOption(name: said.place, found: "\(id)", expected: "\(first) and a multiple of \(step)")
      }
      self.init((id - first) / step + 1, of: count)
    case Self.kubernetes.place: self.init(try number(said.place, 0...(count - 1)) + 1, of: count)
    default: self.init(try number(said.place, 1...count), of: count)
    }
  }
}
