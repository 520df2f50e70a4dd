// SPDX-License-Identifier: GPL-2.0-only

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Threads of the operating system, each of which drives one machine.
///
/// Not tasks: a machine is driven by one thread from start to end, without a suspension, and the caller waits. On the
/// pool of the tasks those who wait could take all threads from those who are waited for.
enum OperatingSystemThreads {
  /// Does something on the calling thread and something else on a number of others; returns when all are done.
  ///
  /// With fewer threads than asked for, if the system gives no more: the work is shared by those that there are.
  static func with(_ count: Int, _ body: @escaping @Sendable () -> Void, do own: () -> Void) {
    var threads: [pthread_t] = []
    while threads.count < count, let thread = make(body) { threads.append(thread) }
    own()
    for thread in threads { pthread_join(thread, nil) }
  }

  /// Does something on a thread that is not waited for.
  ///
  /// - Returns: Whether the system has given one.
  static func start(_ body: @escaping @Sendable () -> Void) -> Bool {
    guard let thread = make(body) else { return false }
    pthread_detach(thread)
    return true
  }

  private static func make(_ body: @escaping @Sendable () -> Void) -> pthread_t? {
    let box = unsafe Unmanaged.passRetained(Body(body)).toOpaque()
    #if canImport(Darwin)
    var thread: pthread_t?
    let error = unsafe pthread_create(&thread, nil, { Body.run($0) }, box)
    #else
    var thread = pthread_t()
    let error = unsafe pthread_create(&thread, nil, { unsafe Body.run($0) }, box)
    #endif
    if error == 0 { return thread }
    unsafe Unmanaged<Body>.fromOpaque(box).release()
    return nil
  }

  /// The number of processors.
  static var processors: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

  /// Lets other threads have the processor for a moment.
  static func sleep(microseconds: UInt32) { usleep(microseconds) }

  private final class Body: Sendable {
    private let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) { self.body = body }

    static func run(_ box: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
      if let box = unsafe box { unsafe Unmanaged<Body>.fromOpaque(box).takeRetainedValue().body() }
      return nil
    }
  }
}
