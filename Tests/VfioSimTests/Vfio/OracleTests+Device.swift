// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import VfioSim

/// Groups F, G and H: memory off and on, resets and power states, and in which order things are closed.
extension OracleScript {
  static let devices = [
    OracleScript("F: memory off and on") { kernel, oracle in
      let rig = try await Rig.open(kernel, DeviceText.sharedMemory.function())
      try await rig.number(0..<8)
      let fd = try await rig.export(0, pages: 4).get()
      let map = try await rig.map(fd, pages: 4).get()
      let barMap = try await rig.mapBar(pages: 8).get()
      for address in [map, barMap] { _ = try await rig.driver.load(address) }
      try await oracle.row("F.cmd0", "0x0103") { try await rig.command() }
      try await oracle.row("F.disable", "reads back 0x0101") {
        try await rig.setMemory(false)
        return "reads back \(try await rig.command())"
      }
      try await oracle.row("F.bar_read_off", Say.sigbus) { try await rig.touch(barMap, is: 0) }
      try await oracle.row("F.bar_write_off", Say.sigbus) { Say.touched(try await rig.driver.store(barMap, 1)) }
      try await oracle.row("F.db_read_off", Say.sigbus) { try await rig.touch(map, is: 0) }
      try await oracle.row("F.db_mmap_off", "MAP_FAILED ENODEV(19)") { Say.mapped(try await rig.map(fd)) }
      let born = try await rig.export(4)
      try await oracle.row("F.export_off", "fd") { Say.exported(born) }
      try await oracle.row("F.export_off_mmap", "MAP_FAILED ENODEV(19)") {
        Say.mapped(try await rig.map(born.get()))
      }
      try await oracle.row("F.enable", "reads back 0x0103") {
        try await rig.setMemory(true)
        return "reads back \(try await rig.command())"
      }
      try await oracle.row("F.bar_read_on", "ok") { try await rig.touch(barMap, is: 0) }
    },

    OracleScript("G: a reset") { kernel, oracle in
      let rig = try await Rig.open(kernel, DeviceText.sharedMemory.function())
      try await rig.number(0..<8)
      let fd = try await rig.export(0, pages: 4).get()
      let map = try await rig.map(fd, pages: 4).get()
      let barMap = try await rig.mapBar(pages: 8).get()
      try await oracle.row("G.reset", "-> 0", isPart: true) { "-> \(Say.result(try await rig.driver.reset(rig.fd)))" }
      try await oracle.row("G.db_after", "ok") { try await rig.touch(map, is: 0) }
      try await oracle.row("G.reset_off", "-> 0, cmd=0x0101; BAR read \(Say.sigbus)") {
        try await rig.setMemory(false)
        let errno = try await rig.driver.reset(rig.fd)
        return "-> \(Say.result(errno)), cmd=\(try await rig.command()); BAR read \(try await rig.touch(barMap, is: 0))"
      }
      try await oracle.row("G.on_again", "BAR read ok") {
        try await rig.setMemory(true)
        return "BAR read \(try await rig.touch(barMap, is: 0))"
      }
    },

    OracleScript("G: power states") { kernel, oracle in
      let rig = try await Rig.open(kernel, DeviceText.randomNumbers.function(), bar: 4)
      try await rig.number(0..<4)
      let fd = try await rig.export(0, pages: 2).get()
      let map = try await rig.map(fd, pages: 2).get()
      let barMap = try await rig.mapBar(pages: 4).get()
      func bar() async throws -> String {
        "BAR read \(try await rig.touch(barMap, is: 0)) cmd=\(try await rig.command())"
      }
      try await oracle.row("G.pm", "PM cap at 0x7c; cmd=0x0103") {
        let place = rig.device.pci.function.powerManagement.map { String($0.offset, radix: 16) } ?? "none"
        return "PM cap at 0x\(place); cmd=\(try await rig.command())"
      }
      try await oracle.row("G.pm_d3", "BAR read \(Say.sigbus) cmd=0x0103") {
        try await rig.driver.writePowerState(rig.fd, .d3hot)
        return try await bar()
      }
      try await oracle.row("G.pm_d3_db", Say.sigbus) { try await rig.touch(map, is: 0) }
      let born = try await rig.export(2)
      try await oracle.row("G.pm_d3_export", "fd") { Say.exported(born) }
      try await oracle.row("G.pm_d3_export_mmap", "MAP_FAILED ENODEV(19)") { Say.mapped(try await rig.map(born.get())) }
      try await oracle.row("G.pm_d3_memon", Say.sigbus) {
        try await rig.setMemory(true)
        return try await rig.touch(barMap, is: 0)
      }
      try await oracle.row("G.pm_d0_again", "BAR read ok cmd=0x0103") {
        try await rig.driver.writePowerState(rig.fd, .d0)
        return try await bar()
      }
      try await oracle.row("G.pm_d0_memon", "BAR read ok") {
        try await rig.setMemory(true)
        return "BAR read \(try await rig.touch(barMap, is: 0))"
      }
      try await oracle.row("G.V_reset", "-> 0") { "-> \(Say.result(try await rig.driver.reset(rig.fd)))" }
    },
  ]

  static let closings = [
    OracleScript("H: a buffer that outlives its device's file") { kernel, oracle in
      let first = try await Rig.open(kernel, DeviceText.sharedMemory.function())
      let driver = first.driver
      let fd = try await first.export(0, pages: 16).get()
      let map = try await first.map(fd).get()
      try await driver.close(first.fd)
      try await oracle.row("H.mmap_orphan", "MAP_FAILED ENODEV(19)") { Say.mapped(try await first.map(fd)) }
      let again = try await driver.open(first.device)
      try await oracle.row("H.reopen", "-> 0") { "-> \(Say.result(again.failure))" }
      let rig = Rig(kernel: kernel, device: first.device, driver: driver, fd: try again.get(), bar: 2)
      try await oracle.row("H.mmap_orphan_reopen", "MAP_FAILED ENODEV(19)") { Say.mapped(try await rig.map(fd)) }
      try await oracle.row("H.map_orphan_reopen", Say.sigbus) { try await rig.touch(map, is: 0) }
      try await oracle.row("H.export_again", "fd") { Say.exported(try await rig.export()) }
    },

    OracleScript("H: a mapping of the BAR keeps the device open") { kernel, oracle in
      let rig = try await Rig.open(kernel, DeviceText.sharedMemory.function())
      try await rig.number(0..<8)
      let driver = rig.driver
      let fd = try await rig.export(0, pages: 4).get()
      let barMap = try await rig.mapBar(pages: 8).get()
      try await driver.close(rig.fd)
      try await oracle.row("H.bar_map_keeps_dev", "BAR read ok") { "BAR read \(try await rig.touch(barMap, is: 0))" }
      let mapped = try await rig.map(fd)
      try await oracle.row("H.db_mmap_while_bar_map", "mapped; first read: ok") {
        Say.mapped(mapped) + "; first read: " + (try await rig.touch(mapped.get(), is: 0))
      }
      try await oracle.row("H.open_while_bar_map", "-1 EINVAL(22)") {
        Say.result(try await driver.open(rig.device).failure)
      }
      try await oracle.row("H.db_after_bar_unmap", Say.sigbus) {
        try await driver.munmap(barMap, length: 8 * Page.size)
        return try await rig.touch(mapped.get(), is: 0)
      }
      try await oracle.row("H.open_after_bar_unmap", "-> 0") {
        "-> \(Say.result(try await driver.open(rig.device).failure))"
      }
    },

    OracleScript("H: only a mapping of the buffer is left") { kernel, oracle in
      let rig = try await Rig.open(kernel, DeviceText.sharedMemory.function())
      let driver = rig.driver
      let fd = try await rig.export(0, pages: 4).get()
      let map = try await rig.map(fd).get()
      _ = try await driver.load(map)
      try await driver.close(fd)
      try await driver.close(rig.fd)
      try await oracle.row("H.only_db_map", "read \(Say.sigbus)") { "read \(try await rig.touch(map, is: 0))" }
      _ = try await driver.open(rig.device).get()
      try await oracle.row("H.only_db_map_open_rd", "read \(Say.sigbus)") { "read \(try await rig.touch(map, is: 0))" }
    },

    OracleScript("H: the driver is unbound") { kernel, oracle in
      let rig = try await Rig.open(kernel, DeviceText.sharedMemory.function())
      let fd = try await rig.export().get()
      try await rig.driver.close(rig.fd)
      try await rig.device.unregister()
      try await oracle.row("H.orphan_mmap_after_unbind", "MAP_FAILED ENODEV(19)") {
        Say.mapped(try await rig.map(fd))
      }
    },
  ]
}
