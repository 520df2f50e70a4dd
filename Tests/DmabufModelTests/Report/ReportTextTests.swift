// SPDX-License-Identifier: GPL-2.0-only

import DmabufModel
import Testing

/// Whole reports, as they are printed; only the line numbers are taken out of them.
@Suite("The text of a report")
struct ReportTextTests {
  @Test("a failed check")
  func check() throws {
    let expected = """
      check failed: a PTE outlives the revoke
        at Scenarios.swift

        step  F                                   R                                                      locks    where
           1  mutex_lock(resv)                                                                                    Scenarios
           2  READ_ONCE(status) = 0                                                                      resv     Scenarios
           3  mutex_unlock(resv)                                                                         resv     Scenarios
      >*   4                                      down_write(ml)                                                  Scenarios
           5                                      mutex_lock(resv)                                       ml       Scenarios
           6                                      WRITE_ONCE(status) 0 -> 2                              ml resv  Scenarios
           7                                      mutex_unlock(resv)                                     ml resv  Scenarios
           8                                      kref_put(kref) 1 -> 0                                  ml       Scenarios
           9                                      complete(comp) done = 1                                ml       Scenarios
          10                                      wait_for_completion(comp) done = 0                     ml       Scenarios
          11                                      WRITE_ONCE(pte) 0 -> 0                                 ml       Scenarios
          12                                      up_write(ml)                                           ml       Scenarios
      >*  13  down_read(ml)                                                                                       Scenarios
          14  WRITE_ONCE(pte) 0 -> 1                                                                     ml(r)    Scenarios
          15  up_read(ml)                                                                                ml(r)    Scenarios
      ✗   18  main: READ_ONCE(pte) = 1                                                                            Scenarios

      flip: if F's down_read(ml) (step 13) came before R's down_write(ml) (step 4), the run passes
      found by schedule 2; shown with 2 threads, 2 switches, 15 steps: the least there is (was 2, 3, 15; 30 tried)
      replay: DMABUF_REPLAY='Races.race/1:19J23~L16b~1yTWYlpJr_jCavS1Cb' swift test --filter race
      """
    #expect(withoutLines(try failure(RevokeRace(hasImporter: false).scenario).description) == expected)
  }

  @Test("an order of locks that can deadlock")
  func lockOrder() throws {
    let expected = """
      possible circular locking dependency: t takes b in an order that can deadlock
        t: a -> b (now)
        u: b -> a (before)
        at Scenarios.swift

        step  t              u                                                                             locks  where
           1                 mutex_lock(b)                                                                        Scenarios
      >    2  mutex_lock(a)                                                                                       Scenarios
      ✗       mutex_lock(b)                                                                                a      Scenarios

      flip: none; it fails with the one pair of dependent steps the other way round
      found by schedule 1; shown with 2 threads, 1 switch, 2 steps: the least there is (was 2, 1, 4; 15 tried)
      t holds a
      u holds b
      replay: DMABUF_REPLAY='Races.race/1:0II20.2IH11~NuvF~1hF' swift test --filter race
      """
    #expect(withoutLines(try failure(oppositeOrders).description) == expected)
  }

  @Test("threads that wait for ever")
  func deadlock() throws {
    let expected = """
      hung task: waiter, giver blocked for ever
        waiter waits in wait_for_completion(done), which no thread gives; holds lock, at Scenarios.swift
        giver waits in mutex_lock(lock), held by waiter; holds nothing, at Scenarios.swift

        step  waiter                                    giver                                              locks  where
       *   1  mutex_lock(lock)                                                                                    Scenarios
      ✗       wait_for_completion(done) waits for ever                                                     lock   Scenarios
      ✗                                                 mutex_lock(lock) waits for ever                           Scenarios

      flip: if giver's mutex_lock(lock) (never reached) came before waiter's mutex_lock(lock) (step 1), the run passes
      found by schedule 4; shown with 1 thread, 0 switches, 1 step: the least there is (4 tried)
      replay: DMABUF_REPLAY='Races.race/1:~A-we~1e' swift test --filter race
      """
    #expect(withoutLines(try failure(waitUnderLock).description) == expected)
  }

  @Test("threads that wait for each other")
  func joinCycle() throws {
    let expected = """
      hung task: worker, stopper blocked for ever
        worker waits in mutex_lock(lock), held by stopper; holds nothing, at Scenarios.swift
        stopper waits in join(worker); holds lock, at Scenarios.swift
        cycle: worker -> lock -> stopper -> worker

        step  worker                           stopper                                                    locks  where
       *   1                                   mutex_lock(lock)                                                  Scenarios
      ✗       mutex_lock(lock) waits for ever                                                                    Scenarios
      ✗                                        join(worker) waits for ever                                lock   Scenarios

      flip: if worker's mutex_lock(lock) (never reached) came before stopper's mutex_lock(lock) (step 1), the run passes
      found by schedule 1; shown with 1 thread, 0 switches, 1 step: the least there is (4 tried)
      replay: DMABUF_REPLAY='Races.race/1:0Yk20~EQb0~10' swift test --filter race
      """
    #expect(withoutLines(try failure(joinUnderLock).description) == expected)
  }

  @Test("a reference count that goes below zero")
  func refcount() throws {
    let expected = """
      refcount_t: underflow; use-after-free (priv->kref was 0)
        at Scenarios.swift

        step  importer                      exporter                                                      locks  where
           1  kref_put(priv->kref) 1 -> 0                                                                        Scenarios
      ✗    3                                kref_put(priv->kref) 0 -> -1                                         Scenarios

      flip: none; it fails with the one pair of dependent steps the other way round
      found by schedule 1; shown with 2 threads, 1 switch, 2 steps: the least there is (11 tried)
      dmesg:
        [step 3] exporter: refcount_t: underflow; use-after-free (priv->kref was 0)
      replay: DMABUF_REPLAY='Races.race/1:~PCSp~15up' swift test --filter race
      """
    #expect(withoutLines(try failure(doublePut).description) == expected)
  }

  @Test("an access to freed memory")
  func useAfterFree() throws {
    let expected = """
      KASAN: use-after-free: user touches device->kref (of device), which has been freed
        allocated by main at step 0
        freed by owner at step 2
        at Scenarios.swift

        step  user                           owner                                                        locks  where
              kzalloc(device) by main
       *   1                                 kref_put(device->kref) 1 -> 0                                       Scenarios
           2                                 kfree(device)                                                       Scenarios
      ✗*   3  kref_get(device->kref)                                                                             Scenarios

      flip: if user's kref_get(device->kref) (step 3) came before owner's kref_put(device->kref) (step 1), the run passes
      found by schedule 1; shown with 2 threads, 1 switch, 3 steps: the least there is (13 tried)
      replay: DMABUF_REPLAY='Races.race/1:0wM20~k8Rr~1Qjr' swift test --filter race
      """
    #expect(withoutLines(try failure(lateGet).description) == expected)
  }
}
