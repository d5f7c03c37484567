import Foundation
import Testing

/// The promises of `WholenessTests` at full length, which takes minutes.
@Suite(
    .serialized,
    .enabled(
        if: ProcessInfo.processInfo.environment["EIGENSWEEP_SLOW_TESTS"] != nil,
        "slow: set EIGENSWEEP_SLOW_TESTS=1, as scripts/test does"))
struct WholenessAtLengthTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    @Test func noneOfTenThousandDamagedCopiesAnswersWrongly() throws {
        try DamagedCopies(in: scratch.path).tryOut(10_000, seed: 1)
    }

    @Test func noneOfTenThousandReadsBesideACheckpointingWriterIsAlarmed() throws {
        try CheckpointedReads.tryOut(10_000, at: scratch.catalogue)
    }
}
