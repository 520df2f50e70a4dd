// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import Foundation
import Testing
import VfioSim

@Suite("No text makes the parser trap")
struct LspciFuzzTests {
  /// Parses a text, looks at every fact, and returns the number of devices in it; nothing if a result is not sound.
  private func devices(_ text: String) -> Int? {
    var devices = 0
    do throws(PciDumpError) {
      for result in try LspciDump.functions(in: text) {
        switch result {
        case .success(let function):
          guard isSound(function) else { return nil }
          devices += 1
        case .failure(let error):
          guard isSound(error) else { return nil }
        }
      }
      return devices
    } catch {
      return isSound(error) ? 0 : nil
    }
  }

  private func isSound(_ function: PciFunction) -> Bool {
    let windows = function.bars.compactMap { $0 } + [function.rom].compactMap { $0 }
    return !function.memoryBars.isEmpty && function.bars.count == 6
      && windows.allSatisfy { $0.size.nonzeroBitCount == 1 && $0.addresses.lowerBound % $0.size == 0 }
      && function.memoryBars.allSatisfy { $0.size >= 16 && $0.address > 0 && $0.addresses.count > 0 }
      && Set(function.capabilities.map(\.offset)).count == function.capabilities.count
  }

  private func isSound(_ error: PciDumpError) -> Bool {
    let text = "\(error)"
    return !text.utf8.contains(UInt8(ascii: "\n")) && (error.line == nil || text.hasPrefix("line "))
  }

  /// The text with its configuration space cut down to the standard one, which keeps long runs of zeros out.
  private func short(_ text: String) -> String {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    lines.removeAll { $0.firstMatch(of: #/^[0-9a-f]{3}:\s/#) != nil }
    return lines.joined(separator: "\n")
  }

  private static let isDeep = ProcessInfo.processInfo.environment["DMABUF_DEEP"] != nil

  /// The places in bytes to cut a line at, except where a line is like many others: every fourth one, and its end; all
  /// of them with `DMABUF_DEEP=1`.
  ///
  /// The parser skips the words of deeper lines, and the rows of the extended space differ in their offset only.
  private func cuts(_ line: Substring, _ range: ClosedRange<Int>) -> [Int] {
    if line.hasPrefix("\t\t") { return [range.upperBound] }
    if let row = line.firstMatch(of: #/^[0-9a-f]([0-9a-f]{2}):\s/#) { return row.1 == "00" ? [range.upperBound] : [] }
    return range.filter { Self.isDeep || $0 % 4 == 0 || $0 == range.upperBound }
  }

  @Test("cut off within the lines that are read, and at the ends of others", arguments: Dumps.names)
  func prefixes(name: String) throws {
    for (slot, text) in try Dumps.functions(name) {
      let bytes = Array(text.utf8)
      var end = 0
      for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
        let start = end
        end = min(start + line.utf8.count + 1, bytes.count)
        for cut in cuts(line, start...end) {
          guard devices(String(decoding: bytes[..<cut], as: UTF8.self)) != nil else {
            Issue.record("\(name) \(slot) cut at \(cut)")
            return
          }
        }
      }
      #expect(end == bytes.count)
    }
  }

  @Test("with bytes changed, dropped and doubled", arguments: Dumps.names)
  func mutations(name: String) throws {
    var random = SplitMix64(seed: 0x5eed)
    let texts = try Dumps.functions(name).map { Array(short($0.text).utf8) }
    let alphabet = Array("\n\t\r :.[]<>()/=0123456789abcdefgKMGTx-,é".utf8)
    var accepted = 0
    for round in 0..<(Self.isDeep ? 2_000 : 500) {
      guard var bytes = texts.randomElement(using: &random) else { return }
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes[place] = .random(in: 0...255, using: &random)
        case 1: bytes[place] = alphabet.randomElement(using: &random) ?? 0
        case 2: bytes.remove(at: place)
        default: bytes.insert(bytes[place], at: place)
        }
      }
      let text = String(decoding: bytes, as: UTF8.self)
      guard let devices = devices(text) else {
        Issue.record("\(name) round \(round):\n\(text)")
        return
      }
      accepted += devices
    }
    #expect((accepted > 0) == (LspciDumpsTests.accepted[name]?.isEmpty == false))
  }

  @Test("with the registers filled at random")
  func images() {
    var random = SplitMix64(seed: 0xba5)
    var accepted = 0
    for round in 0..<500 {
      var text = "00:05.0 X\n"
      for index in 0..<6 {
        let width = Bool.random(using: &random) ? "64-bit" : "32-bit"
        let flags = Bool.random(using: &random) ? "" : "non-"
        text += "\tRegion \(index): Memory at \(String(UInt64.random(in: 0 ... .max, using: &random) << 20, radix: 16))"
        text += " (\(width), \(flags)prefetchable) [virtual] [size=\(1 << Int.random(in: 0..<20, using: &random))]\n"
      }
      for row in 0..<16 {
        let bytes = (0..<16).map { column in
          let byte = row == 0 && column == 14 ? 0 : UInt8.random(in: 0...255, using: &random)
          return (byte < 16 ? " 0" : " ") + String(byte, radix: 16)
        }
        text += (row == 0 ? "00" : "\(String(row, radix: 16))0") + ":" + bytes.joined() + "\n"
      }
      guard let devices = devices(text) else {
        Issue.record("round \(round):\n\(text)")
        return
      }
      accepted += devices
    }
    #expect(accepted > 0)
  }
}
