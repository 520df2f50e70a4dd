// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import Foundation
import VfioSim

// Foundation has a Process, too, and this file must compile with both.
let report = try explore { kernel in
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
guard report.verdict == .exhaustive(executions: 5) else {
  print("expected a proof in 5 executions: \(report)")
  exit(1)
}
print(report)
