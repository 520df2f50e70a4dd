// SPDX-License-Identifier: GPL-2.0-only

internal import Synchronization

/// Where a long search writes down how far it is, so that another process can go on from there.
///
/// One file for each search, with a name made of the search's; it is replaced as a whole, so that there is always one
/// that can be read. A file of another search, strategy, scenario or version is refused, and so is one that is not as
/// it was written: its last line is a checksum of all before it, since a tree that was
/// edited proves nothing. The file is removed when the search has ended or has found something: what follows a
/// correction is searched from the beginning.
struct Checkpoint: Sendable {
  /// The version of the files: another one when what is in them changes.
  private static let version = "dmabuf-checkpoint-2"

  let folder: String
  let path: String
  /// What the file has to belong to.
  private let identity: String
  /// The number of executions between two writes of the file.
  private let interval: Int

  /// Names the file of a search.
  ///
  /// - Parameters:
  ///   - folder: An existing folder.
  ///   - name: The search.
  ///   - identity: What the result depends on beside the scenario.
  ///   - scenario: A digest of the scenario.
  ///   - interval: The number of executions between two writes of the file.
  init(in folder: String, _ name: SearchName, _ identity: String, scenario: String, interval: Int) {
    self.folder = folder
    path = "\(folder)/\(name.tag).checkpoint"
    self.identity = "\(Self.version) \(CheckpointText.escaped("\(name.tag) \(identity)")) \(scenario)"
    self.interval = interval
  }

  /// What was written down last; nothing if there is no file.
  func read<State: Resumable>(_ state: inout State) throws(CheckpointError) -> Bool {
    guard let text = Output.readFile(path) else {
      if Output.exists(path) { throw .unreadable(path) }
      return false
    }
    let parts = text.split(separator: "\n", maxSplits: 1)
    guard parts.count == 2, let found = parts.first, found.hasPrefix("dmabuf-checkpoint-") else {
      throw .unreadable(path)
    }
    // Another version's file may have no checksum, but says what it is.
    let isOfThisVersion = found.hasPrefix("\(Self.version) ")
    let body = isOfThisVersion ? Self.checked(text) : nil
    if isOfThisVersion && body == nil { throw .unreadable(path) }
    guard let body, found == identity else { throw .foreign(path, found: String(found), expected: identity) }
    var reader = CheckpointText.Reader(body.dropFirst(found.count))
    guard let read = State(&reader, like: state), reader.isAtEnd else { throw .unreadable(path) }
    state = read
    return true
  }

  /// Whether it is time to write, given the number of executions since the last time.
  func isDue(_ executions: Int) -> Bool { executions >= interval }

  /// Finds out before the work whether a folder can take checkpoints.
  static func require(_ folder: String) throws(CheckpointError) {
    if let reason = Output.reasonAgainst(folder: folder) { throw .unwritable(reason) }
  }

  /// Writes down how far a search is.
  ///
  /// That it cannot be written any more does not end the search, and is said once.
  func write(_ state: some Resumable) {
    var text = CheckpointText()
    state.write(to: &text)
    let checked = identity + "\n" + text.text + "\n"
    guard let reason = Output.replaceFile(path, checked + Self.checksum(checked)) else { return }
    if Self.hasComplained.exchange(true, ordering: .relaxed) { return }
    Output.writeToStandardError("\(CheckpointError.unwritable(reason)); the search goes on without\n")
  }

  private static let hasComplained = Atomic<Bool>(false)

  /// The last line of a file.
  private static func checksum(_ text: some StringProtocol) -> String {
    let digits = String(Schedule.hash(String(text)), radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits + "\n"
  }

  /// What is before the last line, if that is right.
  private static func checked(_ text: String) -> Substring? {
    let body = text.dropLast(17)
    return text[body.endIndex...] == checksum(body) ? body : nil
  }

  /// Takes the file away.
  func remove() { Output.removeFile(path) }
}

/// A part of a search's state that can be written down and read again.
protocol Resumable: Sendable {
  /// Reads the state of a search that has been set up in the same way as another one.
  init?(_ reader: inout CheckpointText.Reader, like fresh: Self)

  /// Writes it down.
  func write(to text: inout CheckpointText)
}

/// Why a checkpoint could not be used.
public enum CheckpointError: Error, Sendable, Hashable, CustomStringConvertible {
  /// It belongs to something else.
  case foreign(String, found: String, expected: String)
  /// It is damaged.
  case unreadable(String)
  /// It could not be written.
  case unwritable(String)
  /// The strategy has no state that could be written down.
  case unsupported

  /// One line: the file, and what is wrong with it.
  public var description: String {
    switch self {
    case .foreign(let path, let found, let expected):
      "\(path) is the checkpoint of another search or version: it is for '\(found)', expected '\(expected)'; remove it to "
        + "begin again"
    case .unreadable(let path): "\(path) is not a checkpoint that can be read; remove it to begin again"
    case .unwritable(let reason):
      "a checkpoint cannot be written: \(reason); expected a folder that is there and can be written to"
    case .unsupported: "this strategy cannot be resumed; leave the checkpoint out"
    }
  }
}

/// Words in a row, as they are in a checkpoint.
struct CheckpointText {
  private(set) var text = ""

  mutating func add(_ number: some BinaryInteger) {
    text += String(number)
    text += " "
  }

  mutating func add(_ word: String) {
    text += Self.escaped(word)
    text += " "
  }

  mutating func add<Element>(_ elements: some Collection<Element>, _ each: (inout CheckpointText, Element) -> Void) {
    add(elements.count)
    for element in elements { each(&self, element) }
  }

  /// A text as one word: nothing in it that ends words or lines.
  static func escaped(_ text: String) -> String {
    "=" + text.utf8.map { $0 > 0x20 && $0 < 0x7F && $0 != 0x25 ? String(UnicodeScalar($0)) : "%\($0)." }.joined()
  }

  /// Takes the words off again.
  struct Reader {
    private var rest: ArraySlice<Substring>

    init(_ text: Substring) { rest = text.split { $0 == " " || $0 == "\n" }[...] }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func number<Number: FixedWidthInteger>(_ kind: Number.Type = Int.self) -> Number? {
      rest.popFirst().flatMap { Number($0) }
    }

    mutating func word() -> String? {
      guard let word = rest.popFirst(), word.first == "=" else { return nil }
      var bytes: [UInt8] = []
      var left = word.utf8.dropFirst()
      while let byte = left.popFirst() {
        guard byte == 0x25 else {
          bytes.append(byte)
          continue
        }
        guard let end = left.firstIndex(of: 0x2E), let value = UInt8(String(left[..<end]) ?? "") else { return nil }
        bytes.append(value)
        left = left[left.index(after: end)...]
      }
      return String(decoding: bytes, as: UTF8.self)
    }

    mutating func list<Element>(_ each: (inout Reader) -> Element?) -> [Element]? {
      guard let count = number(), count >= 0, count <= rest.count else { return nil }
      var all: [Element] = []
      for _ in 0..<count {
        guard let element = each(&self) else { return nil }
        all.append(element)
      }
      return all
    }
  }
}
