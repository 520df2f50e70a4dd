// SPDX-License-Identifier: GPL-2.0-only

internal import Synchronization

/// The names on which several searches of one scenario agree; see ``StableNames``.
///
/// A search asks once for the name of a thing, when it first sees who made it and how many that thread had made before.
/// The number depends on who asks first. Nothing depends on the number: names are compared, never ordered.
final class NameRegistry: Sendable {
  /// The thread that made a thing, and the number of those that it had made before.
  struct Maker: Hashable, Sendable {
    var maker: Int32
    var place: Int32
  }

  private struct Table {
    var threads: [Maker: Int32] = [:]
    var objects: [Maker: Int32] = [:]
  }

  private let table: Mutex<Table>

  init() { table = Mutex(Table()) }

  /// A registry that goes on with names that have been given.
  init(threads: [Maker], objects: [Maker]) {
    var all = Table()
    for (name, maker) in threads.enumerated() { all.threads[maker] = Int32(name + 1) }
    for (name, maker) in objects.enumerated() { all.objects[maker] = Int32(name) }
    table = Mutex(all)
  }

  /// The name of a thread's child; the scenario's own thread is 0.
  func name(ofThread place: Int, startedBy parent: Int32) -> Int32 {
    table.withLock { Self.name(Maker(maker: parent, place: Int32(place)), in: &$0.threads, from: 1) }
  }

  /// The name of an object that a thread made, from 0.
  func name(ofObject place: Int, madeBy creator: Int32) -> Int32 {
    table.withLock { Self.name(Maker(maker: creator, place: Int32(place)), in: &$0.objects, from: 0) }
  }

  /// All names in the order of their numbers.
  var all: (threads: [Maker], objects: [Maker]) {
    table.withLock { table in
      (table.threads.sorted { $0.value < $1.value }.map(\.key), table.objects.sorted { $0.value < $1.value }.map(\.key))
    }
  }

  private static func name(_ maker: Maker, in names: inout [Maker: Int32], from first: Int32) -> Int32 {
    if let name = names[maker] { return name }
    let name = first + Int32(names.count)
    names[maker] = name
    return name
  }
}
