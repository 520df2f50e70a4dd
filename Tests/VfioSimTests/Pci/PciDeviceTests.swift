// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import Testing

@testable import VfioSim

@Suite("A running PCI function")
struct PciDeviceTests {
  @Test("a BAR of 64 GiB takes memory for the pages that were written, and for no others")
  func sparse() throws {
    let text = DeviceText(bars: [DeviceText.Bar(index: 0, address: 0x40_0000_0000, size: "64G", kind: .memory64)])
    try explore(.serial) { kernel in
      let device = PciDevice(kernel, try text.function())
      let bar = try device.bar(0).orThrow()
      for offset: UInt64 in [0, 0xF_FFFF_FFF8, 0x8_0000_0000, 0x8_0000_0008] {
        try await bar.write(at: offset, width: 8, offset)
      }
      for offset: UInt64 in [0x1000, 0x4_0000_0000] {
        let value = try await bar.read(at: offset, width: 4)
        try kernel.check(value == 0, "a page that was never written holds \(value)")
      }
      let value = try await bar.read(at: 0xF_FFFF_FFF8, width: 8)
      try kernel.check(value == 0xF_FFFF_FFF8, "the last word is \(value)")
      let pages = await bar.touchedPages
      try kernel.check(pages == 3, "\(pages) pages take memory")
    }
  }

  @Test("bytes lie in the order of little-endian machines, whatever the width")
  func widths() throws {
    try explore(.serial) { kernel in
      let bar = try PciDevice(kernel).bar(2).orThrow()
      try await bar.write(at: 0x10, width: 8, 0x8877_6655_4433_2211)
      for index: UInt64 in 0..<8 {
        let byte = try await bar.read(at: 0x10 + index, width: 1)
        try kernel.check(byte == 0x11 * (index + 1), "byte \(index) is \(byte)")
      }
      let (low, high) = (try await bar.read(at: 0x10, width: 4), try await bar.read(at: 0x16, width: 2))
      try kernel.check(low == 0x4433_2211 && high == 0x8877, "\(low), \(high)")
      try await bar.write(at: 0x12, width: 1, 0xABFF)
      let whole = try await bar.read(at: 0x10, width: 8)
      try kernel.check(whole == 0x8877_6655_44FF_2211, "a byte has written its neighbours: \(whole)")
      try await bar.write(at: Page.size - 2, width: 4, 0xDDCC_BBAA)
      let next = try await bar.read(at: Page.size, width: 2)
      try kernel.check(next == 0xDDCC, "across a page: \(next)")
    }
  }

  @Test("bytes survive a reset")
  func resetKeepsBytes() throws {
    try explore(.serial) { kernel in
      let device = PciDevice(kernel)
      let bar = try device.bar(2).orThrow()
      try await bar.write(at: 0, width: 4, 42)
      let errno = try await device.tryReset()
      let value = try await bar.read(at: 0, width: 4)
      try kernel.check(errno == nil && value == 42, "\(String(describing: errno)), \(value)")
    }
  }

  @Test("an access while memory is off in the command register is a finding (PD5)", arguments: [true, false])
  func commandOff(isWrite: Bool) throws {
    let failure = try #require(throws: ScheduleFailure.self) {
      try explore(.serial) { kernel in
        let device = PciDevice(kernel)
        try await device.decode.writeCommand(.master)
        try await Self.access(device, isWrite)
      }
    }
    #expect(failure.finding.kind == .barViolation)
    #expect(failure.finding.summary.contains("\(isWrite ? "iowrite" : "ioread") at BAR2 + 0x40"))
    #expect(failure.finding.summary.contains("PCI_COMMAND is 0x4"))
  }

  @Test("an access in D3hot is a finding (PD5, PD7)", arguments: [true, false])
  func deepSleep(isWrite: Bool) throws {
    let failure = try #require(throws: ScheduleFailure.self) {
      try explore(.serial) { kernel in
        let device = PciDevice(kernel)
        try await device.setPowerState(.d3hot)
        try await Self.access(device, isWrite)
      }
    }
    #expect(failure.finding.kind == .barViolation)
    #expect(failure.finding.summary.contains("d3hot"))
  }

  private static func access(_ device: PciDevice, _ isWrite: Bool) async throws {
    let bar = try device.bar(2).orThrow()
    if isWrite { try await bar.write(at: 0x40, width: 4, 1) } else { _ = try await bar.read(at: 0x40, width: 4) }
  }

  @Test("a load and a store of user code through an entry that should be gone are findings", arguments: [true, false])
  func staleEntry(isWrite: Bool) throws {
    let failure = try #require(throws: ScheduleFailure.self) {
      try explore(.serial) { kernel in
        let rig = try await Rig.open(kernel, driver: MovesNothing())
        let map = try await rig.map(rig.export().get()).get()
        _ = try await rig.driver.load(map)
        try await rig.setMemory(false)
        if isWrite { try await rig.driver.store(map, 1) } else { _ = try await rig.driver.load(map) }
      }
    }
    #expect(failure.finding.kind == .barViolation)
    #expect(failure.finding.summary.contains("\(isWrite ? "store" : "load") at BAR2 + 0x0"))
  }

  @Test("a driver that does not revoke before a reset lets user code hit the device while it decodes nothing")
  func resetWindow() throws {
    let failure = try #require(throws: ScheduleFailure.self) {
      try explore(.exhaustive, Self.touchDuringReset(MovesNothing()))
    }
    #expect(failure.finding.kind == .barViolation)
    #expect(failure.finding.thread == "touch")
  }

  @Test("a driver that revokes before a reset does not")
  func resetWindowClosed() throws {
    let report = try explore(.exhaustive, seeing: ["touched", "refused"], Self.touchDuringReset(PostedV1()))
    #expect(report.verdict == .exhaustive(executions: 35))
  }

  private static func touchDuringReset(_ revision: any VfioDmaBufDriver) -> Scenario {
    { kernel in
      let rig = try await Rig.open(kernel, driver: revision)
      let map = try await rig.map(rig.export().get()).get()
      _ = try await rig.driver.load(map)
      kernel.thread("touch") {
        for _ in 0..<4 {
          let access = try await rig.driver.load(map)
          kernel.sometimes("touched", access == .value(0))
          kernel.sometimes("refused", access == .sigbus)
        }
      }
      kernel.thread("reset") { try await rig.driver.reset(rig.fd) }
      try await kernel.join()
    }
  }

  @Test("D3hot revokes and D0 ends that")
  func powerCycle() throws {
    try explore(.serial) { kernel in
      let rig = try await Rig.open(kernel)
      let fd = try await rig.export().get()
      let buffer = try await rig.buffer(fd)
      let importing = try await rig.attach(fd)
      _ = try await importing.map()
      try await rig.driver.writePowerState(rig.fd, .d3hot)
      let (asleep, calls) = (try await buffer.status.load(), try await importing.calls())
      try kernel.check(asleep == .temporarilyRevoked && calls == 1, "in D3hot the buffer is \(asleep), \(calls) calls")
      try await rig.driver.writePowerState(rig.fd, .d0)
      let awake = try await buffer.status.load()
      try kernel.check(awake == .ok, "in D0 the buffer is \(awake)")
      try await importing.end()
    }
  }

  @Test("D1 revokes nothing, D2 is not there, and there is no way from a deeper state but to D0 (PD7)")
  func lightSleep() throws {
    try explore(.serial) { kernel in
      let rig = try await Rig.open(kernel)
      let buffer = try await rig.buffer(rig.export().get())
      func state(_ new: PowerState) async throws -> (DmaBufStatus, String) {
        try await rig.driver.writePowerState(rig.fd, new)
        return (try await buffer.status.load(), await rig.device.pci.decode.powerState)
      }
      for (new, expected, isRevoked) in [
        (PowerState.d1, "d1", false), (.d2, "d1", false), (.d3hot, "d3hot", true), (.d1, "d3hot", true),
        (.d0, "d0", false),
      ] {
        let (status, power) = try await state(new)
        try kernel.check(power == expected, "asked for \(new), the function is in \(power)")
        try kernel.check((status != .ok) == isRevoked, "in \(power) the buffer is \(status)")
      }
    }
  }

  @Test("a deeper light sleep does not become a lighter one")
  func noWayUp() throws {
    let text = DeviceText.sharedMemory.with { $0.powerCapabilities = 0x0603 }
    try explore(.serial) { kernel in
      let device = PciDevice(kernel, try text.function())
      for (new, expected) in [(PowerState.d2, "d2"), (.d1, "d2"), (.d0, "d0"), (.d1, "d1"), (.d2, "d2")] {
        try await device.setPowerState(new)
        let power = await device.decode.powerState
        try kernel.check(power == expected, "asked for \(new), the function is in \(power)")
      }
    }
  }

  @Test("no importer is told of a light sleep, and each of a deep one")
  func tellsOfDeepSleep() throws {
    let text = DeviceText.sharedMemory.with { $0.powerCapabilities = 0x0603 }
    try explore(.serial) { kernel in
      let rig = try await Rig.open(kernel, text.function())
      let importing = try await rig.attach(rig.export().get())
      for (new, expected) in [(PowerState.d1, 0), (.d2, 0), (.d3hot, 1)] {
        try await rig.driver.writePowerState(rig.fd, new)
        let calls = try await importing.calls()
        try kernel.check(calls == expected, "in \(new) the importer has had \(calls) calls")
      }
      try await importing.end()
    }
  }

  @Test("without the capability there is no power state to write")
  func noPowerManagement() throws {
    let text = DeviceText.sharedMemory.with { $0.powerCapabilities = nil }
    try explore(.serial) { kernel in
      let rig = try await Rig.open(kernel, text.function())
      let importing = try await rig.attach(rig.export().get())
      try await rig.driver.writePowerState(rig.fd, .d3hot)
      let (calls, power) = (try await importing.calls(), await rig.device.pci.decode.powerState)
      try kernel.check(calls == 0 && power == "d0", "\(calls) calls, \(power)")
      try await importing.end()
    }
  }

  @Test("a device that is opened answers to the BARs that it has, and starts no transactions")
  func enable() throws {
    let text = DeviceText.testDevice.with { $0.command = 0x0104 }
    try explore(.serial) { kernel in
      let rig = try await Rig.open(kernel, text.function())
      let ports = try await rig.command()
      try kernel.check(ports == "0x0103", "PCI_COMMAND is \(ports)")
      try await rig.driver.close(rig.fd)
      let closed = try await rig.command()
      try kernel.check(closed == "0x0101", "after close PCI_COMMAND is \(closed)")
    }
  }
}

extension DecodeState {
  /// The power state as its summary has it.
  var powerState: String { summary.split(separator: " ").last.map(String.init) ?? "" }
}

/// Takes `memory_lock` and revokes nothing.
struct MovesNothing: VfioDmaBufDriver {
  func move(_ vdev: VfioPciDevice, revoked: Bool) async throws(KernelFault) {}
}
