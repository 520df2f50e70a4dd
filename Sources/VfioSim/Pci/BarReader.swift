// SPDX-License-Identifier: GPL-2.0-only

/// What the register of a BAR says in a configuration image.
struct BarRegister {
  let kind: RegionLine.Kind
  let isPrefetchable: Bool
  /// The address that the register holds; 0 if it holds none.
  let address: UInt64
  /// The register reads 0 or all ones, as one that does not exist.
  let isEmpty: Bool

  init(_ config: ConfigImage, index: Int) {
    let offset = ConfigOffset.register(ofBar: index)
    let low = config.dword(at: offset)
    isEmpty = low == 0 || low == .max
    if index == PciBar.romIndex {
      // Bit 0 enables the ROM; bits 1 to 10 are reserved.
      (kind, isPrefetchable, address) = (.memory32, false, isEmpty ? 0 : UInt64(low & ~0x7ff))
    } else if low & 1 == 1 {
      (kind, isPrefetchable, address) = (.io, false, isEmpty ? 0 : UInt64(low & ~0x3))
    } else {
      let base = UInt64(low & ~0xf)
      isPrefetchable = low & 0x8 != 0
      switch low >> 1 & 3 {
      case 2 where index < 5:
        kind = .memory64
        address = base | UInt64(config.dword(at: offset + 4)) << 32
      case 2:
        (kind, address) = (.memory64, base)
      case 3:
        (kind, address) = (.reserved, base)
      default:
        // Type 1 once meant memory below 1 MiB; the kernel takes it for an ordinary 32-bit window.
        (kind, address) = (.memory32, base)
      }
    }
  }
}

/// The one pass over the BARs of a function that puts the text's lines and the image's registers together.
///
/// The registers prove the kind and the address, and only the text knows the size: a dump is one reading, and sizing
/// a BAR takes a write. A BAR whose two sources contradict each other is an error; one without a size is
/// left out and listed as unusable.
struct BarReader {
  private let function: LspciDump.Function
  private let config: ConfigImage
  /// The windows whose size is known, at their index; the last one is the ROM.
  private(set) var bars: [PciBar?] = Array(repeating: nil, count: 7)
  /// Every window that cannot be lent out, in the order of the indices.
  private(set) var unusable: [UnusableBar] = []

  init(_ function: LspciDump.Function, _ config: ConfigImage) throws(PciDumpError) {
    self.function = function
    self.config = config
    try read(regionLines())
  }

  private func regionLines() throws(PciDumpError) -> [RegionLine?] {
    var lines: [RegionLine?] = Array(repeating: nil, count: 7)
    for line in function.lines where !line.isNested {
      guard let region = try RegionLine(line) else { continue }
      if let first = lines[region.index] {
        throw .badRegion(
          line: line.number, found: line.text,
          expected: "no second line about \(PciBar.name(of: region.index)) after line \(first.line)")
      }
      lines[region.index] = region
    }
    return lines
  }

  private mutating func read(_ lines: [RegionLine?]) throws(PciDumpError) {
    var index = 0
    while index < 6 {
      let isWide = try readBar(index, lines[index])
      if isWide, let upper = lines[index + 1], case .at = upper.place {
        throw disagreement(upper, hex: "it is the upper half of BAR\(index)")
      }
      index += isWide ? 2 : 1
    }
    try checkOverlaps(lines)
    _ = try readBar(PciBar.romIndex, lines[PciBar.romIndex])
  }

  /// Checks that an address leads to one BAR only, as the kernel's tree of resources sees to.
  private func checkOverlaps(_ lines: [RegionLine?]) throws(PciDumpError) {
    let windows = bars.compactMap { $0 }.filter { $0.isMemory && $0.isAssigned }
    for (place, bar) in windows.enumerated() {
      guard let other = windows[..<place].first(where: { $0.addresses.overlaps(bar.addresses) }),
        let line = lines[bar.index]
      else { continue }
      throw badAddress(line, bar.address, "an address outside of \(PciBar.name(of: other.index))")
    }
  }

  /// Reads one BAR or the ROM, and tells whether it takes the register of the next index too.
  private mutating func readBar(_ index: Int, _ line: RegionLine?) throws(PciDumpError) -> Bool {
    let register = BarRegister(config, index: index)
    guard let line else {
      if !register.isEmpty { unusable.append(UnusableBar(index: index, reason: .notDescribed)) }
      return register.kind == .memory64 && index < 5
    }
    try compare(line, register)

    let kind: PciBar.Kind
    switch line.kind {
    case .io: kind = .io
    case .memory32: kind = .memory32
    case .memory64 where index < 5 && line.place != .noUpperHalf: kind = .memory64
    case .memory64:
      unusable.append(UnusableBar(index: index, reason: .noUpperHalf))
      return false
    case .reserved:
      unusable.append(UnusableBar(index: index, reason: .reservedType))
      return false
    }
    let bar = try bar(line, kind)
    let isTooSmall = kind != .io && (bar?.size ?? .max) < 16
    if !isTooSmall { bars[index] = bar }
    if let reason = unusableReason(line, bar, isTooSmall: isTooSmall) {
      unusable.append(UnusableBar(index: index, reason: reason))
    }
    return kind == .memory64
  }

  private func bar(_ line: RegionLine, _ kind: PciBar.Kind) throws(PciDumpError) -> PciBar? {
    guard let size = line.size else { return nil }
    var address: UInt64 = 0
    if case .at(let place) = line.place { address = place }
    guard address & (size - 1) == 0 else {
      throw badAddress(line, address, "a multiple of the size 0x\(size.hex())")
    }
    guard !address.addingReportingOverflow(size).overflow else {
      throw badAddress(line, address, "a window that ends below 2^64")
    }
    return PciBar(
      index: line.index, address: address, size: size, kind: kind, isPrefetchable: line.isPrefetchable,
      isDisabled: line.isDisabled, isVirtual: line.isVirtual)
  }

  private func unusableReason(_ line: RegionLine, _ bar: PciBar?, isTooSmall: Bool) -> UnusableBar.Reason? {
    if line.kind == .io { return .ioPorts }
    if line.place == .ignored { return .ignored }
    guard let bar else { return .sizeUnknown }
    if isTooSmall { return .legacyPorts }
    return bar.isAssigned ? nil : .unassigned
  }
}

extension BarReader {
  /// Checks a line against the register, where both say where the window is.
  private func compare(_ line: RegionLine, _ register: BarRegister) throws(PciDumpError) {
    guard case .at(let address) = line.place, !line.isVirtual else { return }
    if line.index == PciBar.romIndex {
      // The kernel writes the register of a ROM only while it reads the ROM; until then firmware's address stands
      // there.
      let isEnabled = config.dword(at: ConfigOffset.rom) & 1 == 1
      guard isEnabled, !register.isEmpty, register.address != address else { return }
    } else {
      // A register of ports that holds no address stands for ports of the PC that an IDE function has by convention.
      let isLegacy = line.kind == .io && register.kind == .io && register.address == 0
      let isSame =
        !register.isEmpty && line.kind == register.kind && line.isPrefetchable == register.isPrefetchable
        && (address == register.address || isLegacy)
      guard !isSame else { return }
    }
    let hex =
      register.isEmpty ? "there is none" : words(register.kind, register.isPrefetchable, register.address, line.index)
    throw disagreement(line, hex: hex)
  }

  private func disagreement(_ line: RegionLine, hex: String) -> PciDumpError {
    var address: UInt64 = 0
    if case .at(let place) = line.place { address = place }
    let text = "\(PciBar.name(of: line.index)) is \(words(line.kind, line.isPrefetchable, address, line.index))"
    let offset = ConfigOffset.register(ofBar: line.index)
    return .disagreement(line: line.line, text: text, hexLine: function.hexLine(at: offset), hex: hex)
  }

  private func words(_ kind: RegionLine.Kind, _ isPrefetchable: Bool, _ address: UInt64, _ index: Int) -> String {
    let place = "at 0x\(address.hex())"
    if index == PciBar.romIndex { return place }
    let prefetchable = isPrefetchable ? "prefetchable" : "non-prefetchable"
    return switch kind {
    case .io: "I/O ports \(place)"
    case .memory32: "32-bit \(prefetchable) memory \(place)"
    case .memory64: "64-bit \(prefetchable) memory \(place)"
    case .reserved: "\(prefetchable) memory of the reserved type 3 \(place)"
    }
  }

  private func badAddress(_ line: RegionLine, _ address: UInt64, _ expected: String) -> PciDumpError {
    .badAddress(line: line.line, found: "0x\(address.hex())", expected: expected)
  }
}
