// SPDX-License-Identifier: GPL-2.0-only

public import DmabufModel

/// An argument of a system call: readable, or at an address that cannot be read.
public enum UserArgument<Value: Sendable>: Sendable {
  /// The value that the kernel copies in.
  case value(Value)
  /// Copying it in fails with `Errno.badAddress`.
  case unreadable
}

/// What can be asked of a VFIO device's file.
public enum VfioDeviceRequest: IoctlRequest {
  /// Resets the function.
  ///
  /// The corresponding C constant is `VFIO_DEVICE_RESET`.
  case reset
  /// Exports ranges of a BAR as a buffer.
  ///
  /// The corresponding C constant is `VFIO_DEVICE_FEATURE_DMA_BUF`.
  case featureDmaBuf(ExportArguments)
  /// Revokes a buffer for good.
  ///
  /// The corresponding C constant is `VFIO_DEVICE_PCI_DMABUF_REVOKE`.
  case dmaBufRevoke(UserArgument<RevokeArguments>)
}

/// A request to revoke a buffer.
///
/// The corresponding C type is `struct vfio_pci_dmabuf_revoke`.
public struct RevokeArguments: Sendable, Hashable {
  /// The size of the structure as the caller gives it, in bytes; at least ``minimumSize``.
  public let argumentSize: UInt32
  /// The buffer's descriptor.
  public let descriptor: UInt32

  /// Makes a request.
  public init(argumentSize: UInt32 = RevokeArguments.minimumSize, descriptor: FileDescriptor) {
    self.argumentSize = argumentSize
    self.descriptor = UInt32(bitPattern: descriptor.rawValue)
  }

  /// The least size of the structure, in bytes.
  public static let minimumSize: UInt32 = 8
}

/// A request to export memory.
///
/// The corresponding C type is `struct vfio_device_feature_dma_buf`.
public struct ExportArguments: Sendable, Hashable {
  /// The BAR.
  public let regionIndex: Int
  /// The mode in which the new file is open.
  public let openFlags: OpenFlags
  /// Must be zero: bits for attributes belong to a later patch of the series.
  public let flags: UInt32
  /// The ranges, as offsets into the BAR.
  public let ranges: [PhysicalRange]

  /// Makes a request.
  public init(region: Int, ranges: [PhysicalRange], openFlags: OpenFlags = .readWrite, flags: UInt32 = 0) {
    regionIndex = region
    self.ranges = ranges
    self.openFlags = openFlags
    self.flags = flags
  }
}
