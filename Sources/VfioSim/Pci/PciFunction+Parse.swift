// SPDX-License-Identifier: GPL-2.0-only

extension LspciDump {
  /// Understands every function of a text: what it is, or why the model cannot use it.
  ///
  /// The results have the order of the text.
  ///
  /// - Throws: ``PciDumpError/emptyText`` or ``PciDumpError/noFunction(line:found:)``; all other errors are results.
  package static func functions(in text: String) throws(PciDumpError) -> [Result<PciFunction, PciDumpError>] {
    try LspciDump(text).functions.map { function in
      Result { () throws(PciDumpError) in try PciFunction(function) }
    }
  }
}

extension PciFunction {
  /// Finds a function in a text as `lspci -vv -xxxx` prints it.
  ///
  /// Without a slot the result is the first function of the text that the model can use. A slot is written as in the
  /// text, and may have or lack the domain 0.
  ///
  /// - Throws: What is wrong with the text or with the slot; for a named or an only function, why it cannot be used;
  ///   if no slot is given and none of several functions can be used, the error of the first one with their number.
  public static func parse(_ text: String, slot: String? = nil) throws(PciDumpError) -> PciFunction {
    let dump = try LspciDump(text)
    if let slot {
      guard let wanted = PciSlot(slot) else { throw .badSlot(slot) }
      guard let function = dump.functions.first(where: { $0.slot == wanted }) else {
        throw .slotNotFound(wanted, available: dump.functions.map(\.slot))
      }
      return try PciFunction(function)
    }

    var first: PciDumpError?
    for function in dump.functions {
      do throws(PciDumpError) {
        return try PciFunction(function)
      } catch {
        first = first ?? error
      }
    }
    guard let first else { throw .emptyText }
    throw dump.functions.count == 1 ? first : .noUsableFunction(first: first, others: dump.functions.count - 1)
  }

  /// A small endpoint for use without a dump.
  ///
  /// It is hand-made and goes through the same parser as any other text. Three memory BARs of different kinds (4 KiB,
  /// 1 MiB prefetchable, 16 KiB), a function-level reset, D1 but not D2, and a reset on the way from D3hot to D0.
  public static let builtIn: PciFunction = {
    do {
      return try parse(builtInText)
    } catch {
      preconditionFailure("the built-in device: \(error)")
    }
  }()

  /// The text that ``builtIn`` is made from.
  public static let builtInText = """
    00:04.0 Unassigned class [ff00]: Red Hat, Inc. Device 10f1 (rev 01)
    \tSubsystem: Red Hat, Inc. QEMU Virtual Machine
    \tControl: I/O- Mem+ BusMaster+ SpecCycle- MemWINV- VGASnoop- ParErr- Stepping- SERR- FastB2B- DisINTx-
    \tStatus: Cap+ 66MHz- UDF- FastB2B- ParErr- DEVSEL=fast >TAbort- <TAbort- <MAbort- >SERR- <PERR- INTx-
    \tLatency: 0
    \tRegion 0: Memory at fe800000 (32-bit, non-prefetchable) [size=4K]
    \tRegion 2: Memory at 800000000 (64-bit, prefetchable) [size=1M]
    \tRegion 4: Memory at fe804000 (32-bit, non-prefetchable) [size=16K]
    \tCapabilities: [40] Power Management version 3
    \t\tFlags: PMEClk- DSI- D1+ D2- AuxCurrent=0mA PME(D0-,D1-,D2-,D3hot-,D3cold-)
    \t\tStatus: D0 NoSoftRst- PME-Enable- DSel=0 DScale=0 PME-
    \tCapabilities: [48] MSI-X: Enable- Count=4 Masked-
    \t\tVector table: BAR=0 offset=00000000
    \t\tPBA: BAR=0 offset=00000800
    \tCapabilities: [60] Express (v2) Endpoint, MSI 00
    \t\tDevCap:\tMaxPayload 128 bytes, PhantFunc 0, Latency L0s <64ns, L1 <1us
    \t\t\tExtTag- AttnBtn- AttnInd- PwrInd- RBE+ FLReset+ SlotPowerLimit 0W
    00: 36 1b f1 10 06 00 10 00 01 00 00 ff 00 00 00 00
    10: 00 00 80 fe 00 00 00 00 0c 00 00 00 08 00 00 00
    20: 00 40 80 fe 00 00 00 00 00 00 00 00 f4 1a 00 11
    30: 00 00 00 00 40 00 00 00 00 00 00 00 00 00 00 00
    40: 01 48 03 02 00 00 00 00 11 60 03 00 00 00 00 00
    50: 00 08 00 00 00 00 00 00 00 00 00 00 00 00 00 00
    60: 10 00 02 00 00 80 00 10 00 00 00 00 00 00 00 00
    70: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
    80: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
    90: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
    a0: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
    b0: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
    c0: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
    d0: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
    e0: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
    f0: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00

    """
}
