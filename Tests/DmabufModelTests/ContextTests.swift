// SPDX-License-Identifier: GPL-2.0-only

import Testing

@Suite("Each public function that can wait")
struct ContextTests {
  /// A function, with its comment.
  struct Function {
    var place: String
    var signature: String
    var isPublic: Bool
    var comment: [Substring]

    /// Whether the function is `async` itself; a closure that it takes or answers does not count.
    var isAsync: Bool {
      var depth = 0
      let outside = signature.filter { character in
        if character == "(" { depth += 1 }
        if character == ")" { depth -= 1 }
        return depth == 0
      }
      return outside.prefix { $0 != "{" }.split(separator: " -> ").first?.split(separator: " ").contains("async")
        == true
    }

    var namesContext: Bool { comment.contains { $0.wholeMatch(of: /\/\/\/ - Context: \S.*/) != nil } }
  }

  /// The functions of a file, found by its layout, which the formatter gives: one declaration a line, a scope indented.
  static func functions(of source: TidyTests.Source) -> [Function] {
    var all: [Function] = []
    var comment: [Substring] = []
    // The indentation of a protocol or an extension whose members are public without the word.
    var scope: Int?
    for (index, line) in source.lines.enumerated() {
      let text = line.drop { $0 == " " }
      let indentation = line.count - text.count
      if text.hasPrefix("///") {
        comment.append(text)
        continue
      }
      if text.first == "@", text.wholeMatch(of: /(?:@\w+(?:\([^)]*\))? ?)+/) != nil { continue }
      defer { comment.removeAll() }
      if text.hasPrefix("}"), indentation == scope { scope = nil }
      if ["public protocol ", "public extension "].contains(where: text.hasPrefix), text.last == "{" {
        scope = indentation
      }
      // A regular expression is slow in a build without optimisation, and most lines declare no function.
      guard text.split(separator: " ", maxSplits: 6).contains(where: { $0 == "func" || $0.hasPrefix("init") }),
        let found = text.prefixMatch(of: declaration)
      else { continue }
      let modifiers = found.output.1.split(separator: " ")
      let isPublic = modifiers.contains("public") || scope != nil && !modifiers.contains { $0.hasSuffix("private") }
      all.append(
        Function(
          place: "\(source.path):\(index + 1)", signature: signature(source.lines[index...]), isPublic: isPublic,
          comment: comment))
    }
    return all
  }

  /// The head of a function: its attributes, its modifiers, its name.
  static var declaration: Regex<(Substring, Substring)> {
    /(?:@\w+(?:\([^)]*\))? )*((?:[a-z]+(?:\([a-z]+\))? )*)(?:func [^ (<]+|init)[?(<]/
  }

  /// The lines of a signature in one: it goes on while a parenthesis is open, and on a line that begins with `async`,
  /// `throws`, an arrow, `where` or the brace.
  static func signature(_ lines: ArraySlice<Substring>) -> String {
    var text = ""
    var depth = 0
    for line in lines {
      let part = line.drop { $0 == " " }
      if !text.isEmpty, depth == 0, !part.contains(/^(?:async|throws|->|where|\{)/) { break }
      text += (text.isEmpty ? "" : " ") + part
      depth += part.count { $0 == "(" } - part.count { $0 == ")" }
      if depth == 0, text.hasSuffix("{") { break }
    }
    return text
  }

  /// The names in C are left out: they cannot be called.
  static let all = TidyTests.sources.filter { !$0.path.hasSuffix("+KernelNames.swift") }.flatMap(functions)
    .filter { $0.isPublic && $0.isAsync }

  /// Whether it may sleep, and which locks it takes, needs or forbids: a reader has to find that at the same place.
  @Test("says in its comment in which context it may be called")
  func context() {
    #expect(Self.all.count > 150)
    for function in Self.all where !function.namesContext {
      Issue.record("\(function.place): no line `/// - Context: …` above \(function.signature.prefix(80))")
    }
  }

  @Test("is found by the shape of its declaration", arguments: shapes)
  func shape(text: String, expected: [Bool]) {
    let source = TidyTests.Source(
      path: "Shape.swift", lines: text.split(separator: "\n", omittingEmptySubsequences: false))
    let found = Self.functions(of: source).filter { $0.isPublic && $0.isAsync }
    #expect(found.map(\.namesContext) == expected, "\(text)")
  }

  static let shapes: [(String, [Bool])] = [
    ("  /// Waits.\n  ///\n  /// - Context: May sleep.\n  public func wait() async throws(KernelFault) {", [true]),
    ("  /// Waits.\n  ///\n  /// - Context:\n  public func wait() async {", [false]),
    ("  /// - Context: Any.\n\n  public func wait() async {", [false]),
    ("  /// - Context: Any.\n  @discardableResult\n  public func wait() async -> Int {", [true]),
    ("  public nonisolated func wait(\n    _ one: Int,\n    two: Int\n  ) async throws(KernelFault) -> Int {", [false]),
    ("  public func wait<T>(for value: T)\n    async throws(KernelFault)\n    -> T where T: Sendable {", [false]),
    ("  public static func open(_ device: Int) async throws(KernelFault) -> Int { 0 }", [false]),
    ("  public init(_ device: Int) async {", [false]),
    ("  /// - Context: Any.\n  @inlinable @inline(__always)\n  public func wait() async {", [true]),
    ("  @inline(__always) public nonisolated(nonsending) func wait() async {", [false]),
    ("  func wait() async {", []),
    ("  private func wait() async {", []),
    ("  public func run(_ body: @escaping () async throws -> Void) {", []),
    ("  public func body() -> (() async -> Void) {", []),
    ("  public func step() { Task { await async() } }", []),
    ("public protocol File {\n  /// - Context: Any.\n  func put() async\n\n  func get()\n    async\n}", [true, false]),
    ("protocol File {\n  func put() async\n}", []),
    ("public extension File {\n  func put() async {\n  }\n}\nextension File {\n  func get() async {\n  }\n}", [false]),
    ("public extension File {\n  private func put() async {\n  }\n}", []),
    ("public struct File {\n  func put() async {\n  }\n}", []),
  ]
}
