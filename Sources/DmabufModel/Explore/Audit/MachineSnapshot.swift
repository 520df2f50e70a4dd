// SPDX-License-Identifier: GPL-2.0-only

/// All that can be seen of a machine, for a comparison with what another order of the same steps has led to.
///
/// Actors are looked into with the standard library's reflection, so that nothing escapes because an access was not
/// declared. An actor that describes itself is compared by that: it knows best what makes no difference.
struct MachineSnapshot {
  private struct Part {
    var name: String
    var text: String
    /// What is compared: the text with names that no schedule changes.
    var key: String
    var bits: UInt64?
  }

  /// Parts by stable name; threads below zero.
  private var parts: [Int: Part] = [:]

  init(_ kernel: Kernel, _ watch: StateWatch) {
    watch.settle(kernel)
    watch.names.catchUp(with: kernel)
    for (index, actor) in watch.actors.enumerated() {
      guard let actor else { continue }
      let described = actor.assumeIsolated { actor in
        var fingerprint = Fingerprint(kernel, seed: 0)
        actor.describe(to: &fingerprint)
        return fingerprint
      }
      let text = Self.text(inside: actor, watch.names)
      parts[Int(watch.names.name(ofObject: index))] = Part(
        name: kernel.name(of: ObjectID(index)), text: text, key: text,
        bits: described.isComplete ? described.bits : nil)
    }
    for thread in 0..<kernel.threadCount {
      let isEnabled = kernel.enabled.contains(thread)
      let object = kernel.threads[thread].object
      let next = "\(isEnabled ? "goes on with" : "waits in") \(kernel.threads[thread].access) of "
      let hasEnded = !kernel.live.contains(thread)
      parts[-1 - Int(watch.names.name(ofThread: thread))] = Part(
        name: "thread \(kernel.threads[thread].name)", text: hasEnded ? "has ended" : next + kernel.name(of: object),
        key: hasEnded ? "" : "\(next)\(watch.names.name(ofObject: object.index))", bits: watch.hash(ofThread: thread))
    }
  }

  /// What is not the same, in one line; nothing if all is.
  func difference(from other: MachineSnapshot) -> String? {
    for key in Set(parts.keys).union(other.parts.keys).sorted() {
      // An actor that has taken part in one order only is compared when it has in both, at the end at the latest.
      guard let left = parts[key], let right = other.parts[key] else { continue }
      let isThread = key < 0
      let differs = isThread || left.bits == nil ? left.key != right.key : left.bits != right.bits
      if differs { return "\(left.name): \(left.text) in one order, \(right.text) in the other" }
      if isThread && left.bits != right.bits { return "\(left.name) has got other values from its steps" }
    }
    return nil
  }

  // MARK: Reflection

  private static func text(inside actor: any KernelActor, _ names: StableNames) -> String {
    let fields = Mirror(reflecting: actor).children.filter { child in
      guard let label = child.label else { return true }
      return !label.hasPrefix("$") && label != "kernel" && label != "object"
    }
    return fields.map { "\($0.label ?? "_") = \(text(of: $0.value, names, 0))" }.joined(separator: ", ")
  }

  private static func text(of value: Any, _ names: StableNames, _ depth: Int) -> String {
    switch value {
    case let actor as any KernelActor: return "object \(names.name(ofObject: actor.object.index))"
    case let object as ObjectID: return "object \(names.name(ofObject: object.index))"
    case let thread as ThreadID: return "thread \(names.name(ofThread: thread.index))"
    case is Kernel, is LockClass: return ""
    default: break
    }
    if depth > 5 { return "..." }
    let mirror = Mirror(reflecting: value)
    let parts = mirror.children.map { text(of: $0.value, names, depth + 1) }
    switch mirror.displayStyle {
    case .optional: return parts.first ?? "nil"
    // The order of a set or a dictionary is a matter of its history and says nothing.
    case .set, .dictionary: return "[\(parts.sorted().joined(separator: ", "))]"
    case .collection: return "[\(parts.joined(separator: ", "))]"
    case .enum: return parts.isEmpty ? "\(value)" : "\(mirror.children.first?.label ?? "")(\(parts.joined()))"
    case nil: return "\(value)"
    default: return "(\(parts.joined(separator: ", ")))"
    }
  }
}
