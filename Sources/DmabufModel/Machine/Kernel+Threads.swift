// SPDX-License-Identifier: GPL-2.0-only

extension Kernel {
  /// The thread that is running.
  @inline(__always)
  public var currentThread: ThreadID { ThreadID(current) }

  /// Starts a simulated thread.
  ///
  /// Not a step. The thread runs on its own up to its first step, then whenever the strategy picks it. Ends when the
  /// body returns; an error that leaves the body is a finding.
  ///
  /// - Parameters:
  ///   - name: The head of the thread's column in a report.
  ///   - body: What the thread does. It awaits nothing but model code.
  /// - Returns: The thread, to be joined.
  @discardableResult
  public func thread(_ name: String, _ body: @escaping @Sendable () async throws -> Void) -> SimulatedThread {
    start(name, mayIdle: false, body)
  }

  /// Starts a kernel thread that serves others and may be waiting for more work at the end.
  ///
  /// Not a step. ``join(file:line:)`` does not wait for it. When all other threads have ended it goes on for as long as
  /// it can; that it then waits is no hang, unless it holds a lock or waits for one.
  ///
  /// The corresponding C function is `kthread_run`.
  ///
  /// - Parameters:
  ///   - name: The head of the thread's column in a report.
  ///   - body: What the thread does. It awaits nothing but model code.
  /// - Returns: The thread.
  @discardableResult
  public func kthread(_ name: String, _ body: @escaping @Sendable () async throws -> Void) -> SimulatedThread {
    start(name, mayIdle: true, body)
  }

  private func start(
    _ name: String, mayIdle: Bool, _ body: @escaping @Sendable () async throws -> Void
  ) -> SimulatedThread {
    // What the machine did while it was one thread is over, and needs no order.
    if isGuarded && unjoined.isEmpty { stepGuard?.accept(self) }
    let index = threadCount
    guard index < Kernel.maximumThreads else { return refuseThread(name) }
    threadCount += 1
    if index == threads.count { threads.append(ThreadSlot()) }
    if index == workers.count { workers.append(startWorker()) }
    let handle = addObject("thread", .thread, nil)
    let generation = index == 0 ? 0 : threads[current].generation + 1
    threads[index].begin(name, handle, currentThread, generation, events.count, body)
    if index != 0, let parent = threads[current].rare, !parent.expectedWarnings.isEmpty {
      rareState(of: index).expectedWarnings = parent.expectedWarnings
    }
    started.insert(index)
    // A thread that the message of a failed check starts never runs: the execution is over with the message.
    if !isUnwinding && !isStandingStill {
      newborn.insert(index)
      live.insert(index)
      if mayIdle { idlers.insert(index) }
      if index != 0 {
        if unjoined.isEmpty { stepsWhenAlone = stepCount }
        unjoined.insert(index)
      }
      if clock != nil { clock?.start(index, self) }
    }
    return SimulatedThread(kernel: self, id: ThreadID(index), object: handle)
  }

  /// Waits for every thread that the caller has started and not joined, and for those that they have started.
  ///
  /// After it the thread that runs the scenario is the only one again.
  ///
  /// - Context: Sleeps until they have ended. No lock may be held that one of them needs.
  public nonisolated func join(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) {
    while let thread = nextToJoin() { try await join(thread, file, line) }
  }

  /// The first of the caller's descendants that it does not know to have ended.
  ///
  /// The order is that of the family tree and not that of the numbers, and a thread that another one has joined in
  /// the meantime is joined all the same: what a thread does next may depend on nothing but what it has seen.
  private func nextToJoin() -> ThreadID? {
    var first = -1
    for index in started.subtracting(threads[current].joined).subtracting(idlers).without(0) {
      // Of two children of one thread the one with the lower number is the earlier one.
      if first >= 0 && threads[index].parent == threads[first].parent { continue }
      if isDescendant(index, of: current) && (first < 0 || isEarlier(index, first)) { first = index }
    }
    return first < 0 ? nil : ThreadID(first)
  }

  private func isDescendant(_ thread: Int, of ancestor: Int) -> Bool {
    var thread = thread
    while threads[thread].generation > threads[ancestor].generation + 1 {
      thread = threads[thread].parent.index
      // What a kernel thread has started is its own business.
      if idlers.contains(thread) { return false }
    }
    return threads[thread].generation > threads[ancestor].generation && threads[thread].parent.index == ancestor
  }

  /// Whether one thread comes before another in the family tree: parents first, then in the order of their start.
  func isEarlier(_ one: Int, _ other: Int) -> Bool {
    var (left, right) = (one, other)
    while threads[left].generation > threads[right].generation { left = threads[left].parent.index }
    while threads[right].generation > threads[left].generation { right = threads[right].parent.index }
    if left == right { return threads[one].generation < threads[other].generation }
    while threads[left].parent != threads[right].parent {
      (left, right) = (threads[left].parent.index, threads[right].parent.index)
    }
    return left < right
  }

  func join(_ thread: ThreadID, _ file: StaticString, _ line: UInt) async throws(KernelFault) {
    let handle = threads[thread.index].handle
    try await take(Step(handle, .wait, "join", until: .done, file: file, line: line))
    threads[current].joined = threads[current].joined.union(threads[thread.index].joined).with(thread.index)
    unjoined.remove(thread.index)
  }

  /// Puts work off until the current thread goes back to user mode.
  ///
  /// Runs in that thread, without any lock of the system call that added it; what was added last runs first.
  ///
  /// The corresponding C function is `task_work_add`.
  public func addTaskWork(_ work: @escaping @Sendable () async throws(KernelFault) -> Void) {
    threads[current].taskWork.append(work)
  }

  /// Ends a system call: runs what was put off, what was put off last first, and then what that has put off.
  ///
  /// - Context: May sleep in what was put off. A lock that the thread still holds is a finding (semantics LD6).
  ///
  /// The corresponding C functions are `lockdep_sys_exit` and `task_work_run`.
  public nonisolated func returnToUserMode() async throws(KernelFault) {
    if isUnwinding { try await unwind() }
    if let held = lockdep.stillHeld(by: current, self, "returns to user mode") { throw fail(.lockHeldAtExit, held) }
    try await runTaskWork()
  }

  /// Runs what the current thread has put off (semantics DB6).
  private nonisolated func runTaskWork() async throws(KernelFault) {
    let me = current
    if threads[me].taskWork.isEmpty || threads[me].isRunningTaskWork { return }
    threads[me].isRunningTaskWork = true
    // The list grows at its head and is taken as a whole; what is added meanwhile is the next one.
    var start = 0
    while start < threads[me].taskWork.count {
      let end = threads[me].taskWork.count
      var next = end
      while next > start {
        next -= 1
        let work = threads[me].taskWork[next]
        try await work()
      }
      start = end
    }
    threads[me].taskWork.removeAll(keepingCapacity: true)
    threads[me].isRunningTaskWork = false
  }

  /// Runs what the current thread has put off, at its end; not with a lock held, which is a finding there.
  nonisolated func runTaskWorkAtExit() async throws(KernelFault) {
    if !holdsLock { try await runTaskWork() }
    if !owing.isEmpty { try await settleOwedAtExit() }
  }

  /// What few threads have, made when it is first needed.
  func rareState(of thread: Int) -> RareThreadState {
    if let rare = threads[thread].rare { return rare }
    let rare = RareThreadState()
    threads[thread].rare = rare
    return rare
  }

  /// The most threads that one execution can have.
  public static let maximumThreads = 128

  private func refuseThread(_ name: String) -> SimulatedThread {
    if misuse == nil { misuse = .tooManyThreads(name: name) }
    isUnwinding = true
    return SimulatedThread(kernel: self, id: .main, object: threads[0].handle)
  }

  private func startWorker() -> Worker {
    let worker = Worker(self)
    worker.assumeIsolated { $0.start() }
    if let job = mailbox.take() { unsafe job.runSynchronously(on: asUnownedSerialExecutor()) }
    return worker
  }

  /// The body that the thread about to run was started with; none when the machine is shut down.
  func takeBody() -> (@Sendable () async throws -> Void)? {
    let body = threads[current].body
    threads[current].body = nil
    return body
  }
}

/// A simulated thread.
public struct SimulatedThread: Sendable {
  /// The machine that runs it.
  public let kernel: Kernel
  /// Its number.
  public let id: ThreadID
  let object: ObjectID

  /// Waits until the thread has ended.
  ///
  /// - Context: Sleeps until then. No lock may be held that the thread needs.
  public nonisolated func join(file: StaticString = #fileID, line: UInt = #line) async throws(KernelFault) {
    try await kernel.join(id, file, line)
  }
}
