// SPDX-License-Identifier: GPL-2.0-only

extension Kernel {
  /// Gives an actor its place in the machine's table of objects.
  ///
  /// - Parameters:
  ///   - name: The C spelling of the object, as it is to be read in traces: `priv->kref`.
  ///   - owner: The allocation that the object is a field of; ``free(_:file:line:)`` frees it with the rest.
  /// - Returns: The number of the object. In a structure that has been freed it is a finding: making a field writes to
  ///   it.
  public func register(_ name: StaticString, in owner: Allocation? = nil) -> ObjectID {
    let object = addObject(name, .field, owner?.object)
    if let owner, !unjoined.isEmpty || objects[owner.object.index].state == .freed {
      noteField(object, in: owner.object)
    }
    return object
  }

  /// Allocates a kernel structure, whose fields are then registered in it.
  ///
  /// Not a step: no other thread knows the structure yet. Undone by ``free(_:file:line:)``; an allocation that is alive
  /// when the execution has ended is a leak.
  ///
  /// The corresponding C function is `kzalloc`.
  public func allocate(_ name: StaticString) -> Allocation {
    let object = addObject(name, .allocation, nil)
    hold(object, 1)
    if recorder != nil { recorder?.noteLife(of: object, "allocated", by: current, self) }
    return Allocation(object: object)
  }

  /// Notes what an object now has to offer to threads that wait for it, and so enables or disables their pending steps.
  ///
  /// Called by a primitive inside its own step, whenever the answer changes.
  @inline(__always) @usableFromInline
  func offer(_ offer: Offer, by object: ObjectID) {
    if offer.isDisjoint(with: .shared) || offer.contains(.exclusive) {
      objects[object.index].shares = 0
    } else if objects[object.index].shares == 0 && objects[object.index].offer.isDisjoint(with: .shared) {
      // A holder keeps a share of what it had alone.
      objects[object.index].shares = 1
    }
    objects[object.index].offer = offer
    if !waiters.isEmpty { reconsiderWaiters(of: object, offer) }
  }

  /// Counts the shares that steps take and release, those included that no search sees.
  ///
  /// A step that only tries takes one if there is one to be had.
  func countShare(of object: ObjectID, _ access: Access) {
    if access == .releaseShared {
      objects[object.index].shares = max(0, objects[object.index].shares &- 1)
    } else if access == .acquireShared && objects[object.index].offer.contains(.shared) {
      objects[object.index].shares &+= 1
    }
  }

  @usableFromInline
  func reconsiderWaiters(of object: ObjectID, _ offer: Offer) {
    for thread in waiters {
      guard threads[thread].object == object else { continue }
      if !threads[thread].need.isSubset(of: offer) {
        enabled.remove(thread)
      } else if !enabled.contains(thread) {
        enabled.insert(thread)
        if clock != nil { clock?.enable(thread, self) }
      }
    }
  }

  /// Notes how much of an object would be left if the execution ended now: references, page table entries, locks.
  @inline(__always) @usableFromInline
  func hold(_ object: ObjectID, _ count: Int) {
    let held = Int32(truncatingIfNeeded: count)
    heldInAll += Int(held) - Int(objects[object.index].held)
    objects[object.index].held = held
  }

  /// Keeps a structure until the execution is over, so that others may refer to it as `unowned`.
  ///
  /// Structures that point at each other would otherwise never go away after an execution that failed half-way. Freeing
  /// is a matter of the model (``free(_:file:line:)``) and not of this.
  public func keep(_ structure: any AnyObject & Sendable) { kept.append(structure) }

  @inline(__always)
  func addObject(_ name: StaticString, _ kind: ObjectKind, _ owner: ObjectID?) -> ObjectID {
    let object = ObjectID(objects.count)
    objects.append(
      ObjectSlot(
        owner: owner?.rawValue ?? object.rawValue, kind: kind, creator: UInt8(truncatingIfNeeded: current),
        birth: Int32(truncatingIfNeeded: stepCount)))
    objectNames.append(name)
    return object
  }

  /// The name of an object, with a number behind it where several have the same one.
  func name(of object: ObjectID) -> String {
    if objects[object.index].kind == .thread, let thread = threads.firstIndex(where: { $0.handle == object }) {
      return threads[thread].name
    }
    let name = objectNames[object.index].description
    var before = 0
    var all = 0
    for index in objectNames.indices where objectNames[index].description == name {
      all += 1
      if index < object.index { before += 1 }
    }
    return all > 1 ? "\(name)#\(before + 1)" : name
  }
}

/// A kernel structure: the owner of the fields that were registered in it.
public struct Allocation: Hashable, Sendable {
  /// The machine's number for the structure itself.
  public let object: ObjectID
}
