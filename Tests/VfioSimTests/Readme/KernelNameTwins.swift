// SPDX-License-Identifier: GPL-2.0-only

import Foundation

/// Members spelled as in C that cannot be called: the compiler answers with the Swift name.
///
/// They are made of the comments that give a C name. Each folder has them in a file of its own, since a file names types
/// of its own floor and of those below.
enum KernelNameTwins {
  struct Twin {
    var type: String
    var c: String
    var swift: String
    var lines: [String]
  }

  /// The paths of the files with twins of a module and what is in them.
  static func files(of module: String) throws -> [(path: String, text: String)] {
    let root = ReadmeTests.file("Sources/\(module)").path
    var folders: [(name: String, twins: [Twin])] = []
    for file in Citations.files(in: "Sources/\(module)", named: ".swift").sorted(by: { $0.path < $1.path }) {
      let twins = twins(in: try String(contentsOf: file, encoding: .utf8))
      let folder = String(file.deletingLastPathComponent().path.dropFirst(root.count + 1))
      if twins.isEmpty || folder.contains("/") { continue }
      if folders.last?.name != folder { folders.append((folder, [])) }
      folders[folders.count - 1].twins += twins
    }
    return folders.compactMap { folder, twins in
      let twins = withoutDoubles(twins)
      if twins.isEmpty { return nil }
      let imports = module == "DmabufModel" ? "" : "public import DmabufModel\n\n"
      return ("Sources/\(module)/\(folder)/\(folder)+KernelNames.swift", text(twins, imports: imports))
    }
  }

  private static func twins(in text: String) -> [Twin] {
    KernelNames.entries(in: text).compactMap { entry in
      let name = entry.swift.dropFirst(entry.type.isEmpty ? 0 : entry.type.count + 1).prefix { $0 != "(" }
      let isName = entry.c.wholeMatch(of: /[A-Za-z_]\w*/) != nil
      guard isName, entry.c != name, !entry.type.isEmpty, let parts = parts(of: entry.code) else { return nil }
      let body = parts.tail.contains("->") ? "{ neverCalled() }" : "{}"
      let line = "  \(parts.head)func \(entry.c)(_: Any?...) \(parts.tail)\(body)"
      return Twin(
        type: entry.type, c: entry.c, swift: String(name),
        lines: [
          "  /// Is called `\(name)` here.", "  @available(*, unavailable, renamed: \"\(name)\")",
          line.count <= 120 ? line : line.replacing("{ neverCalled() }", with: "{\n    neverCalled()\n  }"),
        ])
    }
  }

  /// What stands before `func` and behind the parameters of a public function that is not generic.
  private static func parts(of code: String) -> (head: String, tail: String)? {
    let code = code.replacing(#/^(?:@[a-zA-Z]+(?:\([^)]*\))? )*/#, with: "", maxReplacements: 1)
    guard let function = code.prefixMatch(of: /(public (?:static |nonisolated )*)func \w+(?=\()/) else { return nil }
    var depth = 0
    let rest = code[function.range.upperBound...]
    guard
      let end = rest.firstIndex(where: { character in
        depth += character == "(" ? 1 : character == ")" ? -1 : 0
        return depth == 0
      })
    else { return nil }
    return (String(function.output.1), String(rest[end...].dropFirst(2).prefix { $0 != "{" }))
  }

  /// Leaves out what one type has twice, unless both mean the same, and what is also a name in Swift.
  private static func withoutDoubles(_ twins: [Twin]) -> [Twin] {
    var kept: [Twin] = []
    for twin in twins {
      let same = twins.filter { $0.type == twin.type && $0.c == twin.c }
      if same.contains(where: { $0.swift != twin.swift }) { continue }
      if !kept.contains(where: { $0.type == twin.type && $0.c == twin.c }) { kept.append(twin) }
    }
    return kept
  }

  private static func text(_ twins: [Twin], imports: String) -> String {
    var types: [String] = []
    for twin in twins where !types.contains(twin.type) { types.append(twin.type) }
    let extensions = types.map { type in
      let members = twins.filter { $0.type == type }.map { $0.lines.joined(separator: "\n") }
      return "// The names in C, for those who type them; no code can call these.\nextension \(type) {\n"
        + members.joined(separator: "\n\n") + "\n}\n"
    }
    return """
      // SPDX-License-Identifier: GPL-2.0-only
      // swift-format-ignore-file: AlwaysUseLowerCamelCase

      // Written by: ACCEPT_KERNEL_NAMES=1 swift test --filter CatalogueTests


      """ + imports + extensions.joined(separator: "\n")
  }
}
