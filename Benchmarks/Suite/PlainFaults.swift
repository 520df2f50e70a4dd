// SPDX-License-Identifier: GPL-2.0-only

internal import DmabufModel

/// The state machine of a fault as a plain loop: the words that the driver reads and writes, and nothing else.
///
/// What a simulation without threads, steps, checks and a clock would be. It cannot be wrong about a race, as there is
/// none.
struct PlainFaults {
  private var areaReaders = 0
  private var reservationHeld = false
  private var deviceIsThere = true
  private var status = DmaBufState.ok
  private var registrations = 1
  private var memoryReaders = 0
  private var pages = [UInt64](repeating: 0, count: 64)
  private var mapped = 0
  private var refused = 0

  private enum DmaBufState { case ok, revoked }

  /// The faults that the loop makes in a second of wall time.
  static func perSecond(count: Int) -> Double {
    var machine = PlainFaults()
    let start = ContinuousClock.now
    for number in 0..<count {
      machine.fault(number & 63)
      if number & 63 == 63 { machine.revoke() }
      if number & 127 == 127 { machine.lend() }
    }
    let seconds = start.duration(to: .now) / .seconds(1)
    // The counts are used, so that the loop cannot be left out.
    precondition(machine.mapped + machine.refused == count, "a plain fault is lost")
    return Double(count) / max(seconds, 1e-9)
  }

  @inline(never)
  private mutating func fault(_ page: Int) {
    areaReaders += 1
    reservationHeld = true
    guard deviceIsThere, status == .ok else {
      reservationHeld = false
      areaReaders -= 1
      refused += 1
      return
    }
    registrations += 1
    reservationHeld = false
    memoryReaders += 1
    if status == .ok {
      pages[page] = 0x800_000 + UInt64(page)
      mapped += 1
    } else {
      refused += 1
    }
    memoryReaders -= 1
    registrations -= 1
    areaReaders -= 1
  }

  @inline(never)
  private mutating func revoke() {
    reservationHeld = true
    status = .revoked
    reservationHeld = false
    for page in pages.indices { pages[page] = 0 }
  }

  @inline(never)
  private mutating func lend() { status = .ok }
}
