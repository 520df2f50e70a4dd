// swift-tools-version: 6.2
// SPDX-License-Identifier: GPL-2.0-only

import PackageDescription

let package = Package(
  name: "DmabufModel",
  products: [
    .library(name: "DmabufModel", targets: ["DmabufModel"]),
    .library(name: "VfioSim", targets: ["VfioSim"]),
    .executable(name: "Benchmarks", targets: ["DmabufBenchmarks"]),
  ],
  targets: [
    .target(name: "DmabufModel"),
    .target(name: "VfioSim", dependencies: ["DmabufModel"]),
    // Not called as the product is: a package with a target of that name could not depend on this one.
    .executableTarget(name: "DmabufBenchmarks", dependencies: ["DmabufModel", "VfioSim"], path: "Benchmarks"),
    .testTarget(name: "DmabufModelTests", dependencies: ["DmabufModel", "DmabufBenchmarks"]),
    .testTarget(
      name: "VfioSimTests",
      dependencies: ["DmabufModel", "VfioSim", "DmabufBenchmarks"],
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
