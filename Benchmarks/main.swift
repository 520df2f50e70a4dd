// SPDX-License-Identifier: GPL-2.0-only

private import Foundation

Descriptor.prepareProcess()
Signals.watch()
exit(
  Tool.run(Array(CommandLine.arguments.dropFirst()), .standard) { ProcessInfo.processInfo.environment[$0] })
