// SPDX-License-Identifier: GPL-2.0-only

/// Two dependent steps that could have come in the other order.
struct Race {
  /// The step that could have come earlier.
  var later: Int32
  /// The first of the steps before which it could have come.
  var first: Int32
  /// Where in ``StepHistory/roots`` those steps are listed.
  var firstRoot: Int32
  var rootCount: Int32
}

extension StepHistory {
  /// Finds the races of a step with those before it, and finishes its clock.
  ///
  /// Two steps race if they are dependent and nothing but that dependence orders them: no third step comes between them
  /// in happens-before. Without the earlier one, and whatever follows from it, the later one can be taken at once: it
  /// is pending as soon as the thread's step before it is done. That is so unless it waits for something; see
  /// ``findBlockingRaces(of:)``.
  mutating func findRaces(of index: Int) {
    let step = steps[index]
    if step.touchCount == 0 { return }
    let waits = !step.need.isEmpty
    if waits { findBlockingRaces(of: index) }
    if step.touchCount == 1 {
      var at = nextConflict(of: touches[Int(step.firstTouch)], after: touches[Int(step.firstTouch)].previous)
      while at >= 0 {
        meet(Int(touches[Int(at)].step), index, isRace: !waits)
        at =
          touches[Int(at)].name.isExclusive
          ? -1 : nextConflict(of: touches[Int(step.firstTouch)], after: touches[Int(at)].previous)
      }
      return
    }
    // Several objects: the steps that touched them have to be met in their common order, the latest first.
    scratch.removeAll(keepingCapacity: true)
    for own in step.firstTouch..<(step.firstTouch &+ step.touchCount) {
      var at = nextConflict(of: touches[Int(own)], after: touches[Int(own)].previous)
      while at >= 0 {
        let other = touches[Int(at)].step
        let isRace = !(waits && own == step.firstTouch)
        scratch.append(other << 1 | (isRace ? 1 : 0))
        at =
          touches[Int(at)].name.isExclusive ? -1 : nextConflict(of: touches[Int(own)], after: touches[Int(at)].previous)
      }
    }
    scratch.sort(by: >)
    for entry in scratch { meet(Int(entry >> 1), index, isRace: entry & 1 != 0) }
  }

  /// The latest touch at or before a place in an object's chain that conflicts with another touch.
  @inline(__always)
  private func nextConflict(of own: Touch, after at: Int32) -> Int32 {
    if at < 0 || own.name.isExclusive || touches[Int(at)].name.isExclusive { return at }
    if own.name.isShared { return touches[Int(at)].name.isShared ? touches[Int(at)].exclusiveBefore : at }
    var at = at
    while at >= 0 && touches[Int(at)].name.isUpdate { at = touches[Int(at)].previous }
    return at
  }

  /// Orders an earlier step before a later one whose clock is being made; notes the race if nothing else orders them.
  @inline(__always)
  private mutating func meet(_ earlier: Int, _ later: Int, isRace: Bool) {
    if isBeforeClock(earlier) { return }
    joinClock(of: earlier)
    if !isRace { return }
    let firstRoot = roots.count
    roots.append(Int32(truncatingIfNeeded: earlier))
    // A step that waits may need the object on which it waits; the race may be on another one.
    if !steps[later].need.isEmpty && !canProceed(later, withoutRootsFrom: firstRoot) {
      roots.removeLast()
    } else {
      addRace(later, firstRoot)
    }
  }

  mutating func addRace(_ later: Int, _ firstRoot: Int) {
    var first = roots[firstRoot]
    for index in firstRoot..<roots.count { first = min(first, roots[index]) }
    races.append(
      Race(
        later: Int32(truncatingIfNeeded: later), first: first, firstRoot: Int32(truncatingIfNeeded: firstRoot),
        rootCount: Int32(truncatingIfNeeded: roots.count &- firstRoot)))
  }

  /// How much of what the later step of a race touches it also touches where it comes first.
  ///
  /// A step that goes by what it finds touches the same up to the first thing that a step which then comes later would
  /// have changed; what it touches behind that is not known before it is taken there.
  func touchesWhenMoved(_ race: Race) -> Int32 {
    let later = steps[Int(race.later)]
    if !later.isOpen { return later.touchCount }
    let (from, to) = (Int(race.firstRoot), Int(race.firstRoot &+ race.rootCount))
    for count in 1..<max(later.touchCount, 1) {
      for step in Int(race.first)..<min(Int(race.later), taken) where isRemoved(step, from: from, to: to) {
        if isConflict(step, Int(race.later), touching: count) { return count }
      }
    }
    return later.touchCount
  }

  /// Whether a step is one of the roots from a place on, or happens after one of them.
  @inline(__always)
  func isRemoved(_ step: Int, from firstRoot: Int, to end: Int) -> Bool {
    for index in firstRoot..<end where isBefore(Int(roots[index]), orIs: step) { return true }
    return false
  }
}

// MARK: - Steps that wait

extension StepHistory {
  /// Finds the steps without which a step that waits could have been taken earlier.
  ///
  /// The step before it on the same object is often the one that ended the wait: an unlock, a completion. To swap the
  /// two is impossible. What can be had is an order in which the step comes before those that made it wait: the other
  /// thread's lock, and all that follows from it. So the search goes back through the object's history to the nearest
  /// state in which the object offered what the step needs, as long as the thread was already waiting then.
  ///
  /// Of steps that exclude others there is one order, so that a state is what is left without the last few of them.
  /// Shares of a lock are given to several threads in any order: a writer could have come before a reader's share only
  /// without all the shares that are out then. ``removeShares(_:_:of:)`` finds the fewest that have to go together.
  ///
  /// It is enough to go to the nearest such state: where an earlier one counts, some equivalent of another explored
  /// execution takes this step in the nearer state, and has the earlier one as its nearest.
  mutating func findBlockingRaces(of index: Int) {
    let step = steps[index]
    let own = touches[Int(step.firstTouch)]
    let base = Int(step.base)
    var at = own.name.isExclusive ? own.previous : own.exclusiveBefore
    while at >= 0 {
      let touch = touches[Int(at)]
      if touch.name.isExclusive {
        if isBefore(Int(touch.step), orIs: base) { return }
        if step.need.isSubset(of: touch.offer) {
          let firstRoot = roots.count
          roots.append(touch.step)
          return addRace(index, firstRoot)
        }
        at = own.name.isExclusive ? touch.previous : touch.exclusiveBefore
      } else {
        if removeShares(of: index, from: at) { return }
        at = touch.exclusiveBefore
      }
    }
  }

  /// Looks at a run of touches that share an object, for the races of a step that needs the object alone.
  ///
  /// - Returns: Whether there is such a race.
  private mutating func removeShares(of index: Int, from last: Int32) -> Bool {
    var found = false
    var at = last
    while at >= 0 && !touches[Int(at)].name.isExclusive {
      let touch = touches[Int(at)]
      if touch.access != .releaseShared && !isBefore(Int(touch.step), orIs: Int(steps[index].base)) {
        let firstRoot = roots.count
        roots.append(touch.step)
        if removeShares(of: index, from: last, firstRoot) {
          addRace(index, firstRoot)
          found = true
        } else {
          roots.removeLast(roots.count - firstRoot)
        }
      }
      at = touch.previous
    }
    return found
  }

  /// Adds to the roots every share that would still be out without them, until none is.
  ///
  /// What is out is counted by the machine. Which share was released is not known: a thread may release what
  /// another one took, or do so while it is alone and no search looks. So it is looked first whether enough have gone.
  ///
  /// - Returns: Whether the step can be taken then.
  private mutating func removeShares(of index: Int, from last: Int32, _ firstRoot: Int) -> Bool {
    var again = true
    while again {
      if isEnabled(index, withoutRootsFrom: firstRoot) { return true }
      again = false
      var at = last
      while at >= 0 && !touches[Int(at)].name.isExclusive {
        let touch = touches[Int(at)]
        let isKept = !isRemoved(Int(touch.step), from: firstRoot, to: roots.count)
        if isKept && hasTakenShare(touch) && !isGivenBack(touch, from: last, firstRoot) {
          // A step of the thread's own past cannot go; its share may have been given back by a step that is not on
          // record.
          if !isBefore(Int(touch.step), orIs: Int(steps[index].base)) {
            roots.append(touch.step)
            again = true
          }
        }
        at = touch.previous
      }
    }
    return isEnabled(index, withoutRootsFrom: firstRoot)
  }

  /// Whether the share that a step took is given back, among those touches, by a step that does not go.
  ///
  /// A thread may take several shares of one lock, so that its steps have to be counted from this one on.
  private func isGivenBack(_ taken: Touch, from last: Int32, _ firstRoot: Int) -> Bool {
    // The lowest that the thread's balance gets, counted from the touch that is looked at.
    var lowest = 0
    var at = last
    while at >= 0 {
      let touch = touches[Int(at)]
      if steps[Int(touch.step)].thread == steps[Int(taken.step)].thread,
        !isRemoved(Int(touch.step), from: firstRoot, to: roots.count)
      {
        lowest = min(lowest, 0) + (hasTakenShare(touch) ? 1 : touch.access == .releaseShared ? -1 : 0)
      }
      if touch.step == taken.step { break }
      at = touch.previous
    }
    return lowest <= 0
  }

  /// Whether a step that waits could be taken without some of the steps before it.
  private func canProceed(_ index: Int, withoutRootsFrom firstRoot: Int) -> Bool {
    steps[index].isRelaxing
      ? isWritten(for: index, withoutRootsFrom: firstRoot) : isEnabled(index, withoutRootsFrom: firstRoot)
  }

  /// Whether something that a relaxing thread has read is written after that, without some of the steps.
  private func isWritten(for index: Int, withoutRootsFrom firstRoot: Int) -> Bool {
    let step = steps[index]
    for own in (step.firstTouch &+ 1)..<(step.firstTouch &+ step.touchCount) {
      let name = touches[Int(own)].name
      guard let read = firstRead(of: name.object, before: index) else { continue }
      var at = touches[Int(own)].previous
      while at >= 0 && Int(touches[Int(at)].step) > read {
        let touch = touches[Int(at)]
        let writer = steps[Int(touch.step)]
        let isChange = touch.access != .read && touch.access != .look && touch.name.conflicts(with: name)
        let counts = isChange && writer.thread != step.thread && !writer.isIdle
        if counts && !isRemoved(Int(touch.step), from: firstRoot, to: roots.count) { return true }
        at = touch.previous
      }
    }
    return false
  }

  /// The first step since it last relaxed in which a thread touched an object.
  private func firstRead(of object: Int, before index: Int) -> Int? {
    var first: Int?
    var at = Int(steps[index].previous)
    while at >= 0 && !steps[at].isRelaxing {
      let step = steps[at]
      for touch in step.firstTouch..<(step.firstTouch &+ step.touchCount)
      where touches[Int(touch)].name.object == object
        && touches[Int(touch)].access.waitAfterReading(isIdle: step.isIdle) != nil
      { first = at }
      at = Int(step.previous)
    }
    return first
  }

  /// Whether the object of a step that waits offers what it needs, without some of the steps before it.
  func isEnabled(_ index: Int, withoutRootsFrom firstRoot: Int) -> Bool {
    let step = steps[index]
    let own = touches[Int(step.firstTouch)]
    // What is left of the steps that exclude others is a beginning of their order.
    var after = own
    var at = own.previous
    var isShareMissing = false
    var shares: Int32 = 0
    while at >= 0 {
      let touch = touches[Int(at)]
      let isKept = !isRemoved(Int(touch.step), from: firstRoot, to: roots.count)
      if touch.name.isExclusive {
        if isKept { break }
        after = touch
        isShareMissing = false
        shares = 0
      } else if hasTakenShare(touch) || touch.access == .releaseShared {
        if !isKept {
          isShareMissing = true
          shares += touch.access == .releaseShared ? 1 : -1
        }
      }
      at = touch.previous
    }
    if !isShareMissing || step.access.isShared { return step.need.isSubset(of: after.offer) }
    return after.shares &+ shares == 0
  }
}
