// SPDX-License-Identifier: GPL-2.0-only

// begin example
import DmabufModel
import Testing
import VfioSim

@Test("nobody can touch the buffer once REVOKE has returned")
func faultAgainstRevoke() throws {
  try explore(.exhaustive) { kernel in
    let device = VfioPciDevice(kernel)  // a PCI function, built in or from an lspci dump
    let driver = UserProcess(kernel, "driver")
    let deviceFd = try await driver.open(device).get()
    let dmabufFd = try await driver.exportDmaBuf(deviceFd, bar: 2).get()
    let address = try await driver.mmap(dmabufFd, length: Page.size).get()
    kernel.thread("fault") { _ = try await driver.load(address) }
    kernel.thread("revoke") { try await driver.revokeDmaBuf(dmabufFd, on: deviceFd) }
    try await kernel.join()
    try kernel.check(try await driver.load(address) == .sigbus, "the buffer can be touched after REVOKE")
  }
}
// end example
