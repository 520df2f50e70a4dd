// SPDX-License-Identifier: GPL-2.0-only

public import DmabufModel
import Foundation
import VfioSim

/// The README's race, in a file that imports Foundation, which has a Process as well.
public let faultAgainstRevoke: Scenario = { kernel in
  let device = VfioPciDevice(kernel)
  let driver = UserProcess(kernel, "driver")
  let deviceFd = try await driver.open(device).get()
  let dmabufFd = try await driver.exportDmaBuf(deviceFd, bar: 2).get()
  let address = try await driver.mmap(dmabufFd, length: Page.size).get()
  kernel.thread("fault") { _ = try await driver.load(address) }
  kernel.thread("revoke") { try await driver.revokeDmaBuf(dmabufFd, on: deviceFd) }
  try await kernel.join()
  try kernel.check(try await driver.load(address) == .sigbus, "the buffer can be touched after REVOKE")
}
