// SPDX-License-Identifier: GPL-2.0-only

internal import Synchronization

/// The place of one search whose caller does not wait on a thread.
///
/// A search drives its machines without a suspension. On a thread of the task pool it keeps all other tasks from that
/// thread for as long. An actor on an executor of its own takes it somewhere else: the task that awaits the search is
/// suspended, goes to a thread of ``SearchThreads``, and comes back to where it was.
///
/// It is the same task there, so what is local to the task, such as the test to which an issue belongs, is still known.
/// That is why this is no continuation, which would need a thread with no task.
actor SearchDesk {
  private let executor: Executor
  nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

  init(on threads: SearchThreads = .shared) { executor = Executor(threads) }

  /// Does something on a thread of the searches.
  ///
  /// - Parameter search: A search, which is told where it sees that the task has been cancelled.
  func run<Value: Sendable>(
    _ search: sending @escaping (SearchCancellation) throws -> Value
  ) async throws -> Value {
    let cancellation = SearchCancellation()
    return try await withTaskCancellationHandler {
      try self.doHere(search, cancellation)
    } onCancel: {
      cancellation.request()
    }
  }

  /// Does it on the desk's own executor: a closure that does not name the actor runs on the task pool (Swift 6.3).
  private func doHere<Value>(
    _ search: (SearchCancellation) throws -> Value, _ cancellation: SearchCancellation
  ) throws -> Value { try search(cancellation) }

  /// Runs the one job of a desk on the next thread that is free.
  private final class Executor: SerialExecutor {
    private let threads: SearchThreads

    init(_ threads: SearchThreads) { self.threads = threads }

    func enqueue(_ job: consuming ExecutorJob) {
      let job = UnownedJob(job)
      threads.run { unsafe job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
  }
}

/// Whether the task that awaits a search has been cancelled.
final class SearchCancellation: Sendable {
  private let flag = Atomic(false)

  var isRequested: Bool { flag.load(ordering: .relaxed) }

  func request() { flag.store(true, ordering: .relaxed) }
}

/// Threads of the operating system on which awaited searches run, a few at once, first come first served.
///
/// A thread is started when there is something to do and ends when there is nothing left.
final class SearchThreads: Sendable {
  /// As many as there are processors: a search does nothing but compute.
  static let shared = SearchThreads(OperatingSystemThreads.processors)

  private struct State {
    /// What has not been begun, from `first` on.
    var waiting: [@Sendable () -> Void] = []
    var first = 0
    /// The number of threads.
    var running = 0
  }

  private let state = Mutex(State())
  private let most: Int

  /// Makes a place for that number of searches at once.
  init(_ most: Int) { self.most = most }

  /// Runs a body on the next thread that is free.
  func run(_ body: @escaping @Sendable () -> Void) {
    let mayStart = state.withLock { state in
      state.waiting.append(body)
      if state.running == most { return false }
      state.running += 1
      return true
    }
    if !mayStart || OperatingSystemThreads.start({ self.work() }) { return }
    // The system has started no thread. One that exists runs the body later; without one the caller runs it.
    let isAlone = state.withLock { state in
      if state.running == 1 { return true }
      state.running -= 1
      return false
    }
    if isAlone { work() }
  }

  private func work() {
    while let next = next() { next() }
  }

  /// What has waited longest; none if the thread is not needed any more.
  private func next() -> (@Sendable () -> Void)? {
    state.withLock { state in
      if state.first == state.waiting.count {
        state.running -= 1
        return nil
      }
      let body = state.waiting[state.first]
      state.first += 1
      if state.first == state.waiting.count {
        state.waiting.removeAll(keepingCapacity: true)
        state.first = 0
      }
      return body
    }
  }
}
