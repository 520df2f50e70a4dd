// SPDX-License-Identifier: GPL-2.0-only

@testable import DmabufModel

/// What all equivalent executions have in common, as 128 bits: a sum over the steps and their levels.
///
/// A step's level is one more than the highest of those that it depends on, as in the Foata normal form. It takes one
/// look at each step, so that it can be had for thousands of long executions. For the names of threads
/// and objects see ``MakerNames``.
struct TraceDigest: Hashable {
  private var low: UInt64 = 0
  private var high: UInt64 = 0

  init(_ kernel: Kernel) {
    let names = MakerNames(kernel)
    var ofThreads = [Int](repeating: 0, count: kernel.threadCount)
    var sequence = [UInt64](repeating: 0, count: kernel.threadCount)
    // For each object the highest level at which it was accessed, by the kind of access.
    var highest = [Int](repeating: 0, count: kernel.objects.count * Self.kinds.count)
    var further = 0
    for index in 0..<kernel.events.count {
      for thread in 1..<kernel.threadCount where kernel.threads[thread].firstEvent == index {
        ofThreads[thread] = ofThreads[kernel.threads[thread].parent.index]
      }
      let event = kernel.events[index]
      let thread = Int(event.thread)
      var touched = [ObjectAccess(event.object, event.access)]
      while further < kernel.furtherAccesses.count, kernel.furtherAccesses[further].event == index {
        touched.append(kernel.furtherAccesses[further].access)
        further += 1
      }
      for each in touched {
        let owner = Int(kernel.objects[each.object.index].owner)
        if owner != each.object.index && Self.touchesOwner(each.access) {
          touched.append(ObjectAccess(ObjectID(owner), .read))
        }
      }
      var level = ofThreads[thread]
      if let joined = Self.joined(by: event, kernel) {
        level = max(level, ofThreads[joined])
      } else {
        for each in touched {
          let row = each.object.index * Self.kinds.count
          for (place, kind) in Self.kinds.enumerated() where highest[row + place] > level {
            if !Self.commute(kind, each.access) { level = highest[row + place] }
          }
        }
      }
      level += 1
      for each in touched {
        let place = each.object.index * Self.kinds.count + Int(each.access.rawValue)
        highest[place] = max(highest[place], level)
      }
      ofThreads[thread] = level
      sequence[thread] += 1
      let step = names.threads[thread] << 40 | sequence[thread] << 24 | UInt64(event.access.rawValue) << 16
      add(step, names.objects[event.object.index], UInt64(level))
    }
  }

  private static let kinds = Access.allCases

  /// Whether two accesses to one object can change places.
  private static func commute(_ one: Access, _ other: Access) -> Bool { one.commutes(with: other) }

  /// Whether an access to a field reads the allocation around it.
  private static func touchesOwner(_ access: Access) -> Bool { access != .look }

  private mutating func add(_ step: UInt64, _ object: UInt64, _ level: UInt64) {
    var mixer = SplitMix64(seed: step ^ object &* 0x9E37_79B9_7F4A_7C15 ^ level &* 0xC2B2_AE3D_27D4_EB4F)
    low &+= mixer.next()
    high &+= mixer.next()
  }

  /// Which thread a step joins, if it is a join.
  private static func joined(by event: Event, _ kernel: Kernel) -> Int? {
    if event.access != .wait || kernel.objects[event.object.index].kind != .thread { return nil }
    return (0..<kernel.threadCount).first { kernel.threads[$0].handle == event.object }
  }
}
