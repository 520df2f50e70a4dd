// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import Testing
import VfioSim

/// What a reader of the patch could expect of the model, and does not get.
///
/// Each test says what would hold; enabling one is the first step of modelling the thing. The README has the same list.
@Suite("What is not modelled")
struct NotModelledTests {
  @Test(
    "LOW_POWER_ENTRY revokes every buffer and LOW_POWER_EXIT brings them back; one that is exported between is usable (D12, D13, D14, T25, T26)",
    .disabled("the low-power ioctls and runtime power management are not modelled"))
  func lowPower() {
    Issue.record("would hold: a touch in low power is refused even where the buffer says that it may be used")
  }

  @Test(
    "A hot reset of two devices fails with EBUSY while somebody reads from one of them, and revokes the other for nothing (D18, T24)",
    .disabled("a hot reset of several devices is not modelled; a device set has one device"))
  func hotReset() { Issue.record("would hold: the second device's importers are told twice") }

  @Test(
    "A device without a FLR is reset through its power states or its bus (VF21)",
    .disabled("the only reset is a FLR, of PCI Express or of Advanced Features"))
  func otherResets() { Issue.record("would hold: VFIO_DEVICE_RESET of a device with NoSoftRst- and no FLR answers 0") }

  @Test(
    "A reset that cannot have the device's lock answers EAGAIN, and the buffers are usable again",
    .disabled("a reset cannot fail"))
  func failingReset() {
    Issue.record("would hold: the errno of pci_try_reset_function is passed on after the un-revoke")
  }

  @Test(
    "Writing the FLR bit of DEVCTL or of the AF control register revokes and resets",
    .disabled("only PCI_COMMAND and the power state can be written by the user"))
  func resetThroughConfig() { Issue.record("would hold: a write of bit 15 of DEVCTL is a reset") }

  @Test(
    "A write of PCI_COMMAND that the hardware refuses leaves the buffers revoked (D15, T27, VF15)",
    .disabled("a write to a configuration register cannot fail"))
  func failingConfigWrite() {
    Issue.record(
      "would hold: after the errno the status is TEMP_REVOKED and the virtual register still says that memory is on")
  }

  @Test(
    "The other registers of the configuration space are virtual, too: BARs, interrupts, capabilities (PD4, VF18, VF19)",
    .disabled("of the configuration space only PCI_COMMAND and the power state can be read and written"))
  func configSpace() { Issue.record("would hold: a BAR register reads back what the guest wrote, masked") }

  @Test(
    "A function with NoSoftRst- forgets its registers on the way from D3hot to D0, and VFIO restores them (VF20)",
    .disabled("no register is lost in D3hot"))
  func softReset() { Issue.record("would hold: between the two PCI_COMMAND is 0") }

  @Test(
    "Opening a device resets it",
    .disabled("opening leaves the function as it was, apart from PCI_COMMAND"))
  func openReset() { Issue.record("would hold: a reset method runs in vfio_pci_core_enable") }

  @Test(
    "Reads in the MSI-X table through pread give all ones and writes are dropped; arming interrupts forces memory on under memory_lock (VF24, VF26)",
    .disabled("interrupts are not modelled, and the table's window is memory like the rest of its BAR"))
  func msix() { Issue.record("would hold: pread of the table answers 0xFF") }

  @Test(
    "A write through an ioeventfd is dropped while memory is off, and is put off while memory_lock is held (VF25)",
    .disabled("ioeventfds are not modelled"))
  func ioeventfd() { Issue.record("would hold: the handler uses down_read_trylock") }

  @Test(
    "A pread that begins in a BAR and ends behind it is cut, and is done unit by unit with memory_lock taken for each (VF24)",
    .disabled("readBar and writeBar make one access of the width that they are asked for"))
  func partialReads() { Issue.record("would hold: a read of 16 bytes at the last 8 answers 8") }

  @Test(
    "VFIO_DEVICE_GET_REGION_INFO describes each region (VF22; oracle group A)",
    .disabled("the ioctl is not modelled"))
  func regionInfo() { Issue.record("would hold: index 2 has the flags READ, WRITE and MMAP") }

  @Test(
    "VFIO_DEVICE_FEATURE looks at argsz, PROBE, GET and SET before anything else (§8.4, steps 1 to 4)",
    .disabled("a request is a value; only the argument of the revoke ioctl can be unreadable or too short"))
  func featureHeader() { Issue.record("would hold: SET answers EINVAL and PROBE 0") }

  @Test(
    "A device file that is open and not bound refuses everything with EINVAL (VF4)",
    .disabled("opening and binding are one call, and containers and groups are not modelled"))
  func bind() { Issue.record("would hold: REVOKE on such a file answers EINVAL") }

  @Test(
    "iommufd maps a buffer without a reference, and loses it for good in its callback (IM3; oracle group J)",
    .disabled("the iommufd importer and IOMMU page tables are not modelled"))
  func iommufd() { Issue.record("would hold: a revoke does not wait for it, and DMA reads zeros after") }

  @Test(
    "A mapping of a BAR that was given to a type1 container stays reachable for DMA after a revoke (B16, MM19)",
    .disabled("DMA is not modelled; an importer's mapping is a table that is alive or freed"))
  func containerDma() { Issue.record("would hold: the revoke leaves the IOMMU mapping where it is") }

  @Test(
    "Whether an importer's device can reach the exporter's decides whether it can map (DB23)",
    .disabled("an importer says itself that it allows peer to peer, and a map then succeeds"))
  func peerToPeer() { Issue.record("would hold: a map for a platform device answers EINVAL") }

  @Test(
    "Importers may pin, and VFIO has no pin function: the pin succeeds and pins nothing (DB16, D4)",
    .disabled("dma_buf_pin is not modelled"))
  func pin() { Issue.record("would hold: REVOKE of a pinned buffer answers 0") }

  @Test(
    "vmap of a VFIO buffer answers EINVAL (DB29)",
    .disabled("vmap and the begin and end of CPU access are not modelled"))
  func vmap() { Issue.record("would hold: dma_buf_vmap answers EINVAL") }

  @Test(
    "DMA_BUF_IOCTL_SYNC works on a revoked buffer, and IMPORT_SYNC_FILE lets a client add a fence (DB27, DB28, DR9)",
    .disabled("the ioctls of a DMABUF are not modelled; a test adds fences through the reservation"))
  func syncIoctls() { Issue.record("would hold: SYNC answers 0") }

  @Test(
    "lseek to the end of a buffer says how long it is; poll waits for its fences and holds a reference (DB8, DB27)",
    .disabled("lseek, poll, fstat and the like are not modelled"))
  func seek() { Issue.record("would hold: lseek answers the size") }

  @Test(
    "Reading dma_buf/bufinfo waits for the reservation of each buffer, and every export waits for the reader (DB9)",
    .disabled("debugfs and the list of all buffers are not modelled"))
  func debugfs() { Issue.record("would hold: an export hangs behind a reader behind a revoke") }

  @Test(
    "Patch 9/9: a buffer can be exported for write combining (§12.12)",
    .disabled("patch 9/9 is not a part of the posted code that is modelled; every flag is refused"))
  func attributes() { Issue.record("would hold: flags 0x10000000 are accepted") }

  @Test(
    "A variant driver that maps BARs itself asks for its own mappings to be zapped (B18, bar_needs_zap)",
    .disabled("variant drivers are not modelled"))
  func ownMmap() { Issue.record("would hold: a reset zaps the device file's own mapping") }

  @Test(
    "An allocation can fail, with ENOMEM and everything undone",
    .disabled("memory is never short"))
  func noMemory() { Issue.record("would hold: an export answers ENOMEM") }

  @Test(
    "Two reservations taken with an acquire context in opposite orders: the younger one backs off with EDEADLK (WW1 to WW8)",
    .disabled("acquire contexts are not modelled; nesting two reservations is a finding"))
  func acquireContexts() { Issue.record("would hold: the younger thread gets EDEADLK") }

  @Test(
    "A writer spins for a lock whose owner runs, and waits for at most 4 ms behind new readers (RW5, RW6, T33)",
    .disabled("locks are given in any order, or queue where a scenario asks for it, then without spinning and a clock"))
  func queueing() { Issue.record("would hold: a writer that has slept for 4 ms has the lock kept for it") }

  @Test(
    "A system call that waits for a mutex killably ends with EINTR when its process is killed",
    .disabled("signals and timeouts are not modelled; no wait ends early"))
  func signals() { Issue.record("would hold: mmap behind mmap_lock answers EINTR") }

  @Test(
    "wake_up wakes one of the waiters that wait exclusively",
    .disabled("waiters on a wait queue are not exclusive; all of them are woken"))
  func exclusiveWaiters() { Issue.record("would hold: of two that called wait_event_exclusive one goes on") }

  @Test(
    "Stores of one CPU can be seen by another in a different order where no barrier forbids it",
    .disabled("every step is seen by all threads at once, in one order"))
  func reordering() { Issue.record("would hold: a message-passing test without barriers fails") }

  @Test(
    "A store before a zap may reach the device after the revoke has returned (MM20)",
    .disabled("a store reaches the device in its own step"))
  func postedWrites() { Issue.record("would hold: a store that was issued before the zap arrives behind it") }

  @Test(
    "An O_PATH descriptor keeps a buffer's dentry, and its exporter's release waits, after its file is freed (C3)",
    .disabled("files have no dentries and there is no O_PATH: release runs with the last reference of the file"))
  func dentry() { Issue.record("would hold: a reset touches a freed file") }

  @Test(
    "mremap moves entries with the mapping; mprotect splits it (MM8)",
    .disabled("mremap, mprotect and anonymous memory are not modelled"))
  func mremap() { Issue.record("would hold: a moved mapping is zapped where it is now") }

  @Test(
    "KVM and others are told of a zap by MMU notifiers (MM15)",
    .disabled("MMU notifiers are not modelled"))
  func notifiers() { Issue.record("would hold: the notifier is called before the entry is cleared") }

  @Test(
    "A child process has its parent's descriptors",
    .disabled(
      "ProcessMemory.fork copies the memory; a process cannot be forked, so a child's descriptors have to be installed")
  )
  func descriptorsAcrossFork() { Issue.record("would hold: the child can close its copy, and the file stays") }

  @Test(
    "A virtual function has no memory bit of its own: switching it off revokes and ends that at once (T28, VF16)",
    .disabled("a virtual function is treated as a physical one, with a command register that works"))
  func virtualFunction() throws {
    let text = DeviceText(
      command: 0,
      bars: [
        DeviceText.Bar(index: 0, address: 0x8_0000_0000, size: "1M", kind: .memory64)
      ])
    try explore(.serial) { kernel in
      let rig = try await Rig.open(kernel, text.function(), bar: 0)
      let fd = try await rig.export().get()
      let importing = try await rig.attach(fd)
      try await rig.setMemory(false)
      let (calls, status) = (try await importing.calls(), try await rig.buffer(fd).status.load())
      try kernel.check(calls == 2 && status == .ok, "\(calls) calls, \(status)")
      try await importing.end()
    }
  }
}
