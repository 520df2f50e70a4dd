// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

@Suite("An open file")
struct FileTests {
  @Test("is released once, at the return to user mode after its last reference, and freed then (DB6)", arguments: 1...3)
  func release(references: Int) throws {
    try explore(.serial) { kernel in
      let releases = Box(0)
      let file = TestFile(kernel) { () async throws(KernelFault) in releases.update { $0 += 1 } }
      for _ in 1..<references { try await file.get() }
      for number in 1...references {
        try kernel.expect(try await file.core.references.read(), is: references - number + 1)
        try await file.put()
        try kernel.expect(releases.value, is: 0, "releases at put \(number)")
        if number < references { try await kernel.returnToUserMode() }
        try kernel.expect(releases.value, is: 0, "releases after put \(number)")
      }
      try kernel.expect(try await kernel.isFreed(file.core.allocation.object), is: false)
      try await kernel.returnToUserMode()
      try kernel.expect(releases.value, is: 1, "releases after the return to user mode")
      try kernel.expect(try await kernel.isFreed(file.core.allocation.object), is: true)
    }
  }

  @Test("is released without the locks that were held at the last fput (DB6)")
  func withoutLocks() throws {
    try explore(.serial) { kernel in
      let memoryLock = ReadWriteSemaphore(kernel, "vdev->memory_lock")
      let isReleased = Box(false)
      let file = TestFile(kernel) { () async throws(KernelFault) in
        try kernel.check(!kernel.holdsLock, "released under a lock")
        // What vfio_pci_dma_buf_release does; it would be a deadlock in fput itself.
        try await memoryLock.downWrite()
        try await memoryLock.upWrite()
        isReleased.update { $0 = true }
      }
      try await memoryLock.downWrite()
      try await file.put()
      try kernel.check(!isReleased.value, "released in fput")
      try await memoryLock.upWrite()
      try await kernel.returnToUserMode()
      try kernel.check(isReleased.value, "not released")
    }
  }

  @Test("that another one's release gives back is released in the same pass (DB6)")
  func chain() throws {
    try explore(.serial) { kernel in
      let order = Box<[String]>([])
      let device = TestFile(kernel, "device") { () async throws(KernelFault) in order.update { $0.append("device") } }
      let dmabuf = TestFile(kernel, "dmabuf") { () async throws(KernelFault) in
        order.update { $0.append("dmabuf") }
        try await device.put()
        order.update { $0.append("end of dmabuf") }
      }
      try await dmabuf.put()
      try await kernel.returnToUserMode()
      try kernel.expect(order.value, is: ["dmabuf", "end of dmabuf", "device"])
    }
  }

  @Test("whose last reference is gone is refused to get_file_active although its release has not run (DB5)")
  func getActive() throws {
    try explore(.serial) { kernel in
      let file = TestFile(kernel)
      try kernel.expect(try await file.getActive(), is: true, "alive")
      try await file.put()
      try await file.put()
      try kernel.expect(try await file.getActive(), is: false, "dying")
      try kernel.expect(try await file.core.references.read(), is: 0, "f_ref after a refusal")
    }
  }

  @Test("that has been freed is a use after free to get_file_active, which needs the memory to be there (DB5)")
  func getActiveAfterFree() throws {
    let failure = try failure(.useAfterFree, under: .serial) { kernel in
      let file = TestFile(kernel)
      try await file.put()
      try await kernel.returnToUserMode()
      _ = try await file.getActive()
    }
    #expect(failure.finding.summary == "main touches struct file, which has been freed")
    #expect(failure.finding.details == ["allocated by main at step 0", "freed by main at step 2"])
  }

  @Test("whose last reference is gone makes get_file and fput findings (DB1)", arguments: ["get_file", "fput"])
  func deadReference(call: String) throws {
    let failure = try failure(.refcount, under: .serial) { kernel in
      let file = TestFile(kernel)
      try await file.put()
      if call == "fput" { try await file.put() } else { try await file.get() }
    }
    #expect(failure.finding.summary == "\(call) on a file whose last reference is gone")
  }

  @Test("that nobody gives back is a leak of the file and of its references")
  func leak() throws {
    let failure = try failure(.leak, under: .serial) { kernel in
      let file = TestFile(kernel)
      try await file.get()
    }
    #expect(failure.finding.summary == "struct file was never freed")
    #expect(failure.finding.details == ["f_ref: 2 left", "allocated by main at step 0"])
  }

  @Test(
    "may be read and written as it was opened",
    arguments: [([], true, false), (.writeOnly, false, true), (.readWrite, true, true), (.nonBlocking, true, false)]
      as [(OpenFlags, Bool, Bool)])
  func mode(flags: OpenFlags, isReadable: Bool, isWritable: Bool) throws {
    try explore(.serial) { kernel in
      let file = TestFile(kernel, flags: flags)
      try kernel.expect(file.isReadable, is: isReadable, "isReadable")
      try kernel.expect(file.isWritable, is: isWritable, "isWritable")
      try await file.put()
    }
  }

  @Test("knows no request and cannot be mapped unless its kind says otherwise")
  func defaults() throws {
    try explore(.serial) { kernel in
      struct Request: IoctlRequest {}
      let process = UserProcess(kernel)
      let descriptor = try await process.files.install(TestFile(kernel)).get()
      try kernel.expect(try await process.ioctl(descriptor, Request()), is: .failure(.notATerminal))
      try kernel.expect(try await process.mmap(descriptor, length: 4096), is: .failure(.noSuchDevice))
    }
  }
}

@Suite("An open file between threads")
struct FileRaceTests {
  @Test("is released by the one who dropped the last reference, in its own system call, whoever that is (DB6)")
  func releaser() throws {
    try explore(.exhaustive, seeing: ["released by a", "released by b", "released by main"]) { kernel in
      let releaser = Shared<ThreadID?>(kernel, "releaser", nil)
      let file = TestFile(kernel) { () async throws(KernelFault) in try await releaser.store(kernel.currentThread) }
      for name in ["a", "b"] {
        try await file.get()
        kernel.thread(name) {
          let me = kernel.currentThread
          try await file.put()
          try await kernel.returnToUserMode()
          if try await releaser.load() == me { kernel.sometimes(name == "a" ? "released by a" : "released by b") }
        }
      }
      try await file.put()
      try await kernel.returnToUserMode()
      if try await releaser.load() == kernel.currentThread { kernel.sometimes("released by main") }
      try await kernel.join()
      try kernel.check(try await releaser.load() != nil, "nobody has released it")
    }
  }

  @Test("is got alive or not at all by get_file_active that races the last fput, and never released twice (DB5)")
  func activeAgainstLastPut() throws {
    try explore(.exhaustive, seeing: ["got", "refused"]) { kernel in
      let releases = Kref(kernel, "releases")
      // Keeps the memory, as the list under memory_lock does.
      let memoryLock = ReadWriteSemaphore(kernel, "memory_lock")
      let isListed = Shared(kernel, "isListed", true)
      let file = TestFile(kernel) { () async throws(KernelFault) in
        try await memoryLock.downWrite()
        try await isListed.store(false)
        try await memoryLock.upWrite()
        try await releases.get()
      }
      kernel.thread("closer") {
        try await file.put()
        try await kernel.returnToUserMode()
      }
      kernel.thread("walker") {
        try await memoryLock.downWrite()
        if try await isListed.load() {
          let isActive = try await file.getActive()
          kernel.sometimes("got", isActive)
          kernel.sometimes("refused", !isActive)
          if isActive {
            try kernel.expect(try await releases.read(), is: 1, "1 and the releases")
            try await file.put()
          }
        }
        try await memoryLock.upWrite()
        try await kernel.returnToUserMode()
      }
      try await kernel.join()
      try kernel.expect(try await releases.read(), is: 2, "1 and the releases")
    }
  }
}
