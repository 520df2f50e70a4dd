// SPDX-License-Identifier: GPL-2.0-only

extension Kernel {
  /// Checks something that must hold, with a message that reads the state of the machine.
  ///
  /// ```swift
  /// let count = try await references.read()
  /// try await kernel.check(count == 1) { "the owner is \(try await owner.load())" }
  /// ```
  ///
  /// Not a step. The message is only made when the condition is false, and then the machine stands still: the message
  /// sees what the thread sees that has failed, no other thread runs meanwhile, and its steps are no part of the
  /// execution. So a search, a replay and the shrunk schedule take the same steps as with a plain message. A message that
  /// waits for another thread, or has a failure of its own, is replaced by a line that says so; the check has failed all
  /// the same. What a message changes is lost with the execution.
  ///
  /// - Throws: ``KernelFault`` if the condition is false.
  /// - Context: Never sleeps; any context.
  public nonisolated func check(
    _ condition: Bool, file: StaticString = #fileID, line: UInt = #line, _ message: () async throws -> String
  ) async throws(KernelFault) {
    if isUnwinding { throw KernelFault() }
    if condition { return }
    let standing = standStill()
    let text: String
    do {
      text = try await message()
      goOn(standing)
    } catch {
      let reason = reason(for: error)
      goOn(standing)
      text = "the check has failed, and its message cannot be made: \(reason)"
    }
    throw fail(.check, text, at: "\(file):\(line)")
  }

  /// What a message must not change, since the search and the report go by it.
  private struct Standing {
    var unjoined, live, newborn, enabled, waiters, relaxing: ThreadSet
    var stepCount, switchCount: Int
    var recorder: Recorder?
    var isWatched: Bool
  }

  /// Makes the machine one of the current thread alone, without anybody who writes down or checks its steps.
  private func standStill() -> Standing {
    let standing = Standing(
      unjoined: unjoined, live: live, newborn: newborn, enabled: enabled, waiters: waiters, relaxing: relaxing,
      stepCount: stepCount, switchCount: switchCount, recorder: recorder, isWatched: isWatched)
    if isGuarded { stopGuarding() }
    let none = ThreadSet()
    live = ThreadSet(current)
    (unjoined, newborn, enabled, waiters, relaxing) = (none, none, none, none, none)
    recorder = nil
    isWatched = false
    isStandingStill = true
    return standing
  }

  private func goOn(_ standing: Standing) {
    unjoined = standing.unjoined
    live = standing.live
    newborn = standing.newborn
    enabled = standing.enabled
    waiters = standing.waiters
    relaxing = standing.relaxing
    stepCount = standing.stepCount
    switchCount = standing.switchCount
    recorder = standing.recorder
    isWatched = standing.isWatched
    isStandingStill = false
    finding = nil
    isUnwinding = false
  }

  private func reason(for error: any Error) -> String {
    if !(error is KernelFault) { return "\(error)" }
    return finding?.summary ?? "it waits for another thread"
  }
}
