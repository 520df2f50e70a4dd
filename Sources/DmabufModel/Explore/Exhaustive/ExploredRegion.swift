// SPDX-License-Identifier: GPL-2.0-only

/// What a part of a divided search has explored while threads sleep that slept where it began.
///
/// A thread sleeps where the part begins because others explore what begins with its step. They may find, later than
/// this part is explored, that something is missing here which only they can see; so it must be known what has been
/// explored, in order to find out whether that is new. Once all who slept at the beginning have been woken, nothing can
/// come from there: behind such a place all is explored. So the region ends there, and is small.
struct ExploredRegion {
  private struct Frame {
    /// Those who have slept since the beginning.
    var sleepers: ThreadSet
    var explored: [PlanBranch] = []
  }

  private let prefixLength: Int
  /// The frames of the current execution that are in the region.
  private var frames: [Frame] = []

  /// Prepares a region that begins after a number of steps.
  init(from prefixLength: Int) { self.prefixLength = prefixLength }

  /// Notes a frame of a prefix that no execution has had.
  mutating func enter(_ depth: Int, sleepSet: ThreadSet) {
    guard frames.count == depth - prefixLength else { return }
    let sleepers = frames.last.map { $0.sleepers.intersection(sleepSet) } ?? sleepSet
    if !sleepers.isEmpty { frames.append(Frame(sleepers: sleepers)) }
  }

  /// Notes that everything after the step of a frame has been explored.
  mutating func close(_ depth: Int, _ step: () -> PlanBranch) {
    let index = depth - prefixLength
    guard index < frames.count else { return }
    var branch = step()
    if index + 1 < frames.count { branch.children = frames.removeLast().explored }
    frames[index].explored.append(branch)
  }

  /// What has been explored from a frame; nothing if no sequence can be found to be missing there later.
  func explored(at depth: Int) -> [PlanBranch]? {
    depth - prefixLength < frames.count ? frames[depth - prefixLength].explored : nil
  }
}
