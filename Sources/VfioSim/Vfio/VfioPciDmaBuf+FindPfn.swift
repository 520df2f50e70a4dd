// SPDX-License-Identifier: GPL-2.0-only

public import DmabufModel

/// What lies at an address of an area, for a page of some order.
public enum PfnLookup: Sendable, Hashable {
  /// The page frame.
  case found(Pfn)
  /// A page of that order does not fit; a smaller one may. The corresponding C error is `-EAGAIN`.
  case tryAgainSmaller
  /// Nothing. The corresponding C error is `-EFAULT`.
  case outside
}

extension VfioPciDmaBuf {
  /// Finds what lies at a faulting address: pure arithmetic over the buffer's ranges.
  ///
  /// Any context. A huge page must lie in the area and in one range, and be aligned there as well (semantics §12.2). The
  /// corresponding C function is `vfio_pci_dma_buf_find_pfn`.
  public func findPfn(_ fault: Fault, _ order: PageOrder) -> PfnLookup {
    let area = fault.area
    let page = order.size
    let low = fault.address & ~(page - 1)
    let failure = order == .page ? PfnLookup.outside : .tryAgainSmaller
    if low < area.start || page > area.end - low { return failure }
    let (start, overflows) = area.pageOffset.multipliedReportingOverflow(by: Page.size)
    let (offset, overflowsToo) = start.addingReportingOverflow(low - area.start)
    if overflows || overflowsToo { return .outside }

    var base: UInt64 = 0
    for range in priv.ranges {
      let (end, overflows) = offset.addingReportingOverflow(page)
      if overflows || end <= base { break }
      if offset >= base && end <= base &+ range.length {
        let frame = (range.address &+ (offset - base)) / Page.size
        return frame % (page / Page.size) == 0 ? .found(Pfn(rawValue: frame)) : .tryAgainSmaller
      }
      base &+= range.length
    }
    return failure
  }
}
