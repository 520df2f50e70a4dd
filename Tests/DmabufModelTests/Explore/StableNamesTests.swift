// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

struct StableNamesTests {
  @Test func namesOfThreadsAndObjectsDoNotDependOnTheSchedule() throws {
    let strategy = NamingStrategy()
    _ = try survey(strategy) { kernel in
      let x = Shared(kernel, "x", 0)
      for left in [true, false] {
        kernel.thread(left ? "left" : "right") {
          _ = try await x.load()
          let own = Shared(kernel, left ? "left's" : "right's", 0)
          kernel.thread(left ? "left's child" : "right's child") { try await own.store(1) }
          try await own.store(2)
        }
      }
      try await kernel.join()
    }
    // The machine's numbers differ from one execution to another, or the test would show nothing.
    #expect(strategy.numbers.count > 1)
    #expect(strategy.names.count == 1)
  }
}

/// Tries every interleaving and writes down what each thread and object is called.
private final class NamingStrategy: Strategy {
  private let base = BruteForceStrategy()
  private var stable = StableNames()
  private(set) var numbers: Set<[String: Int]> = []
  private(set) var names: Set<[String: Int]> = []

  var decidesForcedSteps: Bool { true }

  func beginExecution() -> Bool {
    stable.beginExecution()
    return base.beginExecution()
  }

  func choose(_ point: DecisionPoint) -> Int {
    stable.catchUp(with: point.kernel)
    return base.choose(point)
  }

  func endExecution(_ execution: Execution) {
    let kernel = execution.kernel
    stable.catchUp(with: kernel)
    var numbers: [String: Int] = [:]
    var names: [String: Int] = [:]
    for thread in 0..<kernel.threadCount {
      numbers[kernel.threads[thread].name] = thread
      names[kernel.threads[thread].name] = Int(stable.name(ofThread: thread))
    }
    for object in kernel.objects.indices where kernel.objects[object].kind == .field {
      numbers[kernel.objectNames[object].description] = object
      names[kernel.objectNames[object].description] = Int(stable.name(ofObject: object))
    }
    self.numbers.insert(numbers)
    self.names.insert(names)
    base.endExecution(execution)
  }
}
