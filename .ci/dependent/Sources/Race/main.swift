// SPDX-License-Identifier: GPL-2.0-only

import Benchmarks
import DmabufModel
import Foundation

let report = try explore(name: "dependent", faultAgainstRevoke)
guard report.verdict == .exhaustive(executions: 5) else {
  print("expected a proof in 5 executions: \(report)")
  exit(1)
}
print(report)
