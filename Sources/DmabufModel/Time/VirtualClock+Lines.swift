// SPDX-License-Identifier: GPL-2.0-only

extension VirtualClock {
  /// Asks for the line that a step needs; the thread's time is then that at which it has the line.
  func fetch(_ object: ObjectID, _ access: Access, _ thread: Int, _ kernel: Kernel) {
    threads[thread].hasAsked = true
    if access.isOfMachine { return }
    let index = object.index
    if index >= lines.count { makeLines(kernel.objects.count) }
    let now = threads[thread].now
    let processor = threads[thread].processor
    let owner = lines[index].owner
    let end: Int
    if access == .read {
      end = lines[index].read(by: processor, at: now, distances)
    } else if let stay = lines[index].stay(at: processor, now), lines[index].isOwned(at: stay) {
      prolong(stay, of: object, until: now + distances.ownedWrite, kernel)
      end = now
    } else {
      end = lines[index].write(by: processor, thread, at: now, distances)
    }
    if end == now { return }
    let other = owner.map { processors.all[$0].last } ?? -1
    let role = other >= 0 ? threads[other].role : 0
    lose(end - now, thread, .line, number(of: object, kernel), to: role, from: now)
    threads[thread].now = end
  }

  /// Keeps a line at a processor for as long as it takes to do something there; the threads behind it get it later.
  func prolong(_ place: Int, of object: ObjectID, until end: Int, _ kernel: Kernel) {
    let line = object.index
    let delay = lines[line].extend(place, until: end)
    if delay == 0 { return }
    horizon = 0
    for stay in lines[line].stays[(place + 1)...] where threads[stay.thread].hasAsked {
      // One that has been woken since, or has gone on, has nothing to wait for here.
      guard threads[stay.thread].now == stay.from - delay else { continue }
      threads[stay.thread].now += delay
      lose(
        delay, stay.thread, .line, number(of: object, kernel), to: threads[kernel.current].role,
        from: stay.from - delay)
    }
  }

  /// Takes time from the threads on the processors that have used an object.
  ///
  /// - Returns: The processors.
  func interrupt(usersOf object: ObjectID, by thread: Int, _ kernel: Kernel) -> ThreadSet {
    guard object.index < lines.count else { return ThreadSet() }
    let users = lines[object.index].users.without(threads[thread].processor)
    horizon = 0
    for processor in users {
      let running = processors.all[processor].running
      if running < 0 || threads[running].state != .running { continue }
      threads[running].now += machine.costs.flushed
      lose(
        machine.costs.flushed, running, .interrupt, number(of: object, kernel), to: threads[thread].role,
        from: threads[running].now - machine.costs.flushed)
    }
    return users
  }

  func cost(of access: Access) -> Int {
    access.isOfMachine ? 0 : access == .read ? distances.cachedRead : distances.ownedWrite
  }

  func makeLines(_ count: Int) {
    lines.append(contentsOf: repeatElement(CacheLine(), count: count - lines.count))
    names.append(contentsOf: repeatElement(-1, count: count - names.count))
  }

  /// The number of an object's name.
  func number(of object: ObjectID, _ kernel: Kernel) -> Int {
    if names[object.index] < 0 {
      names[object.index] = Int32(truncatingIfNeeded: lost.number(kernel.shortName(of: object)))
    }
    return Int(names[object.index])
  }
}
