// swift-tools-version: 6.2
// SPDX-License-Identifier: GPL-2.0-only

import PackageDescription

// Built by .ci/run: a user's package, with a target that is called as one of our products is.
let package = Package(
  name: "Dependent",
  dependencies: [.package(name: "DmabufModel", path: "../..")],
  targets: [
    .executableTarget(
      name: "Benchmarks",
      dependencies: [
        .product(name: "DmabufModel", package: "DmabufModel"), .product(name: "VfioSim", package: "DmabufModel"),
      ],
      swiftSettings: [.enableUpcomingFeature("NonisolatedNonsendingByDefault")])
  ],
  swiftLanguageModes: [.v6])
