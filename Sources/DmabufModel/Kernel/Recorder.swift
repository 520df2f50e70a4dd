// SPDX-License-Identifier: GPL-2.0-only

/// Writes down every step of one execution for a report.
///
/// Searching records nothing but thread and object numbers. What is worth showing is run a second time, from its
/// choices, with a recorder; that it comes out the same is checked on the way.
final class Recorder {
  private(set) var steps: [TraceStep] = []
  private(set) var heldAtEnd: [Recording.HeldAtEnd] = []
  private var pending: [Int: (object: ObjectID, label: StaticString, file: StaticString, line: UInt)] = [:]
  private var lives: [ObjectID: [String]] = [:]

  func declare(_ thread: Int, _ object: ObjectID, _ label: StaticString, _ file: StaticString, _ line: UInt) {
    pending[thread] = (object, label, file, line)
  }

  func record(_ thread: Int, _ object: ObjectID, _ access: Access, isConcurrent: Bool, _ kernel: Kernel) {
    guard let what = pending[thread] else { return }
    steps.append(
      TraceStep(
        number: kernel.stepCount, thread: ThreadID(thread), object: object, objectName: kernel.name(of: object),
        access: access, label: what.label.description, file: what.file.description, line: what.line,
        isConcurrent: isConcurrent, heldLocks: kernel.lockdep.locks(of: thread).map { kernel.name(of: $0.object) }))
  }

  func remark(_ text: String) {
    guard !steps.isEmpty else { return }
    steps[steps.count - 1].remark = text
  }

  /// Writes down who holds what; called when the machine stops, before its threads unwind.
  func noteHeldLocks(_ kernel: Kernel) {
    heldAtEnd = (0..<kernel.threadCount).compactMap { thread in
      let locks = kernel.lockdep.locks(of: thread).map { kernel.name(of: $0.object) + ($0.isShared ? " (read)" : "") }
      return locks.isEmpty ? nil : Recording.HeldAtEnd(thread: kernel.threads[thread].name, locks: locks)
    }
  }

  func pendingLabel(of thread: Int) -> String? { pending[thread]?.label.description }

  func location(of thread: Int) -> String? { pending[thread].map { "\($0.file):\($0.line)" } }

  func noteLife(of object: ObjectID, _ event: String, by thread: Int, _ kernel: Kernel) {
    lives[object, default: []].append("\(event) by \(kernel.threads[thread].name) at step \(kernel.stepCount)")
  }

  func life(of object: ObjectID) -> [String] { lives[object] ?? [] }
}

/// One step of a recorded execution.
public struct TraceStep: Sendable, Hashable {
  /// Its number in the execution, from 1.
  public let number: Int
  /// The thread that took it.
  public let thread: ThreadID
  /// The object that it touched.
  public let object: ObjectID
  /// That object's name.
  public let objectName: String
  /// What it did to the object.
  public let access: Access
  /// The C spelling of the step.
  public let label: String
  /// Where in the source the step was asked for.
  public let file: String
  /// Where in the source the step was asked for.
  public let line: UInt
  /// Whether another thread could have run in its place.
  public let isConcurrent: Bool
  /// The locks that the thread held when it took the step.
  public let heldLocks: [String]
  /// What was read or written.
  public internal(set) var remark = ""
}

extension Kernel {
  func declareForRecord(_ object: ObjectID, _ label: StaticString, _ file: StaticString, _ line: UInt) {
    recorder?.declare(current, object, label, file, line)
  }

  func record(_ object: ObjectID, _ access: Access) {
    recorder?.record(current, object, access, isConcurrent: unjoined != 0, self)
  }
}
