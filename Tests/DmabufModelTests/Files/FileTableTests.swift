// SPDX-License-Identifier: GPL-2.0-only

import Testing

@testable import DmabufModel

@Suite("A table of descriptors")
struct FileTableTests {
  @Test("gives the lowest free descriptor, and takes the caller's reference with it (DB3)")
  func lowest() throws {
    try explore(.serial) { kernel in
      let process = UserProcess(kernel)
      let files = (0..<4).map { TestFile(kernel, "\($0)") }
      for number in 0..<3 {
        try kernel.expect(
          try await process.install(files[number]), is: .success(FileDescriptor(rawValue: Int32(number))))
        try kernel.expect(try await files[number].core.references.read(), is: 1, "f_ref")
      }
      try kernel.expect(try await process.close(1), is: nil)
      try kernel.check(try await kernel.isFreed(files[1].core.allocation.object), "close has not released the file")
      try kernel.expect(try await process.install(files[3]), is: .success(1))
    }
  }

  @Test("that is full answers EMFILE and leaves the reference with the caller (DB3)")
  func full() throws {
    try explore(.serial) { kernel in
      let process = UserProcess(kernel, fileLimit: 2)
      for _ in 0..<2 { _ = try await process.install(TestFile(kernel)) }
      let refused = TestFile(kernel)
      try kernel.expect(try await process.install(refused), is: .failure(.tooManyOpenFiles))
      try kernel.expect(try await refused.core.references.read(), is: 1, "f_ref")
      try kernel.expect(try await process.dup(0), is: .failure(.tooManyOpenFiles), "dup")
      try await refused.put()
      try kernel.expect(try await process.close(0), is: nil)
      try kernel.expect(try await process.dup(1), is: .success(0), "dup when there is room")
    }
  }

  @Test(
    "knows no file behind a descriptor that is negative, too high or closed (DB4)",
    arguments: [-1, 1, 5, .max, .min] as [FileDescriptor])
  func badDescriptors(descriptor: FileDescriptor) throws {
    try explore(.serial) { kernel in
      struct Request: IoctlRequest {}
      let process = UserProcess(kernel)
      for _ in 0..<2 { _ = try await process.install(TestFile(kernel)) }
      try await process.close(1)
      try kernel.check(try await process.files.get(descriptor) == nil, "a file")
      try kernel.expect(try await process.close(descriptor), is: .badFileDescriptor)
      try kernel.expect(try await process.dup(descriptor), is: .failure(.badFileDescriptor))
      try kernel.expect(try await process.ioctl(descriptor, Request()), is: .failure(.badFileDescriptor))
      try kernel.expect(try await process.mmap(descriptor, length: 4096), is: .failure(.badFileDescriptor))
    }
  }

  @Test("gives a look-up a reference of its own, so that closing does not release the file under it (DB4)")
  func get() throws {
    try explore(.serial) { kernel in
      let process = UserProcess(kernel)
      let file = TestFile(kernel)
      let descriptor = try await process.install(file).get()
      let found = try await process.files.get(descriptor)
      try kernel.check(found === file, "another file")
      try kernel.expect(try await process.close(descriptor), is: nil)
      try kernel.expect(try await kernel.isFreed(file.core.allocation.object), is: false)
      try await found?.put()
      try await kernel.returnToUserMode()
      try kernel.expect(try await kernel.isFreed(file.core.allocation.object), is: true)
    }
  }

  @Test("counts a second descriptor as a reference")
  func dup() throws {
    try explore(.serial) { kernel in
      let process = UserProcess(kernel)
      let file = TestFile(kernel)
      let first = try await process.install(file).get()
      let second = try await process.dup(first).get()
      try kernel.check(first != second, "the same descriptor")
      try kernel.expect(try await file.core.references.read(), is: 2, "f_ref")
      try await process.close(first)
      try kernel.expect(try await kernel.isFreed(file.core.allocation.object), is: false)
      try await process.close(second)
      try kernel.expect(try await kernel.isFreed(file.core.allocation.object), is: true)
    }
  }

  /// The descriptors are closed from the lowest one on, and the work that this puts off runs the newest first.
  @Test("is emptied when the process exits, and what it was the last to hold is released, the last file first (DB6)")
  func exit() throws {
    let released = Box<[String]>([])
    try explore(.serial) { kernel in
      let process = UserProcess(kernel)
      for name in ["a", "b"] {
        let file = TestFile(kernel, name) { () async throws(KernelFault) in released.update { $0.append(name) } }
        _ = try await process.install(file)
      }
    }
    #expect(released.value == ["b", "a"])
  }
}

@Suite("A table of descriptors between threads")
struct FileTableRaceTests {
  @Test("has a new file live before its maker knows the descriptor (DB3)")
  func liveBeforeReturn() throws {
    try explore(.exhaustive, seeing: ["closed before install returned", "not there yet"]) { kernel in
      let process = UserProcess(kernel)
      let installed = Shared(kernel, "installed", false)
      kernel.thread("maker") {
        let answer = try await process.install(TestFile(kernel))
        try kernel.expect(answer, is: .success(0))
        try await installed.store(true)
      }
      kernel.thread("guesser") {
        let errno = try await process.close(0)
        kernel.sometimes("not there yet", errno == .badFileDescriptor)
        if errno == nil { kernel.sometimes("closed before install returned", try await !installed.load()) }
      }
      try await kernel.join()
    }
  }

  @Test("looked up while it is closed gives a live file or none, and never a dead one (DB4)")
  func getAgainstClose() throws {
    try explore(.exhaustive, seeing: ["a file", "none", "died between the look-up and the reference"]) { kernel in
      let process = UserProcess(kernel)
      let releases = Kref(kernel, "releases")
      let file = TestFile(kernel) { () async throws(KernelFault) in try await releases.get() }
      let descriptor = try await process.install(file).get()
      kernel.thread("closer") { try await process.close(descriptor) }
      kernel.thread("looker") {
        let before = kernel.stepCount
        let found = try await process.files.get(descriptor)
        kernel.sometimes("a file", found != nil)
        kernel.sometimes("none", found == nil)
        kernel.sometimes("died between the look-up and the reference", found == nil && kernel.stepCount - before > 4)
        guard let found else { return }
        try kernel.expect(try await releases.read(), is: 1, "1 and the releases")
        try await found.put()
        try await kernel.returnToUserMode()
        try kernel.check(try await releases.read() <= 2, "released twice")
      }
      try await kernel.join()
      try kernel.expect(try await releases.read(), is: 2, "1 and the releases")
    }
  }

  @Test("closed by two threads at once is closed once")
  func doubleClose() throws {
    let answers = Box<Set<[Errno?]>>([])
    try explore(.exhaustive) { kernel in
      let process = UserProcess(kernel)
      let seen = Shared<[Errno?]>(kernel, "answers", [.ioError, .ioError])
      let descriptor = try await process.install(TestFile(kernel)).get()
      for number in 0..<2 {
        kernel.thread("t\(number)") {
          let answer = try await process.close(descriptor)
          var all = try await seen.load()
          all[number] = answer
          try await seen.store(all)
        }
      }
      try await kernel.join()
      let all = try await seen.load()
      if !all.contains(.ioError) { answers.update { $0.insert(all) } }
    }
    #expect(answers.value == [[nil, .badFileDescriptor], [.badFileDescriptor, nil]])
  }
}
