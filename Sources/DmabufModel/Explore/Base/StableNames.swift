// SPDX-License-Identifier: GPL-2.0-only

/// Names of threads and objects that mean the same in every schedule.
///
/// The machine numbers threads and objects in the order in which they are made. Where two threads both make one, that
/// order is a matter of the schedule, and what one execution calls 7 another calls 8. What does not change is who made
/// it and how many that thread had made before: a thread's own past decides that. A search that keeps steps of one
/// execution for another therefore keeps these names: small numbers given to each (maker, count) at first sight.
struct StableNames {
  /// For each thread of the machine its stable name, for this execution.
  private var nameOfThread: ContiguousArray<Int32> = []
  /// For each stable name the machine's thread, for this execution; -1 where there is none.
  private var threadOfName: ContiguousArray<Int32> = []
  private var children: ContiguousArray<ContiguousArray<Int32>> = [[]]
  private var childrenSoFar: ContiguousArray<Int> = []

  /// The number of objects at the first decision: those have the same numbers in every execution.
  private var fixedObjects = -1
  /// The stable names of the objects behind those, for this execution.
  private var nameOfObject: ContiguousArray<Int32> = []
  private var objects: ContiguousArray<ContiguousArray<Int32>> = []
  private var objectsSoFar: ContiguousArray<Int> = []
  private var objectCount: Int32 = 0

  /// Where several searches of one scenario agree on the names; none for a search that is alone.
  private let registry: NameRegistry?

  init(sharing registry: NameRegistry? = nil) { self.registry = registry }

  /// The number of objects that have been named.
  var count: Int { Int(objectCount) }

  /// Forgets what belongs to one execution.
  mutating func beginExecution() {
    nameOfThread.removeAll(keepingCapacity: true)
    childrenSoFar.removeAll(keepingCapacity: true)
    nameOfObject.removeAll(keepingCapacity: true)
    for index in threadOfName.indices { threadOfName[index] = -1 }
    for index in objectsSoFar.indices { objectsSoFar[index] = 0 }
  }

  /// Names what was made since the last call; to be called before names are asked for.
  @inline(__always)
  mutating func catchUp(with kernel: Kernel) {
    if nameOfThread.count < kernel.threadCount { nameThreads(kernel) }
    if fixedObjects + nameOfObject.count != kernel.objects.count { nameObjects(kernel) }
  }

  /// The stable name of one of the machine's threads.
  @inline(__always)
  func name(ofThread thread: Int) -> Int32 { nameOfThread[thread] }

  /// The machine's thread with a stable name, if this execution has it already.
  func thread(named name: Int32) -> Int? {
    Int(name) < threadOfName.count && threadOfName[Int(name)] >= 0 ? Int(threadOfName[Int(name)]) : nil
  }

  /// The stable name of one of the machine's objects.
  @inline(__always)
  func name(ofObject object: Int) -> Int32 {
    object < fixedObjects ? Int32(truncatingIfNeeded: object) : nameOfObject[object - fixedObjects]
  }

  private mutating func nameThreads(_ kernel: Kernel) {
    for thread in nameOfThread.count..<kernel.threadCount {
      let name: Int32
      if thread == 0 {
        name = 0
      } else {
        let parent = kernel.threads[thread].parent.index
        let parentName = Int(nameOfThread[parent])
        let place = childrenSoFar[parent]
        childrenSoFar[parent] += 1
        if place == children[parentName].count {
          let new = registry?.name(ofThread: Int(place), startedBy: Int32(parentName)) ?? Int32(children.count)
          children[parentName].append(new)
          while children.count <= Int(new) { children.append([]) }
        }
        name = children[parentName][place]
      }
      nameOfThread.append(name)
      childrenSoFar.append(0)
      while threadOfName.count <= Int(name) { threadOfName.append(-1) }
      threadOfName[Int(name)] = Int32(thread)
    }
  }

  private mutating func nameObjects(_ kernel: Kernel) {
    if fixedObjects < 0 {
      fixedObjects = kernel.objects.count
      objectCount = Int32(fixedObjects)
    }
    guard fixedObjects + nameOfObject.count < kernel.objects.count else { return }
    for object in (fixedObjects + nameOfObject.count)..<kernel.objects.count {
      let creator = Int(nameOfThread[Int(kernel.objects[object].creator)])
      while objects.count <= creator {
        objects.append([])
        objectsSoFar.append(0)
      }
      let place = objectsSoFar[creator]
      objectsSoFar[creator] += 1
      if place == objects[creator].count {
        let new =
          registry.map { Int32(fixedObjects) + $0.name(ofObject: Int(place), madeBy: Int32(creator)) } ?? objectCount
        objects[creator].append(new)
        objectCount = max(objectCount, new + 1)
      }
      nameOfObject.append(objects[creator][place])
    }
  }
}
