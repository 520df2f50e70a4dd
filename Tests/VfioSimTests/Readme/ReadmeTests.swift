// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import Foundation
import Testing
import VfioSim

@Suite("The README tells what is true")
struct ReadmeTests {
  @Test("its example is the one that is compiled and run here")
  func example() throws {
    let test = try String(contentsOf: Self.file("Tests/VfioSimTests/Readme/ReadmeExampleTests.swift"), encoding: .utf8)
    let parts = test.components(separatedBy: "// begin example\n")
    let code = try #require(parts.last?.components(separatedBy: "// end example").first)
    let readme = try String(contentsOf: Self.file("README.md"), encoding: .utf8)
    #expect(readme.contains("```swift\n\(code)```"))
  }

  @Test("its report is what a fault without its second look gives")
  func report() throws {
    let failure = try #require(throws: ScheduleFailure.self) {
      var options = ReportOptions()
      options.columns = 120
      return try explore(.exhaustive, reporting: options, name: "faultAgainstRevoke") { kernel in
        let device = VfioPciDevice(kernel, driver: WithoutSecondLook())
        let driver = UserProcess(kernel, "driver")
        let deviceFd = try await driver.open(device).get()
        let dmabufFd = try await driver.exportDmaBuf(deviceFd, bar: 2).get()
        let address = try await driver.mmap(dmabufFd, length: Page.size).get()
        kernel.thread("fault") { _ = try await driver.load(address) }
        kernel.thread("revoke") { try await driver.revokeDmaBuf(dmabufFd, on: deviceFd) }
        try await kernel.join()
      }
    }
    var readme = try String(contentsOf: Self.file("README.md"), encoding: .utf8)
    // A change of the driver that moves the figures is taken over with ACCEPT_README=1.
    if ProcessInfo.processInfo.environment["ACCEPT_README"] != nil {
      let text = failure.report(.plain).trimmingCharacters(in: .newlines)
      readme = readme.replacing(/```text\nalive after revoke(?:.|\n)*?\n```/) { _ in "```text\n\(text)\n```" }
      try readme.write(to: Self.file("README.md"), atomically: true, encoding: .utf8)
    }
    // Places in the source move; the finding, the pair that decides and the schedule do not.
    let lines = failure.report(.plain).components(separatedBy: "\n")
    for line in lines where line == lines.first || line.hasPrefix("flip:") || line.hasPrefix("found by") {
      #expect(readme.contains(line), "\(line)")
    }
    #expect(readme.contains(failure.schedule), "\(failure.schedule)")
  }

  @Test("it lists what is not modelled, in the words of the disabled tests")
  func notModelled() throws {
    let readme = try String(contentsOf: Self.file("README.md"), encoding: .utf8).replacing("\n  ", with: " ")
    let tests = try String(contentsOf: Self.file("Tests/VfioSimTests/Vfio/NotModelledTests.swift"), encoding: .utf8)
    let reasons = tests.matches(of: /\.disabled\("(.*?)"\)/).map { String($0.output.1) }
    #expect(reasons.count > 20)
    for reason in reasons { #expect(readme.contains("- \(reason)")) }
  }

  static func file(_ path: String) -> URL {
    URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../\(path)").standardized
  }
}
