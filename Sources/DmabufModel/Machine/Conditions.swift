// SPDX-License-Identifier: GPL-2.0-only

/// The named conditions of a search, and in how many executions each was seen.
struct Conditions {
  private struct Condition {
    let name: StaticString
    var executions = 0
    var seenInThisOne = false
  }

  private var all: ContiguousArray<Condition> = []

  mutating func beginExecution() {
    for index in all.indices { all[index].seenInThisOne = false }
  }

  mutating func note(_ name: StaticString, _ holds: Bool) {
    let index = all.firstIndex { $0.name.isSame(as: name) } ?? add(name)
    if holds && !all[index].seenInThisOne {
      all[index].seenInThisOne = true
      all[index].executions += 1
    }
  }

  /// Each name with the number of executions in which its condition held, in the order in which they were first looked
  /// at.
  var counts: [(name: String, executions: Int)] { all.map { ($0.name.description, $0.executions) } }

  private mutating func add(_ name: StaticString) -> Int {
    all.append(Condition(name: name))
    return all.count - 1
  }
}
