// SPDX-License-Identifier: GPL-2.0-only

internal import DmabufModel
internal import VfioSim

/// A driver with its answers to faults counted.
struct CountingDriver: ForwardingDriver {
  /// The driver.
  let base: any VfioDmaBufDriver
  /// The counters.
  let tally: FaultTally

  /// Passes the fault on and counts the answer; a fall back to smaller pages is not the last one.
  func fault(_ buffer: VfioPciDmaBuf, _ fault: PageFault, order: PageOrder) async throws(KernelFault) -> FaultResult {
    let result = try await base.fault(buffer, fault, order: order)
    switch result {
    case .noPage: tally.note(.mapped)
    case .sigbus: tally.note(.refused)
    case .outOfMemory, .fallback: break
    }
    return result
  }
}
