// swift-tools-version: 6.2
// SPDX-License-Identifier: GPL-2.0-only

import PackageDescription

let ours: [Target.Dependency] = [
  .product(name: "DmabufModel", package: "DmabufModel"), .product(name: "VfioSim", package: "DmabufModel"),
]
let bodies: [SwiftSetting] = [.enableUpcomingFeature("NonisolatedNonsendingByDefault")]

// Built by .ci/run: a user's package, with a target that is called as one of our products is.
let package = Package(
  name: "Dependent",
  dependencies: [.package(name: "DmabufModel", path: "../..")],
  targets: [
    .target(name: "Benchmarks", dependencies: ours, swiftSettings: bodies),
    .executableTarget(name: "Race", dependencies: ours + ["Benchmarks"], swiftSettings: bodies),
  ],
  swiftLanguageModes: [.v6])
