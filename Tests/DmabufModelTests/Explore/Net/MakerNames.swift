// SPDX-License-Identifier: GPL-2.0-only

@testable import DmabufModel

/// Threads and objects named by who made them and how many that thread had made before.
struct MakerNames {
  var threads: [UInt64] = []
  var objects: [UInt64] = []

  init(_ kernel: Kernel) {
    var children = [UInt64](repeating: 0, count: kernel.threadCount)
    for thread in 0..<kernel.threadCount {
      if thread == 0 {
        threads.append(0)
      } else {
        let parent = kernel.threads[thread].parent.index
        children[parent] += 1
        threads.append(threads[parent] * 8 + children[parent])
      }
    }
    var made = [UInt64](repeating: 0, count: kernel.threadCount)
    for object in kernel.objects.indices {
      let creator = Int(kernel.objects[object].creator)
      made[creator] += 1
      objects.append(threads[creator] << 20 | made[creator])
    }
  }
}
