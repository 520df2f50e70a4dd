// SPDX-License-Identifier: GPL-2.0-only

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

/// The environment variables that override options of a search.
///
/// Whatever searches reads all of them first, needed or not: a value that means nothing ends it, since with a typing
/// error that is passed over it would do something else than was asked, unnoticed. An empty variable is not set.
struct Environment: Sendable {
  /// On how many machines a search can run side by side; more than anybody has processors.
  static let jobsRange = 1...256

  /// A schedule of one search, which is all that this search is to run.
  let replay: WantedReplay?
  /// On how many machines a search runs side by side.
  private let jobs: Int?
  fileprivate let stepsPerExecution: Int?
  fileprivate let executions: Int?
  fileprivate let seconds: Double?
  fileprivate let commutingPairs: Int?
  fileprivate let checkedExecutions: Int?
  /// Whether tables have a row for every step.
  let showsEveryStep: Bool

  /// Reads the variables of the process.
  ///
  /// - Throws: ``ScenarioError/badOption(name:found:expected:)`` for the first one that cannot be used.
  init() throws(ScenarioError) { try self.init(Self.value, names: KnownVariables.inProcess()) }

  /// Reads variables.
  ///
  /// - Parameters:
  ///   - value: The value of a variable; none if it is not set.
  ///   - names: The names of those that are set.
  /// - Throws: ``ScenarioError/badOption(name:found:expected:)`` for the first one that cannot be used.
  init(_ value: (String) -> String?, names: [String] = []) throws(ScenarioError) {
    try KnownVariables.check(names, value)
    func number(_ name: String, _ range: ClosedRange<Int>) throws(ScenarioError) -> Int? {
      guard let text = value(name), !text.isEmpty else { return nil }
      return try ScenarioError.number(text, name, range)
    }
    jobs = try number("DMABUF_JOBS", Self.jobsRange)
    executions = try number("DMABUF_MAX_SCHEDULES", 1...1_000_000_000_000)
    if let text = value("DMABUF_SECONDS"), !text.isEmpty {
      seconds = try ScenarioError.seconds(text, "DMABUF_SECONDS")
    } else {
      seconds = nil
    }
    stepsPerExecution = try number("DMABUF_MAX_STEPS", 1...1_000_000_000)
    showsEveryStep = try number("DMABUF_FULL_TRACE", 0...1) == 1
    commutingPairs = try number("DMABUF_COMMUTING_PAIRS", 0...1_000_000)
    checkedExecutions = try number("DMABUF_CHECKED_EXECUTIONS", 0...1_000_000_000_000)
    if let folder = value("DMABUF_TRACE_DIR"), !folder.isEmpty { try Self.make(folder, named: "DMABUF_TRACE_DIR") }
    if let text = value("DMABUF_REPLAY"), !text.isEmpty {
      replay = try WantedReplay(text)
    } else {
      replay = nil
    }
  }

  /// Makes the folder for pictures.
  ///
  /// A folder that cannot be made is thus an error before a search and not after it.
  ///
  /// - Throws: ``ScenarioError/badOption(name:found:expected:)`` for one that cannot be made or written to.
  static func make(_ folder: String, named name: String) throws(ScenarioError) {
    guard let reason = Output.makeFolder(folder) else { return }
    throw .badOption(name: name, found: folder, expected: "a folder that can be made and written to; \(reason)")
  }

  /// On how many machines a search runs: as its caller says, else as the variable does, else on one.
  func jobs(asked: Int?) throws(ScenarioError) -> Int {
    if let asked { try ScenarioError.require(asked, "jobs", Self.jobsRange) }
    return asked ?? jobs ?? 1
  }

  /// A folder where searches write down how far they are.
  static var checkpointDirectory: String? { value("DMABUF_CHECKPOINT_DIR") }

  /// A folder for the pictures of failures.
  static var traceDirectory: String? { value("DMABUF_TRACE_DIR") }
  /// Whether text without colours was asked for; see no-color.org.
  static var wantsNoColor: Bool { value("NO_COLOR") != nil }

  /// Whether a file descriptor is a terminal that can show more than lines of text.
  static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 && value("TERM") != "dumb" }

  /// Whether the environment is that of a terminal which can show more than lines of text.
  static var isCapableTerminal: Bool { value("TERM").map { $0 != "dumb" } ?? false }

  /// The value of a variable; none if it is not set or empty.
  static func value(_ name: String) -> String? {
    guard let text = unsafe getenv(name), unsafe text.pointee != 0 else { return nil }
    return unsafe String(cString: text)
  }
}

extension Limits {
  /// The limits with what the environment says.
  ///
  /// - Throws: ``ScenarioError/badOption(name:found:expected:)`` for an invalid limit, wherever it was given: a search
  ///   by one machine and one by several would each make something else of it.
  func overridden(by environment: Environment) throws(ScenarioError) -> Limits {
    var limits = self
    if let steps = environment.stepsPerExecution { limits.stepsPerExecution = steps }
    if let executions = environment.executions { limits.executions = executions }
    if let seconds = environment.seconds { limits.seconds = seconds }
    if let pairs = environment.commutingPairs { limits.commutingPairs = pairs }
    if let checked = environment.checkedExecutions { limits.checkedExecutions = checked }
    try ScenarioError.require(limits.stepsPerExecution, "limits.stepsPerExecution", 1...Int.max)
    try ScenarioError.require(limits.executions, "limits.executions", 1...Int.max)
    if let seconds = limits.seconds, !(seconds > 0) {
      throw .badOption(name: "limits.seconds", found: "\(seconds)", expected: ScenarioError.secondsForm)
    }
    try ScenarioError.require(limits.commutingPairs, "limits.commutingPairs", 0...Int.max)
    try ScenarioError.require(limits.checkedExecutions, "limits.checkedExecutions", 0...Int.max)
    try ScenarioError.require(limits.executionsPerCheckpoint, "limits.executionsPerCheckpoint", 1...Int.max)
    return limits
  }

  /// A time as it is written: whole, if it is.
  static func text(_ seconds: Double) -> String {
    Int(exactly: seconds).map { "\($0)" } ?? "\(seconds)"
  }
}

extension ScenarioError {
  /// Reads a number in decimal digits.
  static func number(_ text: String, _ name: String, _ range: ClosedRange<Int>) throws(ScenarioError) -> Int {
    let isPlain = text.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
    guard isPlain, let number = Int(text), range.contains(number) else {
      throw .badOption(name: name, found: text, expected: form(range))
    }
    return number
  }

  fileprivate static let secondsForm = "a number of seconds such as 60 or 0.5"

  /// Reads a time in decimal digits, with a point in it or not.
  static func seconds(_ text: String, _ name: String) throws(ScenarioError) -> Double {
    let digits = text.split(separator: ".", omittingEmptySubsequences: false)
    let isPlain = digits.allSatisfy { part in
      !part.isEmpty && part.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
    }
    guard isPlain, digits.count <= 2, let seconds = Double(text), seconds > 0 else {
      throw .badOption(name: name, found: text, expected: secondsForm)
    }
    return seconds
  }

  /// Throws for a number that is out of range.
  static func require(_ number: Int, _ name: String, _ range: ClosedRange<Int>) throws(ScenarioError) {
    if !range.contains(number) { throw .badOption(name: name, found: "\(number)", expected: form(range)) }
  }

  private static func form(_ range: ClosedRange<Int>) -> String {
    "a number from \(range.lowerBound)" + (range.upperBound == .max ? "" : " to \(range.upperBound)")
  }
}
