// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

/// What threads have asked for at the end.
struct EndTests {
  @Test("of several threads what the later one has asked for comes first, whoever was faster")
  func hooksOfThreads() throws {
    let orders = Box<Set<[Int]>>([])
    let asked = Box<Set<[Int]>>([])
    try explore(.exhaustive) { kernel in
      let (order, asking) = (Box<[Int]>([]), Box<[Int]>([]))
      let field = Shared(kernel, "field", 0)
      for number in 1...2 {
        kernel.thread("t\(number)") {
          try await field.store(number)
          asking.update { $0.append(number) }
          kernel.atEnd { order.update { $0.append(number) } }
        }
      }
      try await kernel.join()
      kernel.atEnd {
        asked.update { $0.insert(asking.value) }
        kernel.atEnd(.driversUnbind) { orders.update { $0.insert(order.value) } }
      }
    }
    #expect(asked.value == [[1, 2], [2, 1]])
    #expect(orders.value == [[2, 1]])
  }
}
