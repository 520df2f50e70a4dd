// SPDX-License-Identifier: GPL-2.0-only

extension SearchPart: Resumable {
  init?(_ reader: inout CheckpointText.Reader, like fresh: SearchPart) {
    guard let executions = reader.number(), let abandoned = reader.number(), let steps = reader.number(),
      let switches = reader.number(),
      let conditions = reader.list({ reader -> ConditionCount? in
        guard let name = reader.word(), let count = reader.number() else { return nil }
        return ConditionCount(name: name, executions: count)
      }),
      let outcomes = reader.list({ reader -> OutcomeCount? in
        guard let outcome = reader.word(), let count = reader.number() else { return nil }
        return OutcomeCount(outcome: outcome, executions: count)
      }),
      let pairs = reader.list({ reader -> StepPair? in
        guard let first = reader.word(), let second = reader.word(), let both = reader.number() else { return nil }
        return StepPair(first: first, second: second, hasBothOrders: both != 0)
      })
    else { return nil }
    report = ExplorationReport(
      verdict: .sampled(schedules: executions), executions: executions, abandoned: abandoned, steps: steps,
      switches: switches,
      conditions: conditions)
    report.outcomes = outcomes
    report.pairs = pairs
  }

  func write(to text: inout CheckpointText) {
    text.add(report.executions)
    text.add(report.abandoned)
    text.add(report.steps)
    text.add(report.switches)
    text.add(report.conditions) {
      $0.add($1.name); $0.add($1.executions)
    }
    text.add(report.outcomes) {
      $0.add($1.outcome); $0.add($1.executions)
    }
    text.add(report.pairs) {
      $0.add($1.first); $0.add($1.second); $0.add($1.hasBothOrders ? 1 : 0)
    }
  }
}

extension SampleBlocks: Resumable {
  init?(_ reader: inout CheckpointText.Reader, like fresh: SampleBlocks) {
    guard let begun = reader.number(), let sum = SearchPart(&reader, like: .empty) else { return nil }
    self = fresh
    resume(at: begun, sum)
  }

  func write(to text: inout CheckpointText) {
    text.add(merged)
    sum.write(to: &text)
  }
}

extension DividedSearch: Resumable {
  init?(_ reader: inout CheckpointText.Reader, like fresh: DividedSearch) {
    func makers(_ reader: inout CheckpointText.Reader) -> [NameRegistry.Maker]? {
      reader.list { reader in
        guard let maker = reader.number(Int32.self), let place = reader.number(Int32.self) else { return nil }
        return NameRegistry.Maker(maker: maker, place: place)
      }
    }
    guard let sum = SearchPart(&reader, like: .empty), let threads = makers(&reader), let objects = makers(&reader),
      let taken = reader.list({ $0.number(Int32.self) }), let rows = reader.list(SharedTree.Row.init),
      let tree = SharedTree(rows), taken.allSatisfy({ tree.nodes.indices.contains(Int($0)) })
    else { return nil }
    self = fresh
    resume(sum, tree, taken, NameRegistry(threads: threads, objects: objects))
  }

  func write(to text: inout CheckpointText) {
    sum.write(to: &text)
    // Names are given before they are used: all that the tree has in it are among them.
    let names = registry.all
    for makers in [names.threads, names.objects] {
      text.add(makers) {
        $0.add($1.maker); $0.add($1.place)
      }
    }
    let (rows, places) = tree.rows(finding: taken)
    text.add(places) { $0.add($1) }
    text.add(rows) { $1.write(to: &$0) }
  }
}

extension SharedTree.Row {
  init?(_ reader: inout CheckpointText.Reader) {
    guard let parent = reader.number(Int32.self), let thread = reader.number(Int32.self),
      let state = reader.number(Int32.self).flatMap({ SharedTree.State(rawValue: $0) }),
      let touches = reader.list({ $0.number(UInt32.self).map { TouchName(bits: $0) } }),
      let before = reader.list({ $0.number(Int32.self) })
    else { return nil }
    self.init(parent: parent, thread: thread, state: state, touches: touches, before: before)
  }

  func write(to text: inout CheckpointText) {
    text.add(parent)
    text.add(thread)
    text.add(state.rawValue)
    text.add(touches) { $0.add($1.bits) }
    text.add(before) { $0.add($1) }
  }
}
