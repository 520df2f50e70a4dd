// SPDX-License-Identifier: GPL-2.0-only

import Synchronization
import Testing
import VfioSim

@testable import DmabufModel

/// The steps of each call in their order, each with what it found and the locks that were held, as one text.
///
/// A lock that is given back too early, or a store that has moved before another one, is a line of its own here, even
/// where no race of the suite happens to tell the difference.
@Suite("Each call of the driver")
struct StepOrderTests {
  @Test("takes the steps that are written down, in that order and under those locks", arguments: Story.all)
  func takesTheSteps(story: Story) throws {
    let found = try story.told()
    let expected = story.expected.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    if found == expected { return }
    let place = zip(found, expected).prefix { $0 == $1 }.count
    let call = found.prefix(place + 1).last { !$0.hasPrefix(" ") } ?? ""
    let (now, before) = (found.dropFirst(place).first ?? "the end", expected.dropFirst(place).first ?? "the end")
    Issue.record(
      "\(call): line \(place + 1) is now\n\(now)\nin place of\n\(before)\nall:\n\(found.joined(separator: "\n"))")
  }

  /// A run of calls, one after the other, and the text of its steps.
  struct Story: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let body: @Sendable (Kernel, Chapters) async throws -> Void
    let expected: String

    static let all = [
      Story(testDescription: "a buffer that is mapped, lent, and revoked", body: lend, expected: StepOrder.lend),
      Story(testDescription: "memory that goes and comes back", body: gates, expected: StepOrder.gates),
      Story(testDescription: "a BAR that is mapped by itself", body: barArea, expected: StepOrder.barArea),
      Story(testDescription: "the end of a device with buffers", body: goAway, expected: StepOrder.goAway),
    ]

    /// The calls with their steps, from the first chapter on.
    func told() throws -> [String] {
      let kernel = Kernel()
      defer { kernel.shutDown() }
      let recorder = Recorder()
      let chapters = Chapters()
      let scenario: Scenario = { kernel in
        try await body(kernel, chapters)
        chapters.begin("the end of the machine", kernel)
      }
      let outcome = kernel.execute(scenario, under: SerialStrategy(), recording: recorder)
      #expect(outcome.finding == nil, "\(String(describing: outcome.finding))")
      if let misuse = outcome.misuse { throw misuse }
      var lines: [String] = []
      for (chapter, steps) in chapters.divide(recorder.steps) where !chapter.isEmpty {
        lines.append(chapter)
        lines += steps.map { Self.line(of: $0, kernel) }
      }
      return lines
    }

    /// A step with its value and the locks that were held; names without numbers, which say only what came before.
    private static func line(of step: TraceStep, _ kernel: Kernel) -> String {
      let name = "\(kernel.objectNames[step.object.index])"
      let remark = step.remark.isEmpty ? "" : " \(step.remark)"
      let locks = step.heldLocks.map { $0.replacing(/#\d+/, with: "").replacing(" (read)", with: "(r)") }
      return "  \(StepText.of(step.label, name))\(remark)"
        + (locks.isEmpty ? "" : " | \(locks.joined(separator: ", "))")
    }
  }

  /// Where the calls of a story begin.
  final class Chapters: Sendable {
    private let begun = Mutex<[(name: String, after: Int)]>([])

    /// Leaves out what comes until the next chapter.
    func pause(_ kernel: Kernel) { begin("", kernel) }

    func begin(_ name: String, _ kernel: Kernel) { begun.withLock { $0.append((name, kernel.stepCount)) } }

    func divide(_ steps: [TraceStep]) -> [(String, [TraceStep])] {
      let all = begun.withLock { $0 }
      return all.indices.map { index in
        let end = index + 1 < all.count ? all[index + 1].after : Int.max
        return (all[index].name, steps.filter { $0.number > all[index].after && $0.number <= end })
      }
    }
  }

  // MARK: The stories

  @Sendable static func lend(_ kernel: Kernel, _ chapters: Chapters) async throws {
    let rig = try await Rig.open(kernel)
    chapters.begin("export", kernel)
    let fd = try await rig.export().get()
    chapters.begin("mmap", kernel)
    let mapped = try await rig.map(fd).get()
    chapters.begin("fault", kernel)
    _ = try await rig.driver.load(mapped)
    chapters.begin("attach", kernel)
    let importing = try await rig.attach(fd)
    chapters.begin("map", kernel)
    _ = try await importing.map()
    chapters.begin("unmap", kernel)
    try await importing.unmap()
    chapters.begin("map once more, with a fence", kernel)
    _ = try await importing.map()
    let fence = try await importing.dmabuf.addFence()
    try await fence.signal()
    chapters.begin("REVOKE of a buffer that is mapped by a process and an importer", kernel)
    _ = try await rig.revoke(fd)
    chapters.begin("REVOKE once more", kernel)
    _ = try await rig.revoke(fd)
    chapters.begin("fault after the revoke", kernel)
    _ = try await rig.driver.load(mapped)
    chapters.begin("mmap after the revoke", kernel)
    _ = try await rig.map(fd)
    chapters.begin("map after the revoke", kernel)
    _ = try await importing.map()
    chapters.begin("detach", kernel)
    try await importing.end()
    chapters.begin("munmap", kernel)
    _ = try await rig.driver.munmap(mapped, length: Page.size)
    chapters.begin("close of the buffer", kernel)
    try await rig.driver.close(fd)
  }

  @Sendable static func gates(_ kernel: Kernel, _ chapters: Chapters) async throws {
    let rig = try await Rig.open(kernel)
    let fd = try await rig.export().get()
    let mapped = try await rig.map(fd).get()
    let importing = try await rig.attach(fd)
    _ = try await importing.map()
    _ = try await rig.driver.load(mapped)
    chapters.begin("reset", kernel)
    _ = try await rig.driver.reset(rig.fd)
    chapters.begin("map after the reset", kernel)
    _ = try await importing.map()
    chapters.begin("memory off", kernel)
    try await rig.driver.writeCommand(rig.fd, [])
    chapters.begin("export with memory off", kernel)
    let other = try await rig.export(1).get()
    chapters.begin("fault with memory off", kernel)
    _ = try await rig.driver.load(mapped)
    chapters.begin("reset with memory off", kernel)
    _ = try await rig.driver.reset(rig.fd)
    chapters.begin("pread with memory off", kernel)
    _ = try await rig.device.readBar(rig.bar, at: 0)
    chapters.begin("REVOKE with memory off", kernel)
    _ = try await rig.revoke(other)
    chapters.begin("memory on", kernel)
    try await rig.driver.writeCommand(rig.fd, .memory)
    chapters.begin("pread", kernel)
    _ = try await rig.device.readBar(rig.bar, at: 0)
    chapters.begin("pwrite", kernel)
    _ = try await rig.device.writeBar(rig.bar, at: 0, 3)
    chapters.begin("D3hot", kernel)
    try await rig.driver.writePowerState(rig.fd, .d3hot)
    chapters.begin("D0", kernel)
    try await rig.driver.writePowerState(rig.fd, .d0)
    chapters.begin("detach", kernel)
    try await importing.end()
  }

  @Sendable static func barArea(_ kernel: Kernel, _ chapters: Chapters) async throws {
    let rig = try await Rig.open(kernel)
    chapters.begin("mmap of the device", kernel)
    let mapped = try await rig.mapBar(1, pages: 2).get()
    chapters.begin("store", kernel)
    try await rig.driver.store(mapped, 1)
    chapters.begin("copy_from_user", kernel)
    _ = try await rig.driver.memory.copyFromUser(mapped + Page.size)
    chapters.begin("fork", kernel)
    let child = try await rig.driver.memory.fork()
    chapters.begin("exit of the child", kernel)
    try await child.exit()
    chapters.begin("second open", kernel)
    _ = try await rig.driver.open(rig.device)
    chapters.begin("munmap of the first page", kernel)
    _ = try await rig.driver.munmap(mapped, length: Page.size)
  }

  @Sendable static func goAway(_ kernel: Kernel, _ chapters: Chapters) async throws {
    chapters.begin("open of the device", kernel)
    let rig = try await Rig.open(kernel)
    chapters.pause(kernel)
    let fd = try await rig.export().get()
    let revoked = try await rig.export(1).get()
    _ = try await rig.revoke(revoked)
    let mapped = try await rig.map(fd).get()
    let importing = try await rig.attach(fd)
    _ = try await importing.map()
    _ = try await rig.driver.load(mapped)
    chapters.begin("close of the device", kernel)
    try await rig.driver.close(rig.fd)
    chapters.begin("fault after the close", kernel)
    _ = try await rig.driver.load(mapped)
    chapters.begin("unbind", kernel)
    try await rig.device.unregister()
    chapters.begin("detach after the unbind", kernel)
    try await importing.end()
    chapters.begin("exit of the process", kernel)
    try await rig.driver.exit()
  }
}
