// SPDX-License-Identifier: GPL-2.0-only

/// The place of a PCI function in the machine: domain, bus, device and function number.
public struct PciSlot: Hashable, Sendable {
  /// The PCI domain, also called segment; 0 on most machines.
  ///
  /// Wider than the 16 bits of ACPI, because Linux numbers the domains that it invents itself (VMD) from 0x10000.
  package let domain: UInt32

  /// The bus number.
  package let bus: UInt8

  /// The device number on the bus, 0 to 31.
  package let device: UInt8

  /// The function number in the device, 0 to 7.
  package let function: UInt8

  /// Creates a slot from its numbers, or nothing if the device or the function number is out of range.
  public init?(domain: UInt32 = 0, bus: UInt8, device: UInt8, function: UInt8) {
    guard device < 32, function < 8 else { return nil }
    self.domain = domain
    self.bus = bus
    self.device = device
    self.function = function
  }

  /// Reads a slot as `lspci` and the kernel write it: `1b:00.0` or `0000:1b:00.0`, in hexadecimal digits.
  ///
  /// The domain may be left out and is then 0. Anything else in the text makes the result nothing.
  public init?(_ text: some StringProtocol) {
    let fields = text.split(separator: ":", omittingEmptySubsequences: false)
    guard fields.count == 2 || fields.count == 3 else { return nil }
    let last = fields[fields.count - 1].split(separator: ".", omittingEmptySubsequences: false)
    guard last.count == 2,
      let bus = UInt8(hexDigits: fields[fields.count - 2], count: 2...2),
      let device = UInt8(hexDigits: last[0], count: 2...2),
      let function = UInt8(hexDigits: last[1], count: 1...1)
    else { return nil }
    var domain: UInt32 = 0
    if fields.count == 3 {
      guard let number = UInt32(hexDigits: fields[0], count: 4...8) else { return nil }
      domain = number
    }
    self.init(domain: domain, bus: bus, device: device, function: function)
  }

  /// The name that the kernel gives to the function, always with its domain: `0000:1b:00.0`.
  ///
  /// The corresponding C function is `pci_name`.
  package var name: String { "\(domain.hex(digits: 4)):\(shortName)" }

  private var shortName: String { "\(bus.hex(digits: 2)):\(device.hex(digits: 2)).\(function)" }
}

extension PciSlot: CustomStringConvertible {
  /// The slot as `lspci` prints it on a machine with one domain; the domain is written only if it is not 0.
  public var description: String { domain == 0 ? shortName : name }
}
