// swift-tools-version: 6.2
// SPDX-License-Identifier: GPL-2.0-only

import PackageDescription

let package = Package(
  name: "DmabufModel",
  products: [
    .library(name: "DmabufModel", targets: ["DmabufModel"]),
    .library(name: "VfioSim", targets: ["VfioSim"]),
    .executable(name: "Benchmarks", targets: ["Benchmarks"]),
  ],
  targets: [
    .target(name: "DmabufModel"),
    .target(name: "VfioSim", dependencies: ["DmabufModel"]),
    .executableTarget(name: "Benchmarks", dependencies: ["DmabufModel", "VfioSim"], path: "Benchmarks"),
    .testTarget(name: "DmabufModelTests", dependencies: ["DmabufModel", "Benchmarks"]),
    .testTarget(
      name: "VfioSimTests",
      dependencies: ["DmabufModel", "VfioSim", "Benchmarks"],
      resources: [.copy("Resources")]),
  ],
  swiftLanguageModes: [.v6])

// Every target is held to the same strictness. Warnings become errors in `.ci/run`, not here: a package that is used
// as a dependency must not fail because a newer compiler has found something new to warn about.
for target in package.targets {
  target.swiftSettings = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("ImmutableWeakCaptures"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .strictMemorySafety(),
  ]
}
