// SPDX-License-Identifier: GPL-2.0-only

/// What a part of a divided search has explored while threads sleep that slept where it began.
///
/// A thread sleeps where the part begins because others explore what begins with its step. They may find, later than
/// this part is explored, that something is missing here which only they can see; so it must be known what has been
/// explored, in order to find out whether that is new. Once all who slept at the beginning have been woken, nothing can
/// come from there: behind such a place all is explored. So the region ends there, and is small.
struct ExploredRegion {
  private struct Place {
    /// Those who have slept since the beginning.
    var sleepers: ThreadSet
    var explored: [PlanBranch] = []
  }

  private let floor: Int
  /// The places of the current execution that are in the region.
  private var places: [Place] = []

  /// Prepares a region that begins after a number of steps.
  init(from floor: Int) { self.floor = floor }

  /// Notes a place that no execution has come to.
  mutating func enter(place: Int, asleep: ThreadSet) {
    guard places.count == place - floor else { return }
    let sleepers = places.last.map { $0.sleepers.intersection(asleep) } ?? asleep
    if !sleepers.isEmpty { places.append(Place(sleepers: sleepers)) }
  }

  /// Notes that all has been explored that follows a step taken from a place.
  mutating func leave(place: Int, _ step: () -> PlanBranch) {
    let index = place - floor
    guard index < places.count else { return }
    var branch = step()
    if index + 1 < places.count { branch.children = places.removeLast().explored }
    places[index].explored.append(branch)
  }

  /// What has been explored from a place; none if nothing can come late there.
  func explored(at place: Int) -> [PlanBranch]? {
    place - floor < places.count ? places[place - floor].explored : nil
  }
}
