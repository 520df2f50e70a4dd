// SPDX-License-Identifier: GPL-2.0-only

public import DmabufModel

/// Whether a buffer may be used.
///
/// The corresponding C type is `enum vfio_pci_dma_buf_status`.
public enum DmaBufStatus: UInt8, Sendable, CustomStringConvertible {
  /// The buffer may be used.
  ///
  /// The corresponding C constant is `VFIO_PCI_DMABUF_OK`.
  case ok
  /// The buffer may not be used until a reset has ended or the memory is on again.
  ///
  /// The corresponding C constant is `VFIO_PCI_DMABUF_TEMP_REVOKED`.
  case temporarilyRevoked
  /// The buffer may never be used again.
  ///
  /// The corresponding C constant is `VFIO_PCI_DMABUF_PERM_REVOKED`.
  case permanentlyRevoked

  /// The C name without its prefix.
  public var description: String {
    switch self {
    case .ok: "OK"
    case .temporarilyRevoked: "TEMP_REVOKED"
    case .permanentlyRevoked: "PERM_REVOKED"
    }
  }
}

extension DmaBufStatus: Fingerprinted {}
