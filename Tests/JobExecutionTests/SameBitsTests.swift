import Foundation
import JobContract
import Testing

/// However a training is cut, its bits are those of an undisturbed one.
@Suite(.serialized) struct SameBitsTests {
    private let sandbox: Sandbox
    private let dataset: Digest

    init() throws {
        sandbox = try Sandbox()
        dataset = try sandbox.keep(Sandbox.dataset())
    }

    private func start(
        _ milestones: [Int], from resume: ResumePoint? = nil, every seconds: Double = 300,
        environment: [String: String] = [:], threads: Int = 1, batch: Int64 = 4
    ) throws -> RunningWorker {
        let task = TrainTask(milestones: milestones, resume: resume, checkpointSeconds: seconds)
        let spec = smallSpec(dataset: dataset, changing: ["training.batch": .integer(batch)])
        var job = JobDescription(.train(task), spec: spec, dataset: dataset, in: sandbox)
        job.threads = threads
        return try WorkerProgram.ours.start(job, in: sandbox.newAttempt(), environment: environment)
    }

    private func digests(_ checkpoint: WorkerEvent.Checkpoint) -> [Digest?] {
        [checkpoint.weights?.digest, checkpoint.state?.digest]
    }

    /// The last checkpoint whose line was written; its file is moved into the store.
    private func lastPoint(of worker: RunningWorker) throws -> ResumePoint {
        let last = try #require(try worker.events().checkpoints.last)
        return ResumePoint(
            steps: last.steps, state: try sandbox.adopt(#require(last.state), from: worker.directory))
    }

    @Test func aMilestoneEqualsARunThatEndsThere() throws {
        let long = try start([2, 5, 9]).finish().milestones
        for (place, steps) in [2, 5, 9].enumerated() {
            let short = try start([steps]).finish().milestones
            #expect(digests(short[0]) == digests(long[place]))
            #expect(long[place].parameters > 100 && long[place].losses == short[0].losses)
            #expect(long[place].losses?.map(\.steps) == Array(1...steps).filter { $0 < 9 || $0 == steps })
        }
    }

    @Test func recoveryPointsLeaveNoTrace() throws {
        let plain = try start([6]).finish()
        let many = try start([6], every: 0).finish()
        #expect(plain.checkpoints.count == 1 && many.checkpoints.count == 6)
        #expect(many.checkpoints.dropLast().allSatisfy { !$0.milestone && $0.weights == nil && $0.state != nil })
        #expect(digests(plain.milestones[0]) == digests(many.milestones[0]))
    }

    /// Checkpoints come as often as they are asked for.
    @Test func recoveryPointsComeAfterTheirPause() throws {
        let (often, seldom) = (try start([400], every: 0.05).finish(), try start([400], every: 3600).finish())
        let points = often.checkpoints.filter { !$0.milestone }
        #expect(points.count > 1 && points.count < 399)
        #expect(zip(points, points.dropFirst()).allSatisfy { $1.seconds - $0.seconds > 0.045 })
        #expect(seldom.checkpoints.count == seldom.milestones.count)
    }

    // Every step leaves a recovery point, so that the signal comes long before the end.
    @Test(arguments: [SIGTERM, SIGKILL]) func anInterruptedTrainingEndsAlike(signal: Int32) throws {
        let steps = 400
        let undisturbed = try start([steps]).finish().milestones[0]
        let cut = try start([steps], every: 0)
        try cut.wait { if case .checkpoint(let event) = $0 { event.steps >= 5 } else { false } }
        cut.signal(signal)
        #expect(try cut.wait() == (signal == SIGTERM ? 0 : -SIGKILL))
        let point = try lastPoint(of: cut)
        #expect(point.steps >= 5 && point.steps < steps)
        if signal == SIGTERM { #expect(try cut.events().last == .paused(steps: point.steps)) }
        let resumed = try start([steps], from: point).finish()
        #expect(resumed.milestones.count == 1 && digests(resumed.milestones[0]) == digests(undisturbed))
        #expect(resumed.milestones[0].losses == undisturbed.losses)
    }

    /// The digest of the mini-training and eigendecomposition for each version of the numerics.
    ///
    /// A new digest for an old version orphans results: raise `WorkerFacts.numerics` and add a line.
    private static let goldenChecks = [
        1: "5caf87b76039a7e9b7a5927b2d69c6e242bf2cb687c0cb3fec20abd31f4242cc"
    ]

    @Test func theNumericsAreThoseOfTheirVersion() throws {
        let description = try WorkerProgram.ours.describe(in: sandbox.newAttempt())
        #expect(description.check == Self.goldenChecks[description.numerics])
    }

    /// Settings that may differ between hosts: BLAS, language, threads.
    private static let environments: [[String: String]] = [
        ["OPENBLAS_CORETYPE": "SkylakeX", "OPENBLAS_NUM_THREADS": "2"],
        ["OPENBLAS_CORETYPE": "Prescott", "OPENBLAS_L2_SIZE": "64", "OMP_NUM_THREADS": "3"],
        [
            "LANG": "de_DE.UTF-8", "LC_ALL": "tr_TR.UTF-8", "MALLOC_PERTURB_": "85",
            "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA",
        ],
    ]

    /// Of three groups of images two threads compute two and one.
    @Test func threadsChangeNoBits() throws {
        let alone = try start([3], batch: 40).finish().milestones[0]
        for threads in [2, 3] {
            #expect(try digests(start([3], threads: threads, batch: 40).finish().milestones[0]) == digests(alone))
        }
    }

    @Test func theEnvironmentChangesNoBits() throws {
        let plain = try start([4])
        let undisturbed = try plain.finish().milestones[0]
        let checkpoint = try sandbox.adopt(#require(undisturbed.weights), from: plain.directory)
        let task = MeasureTask(
            trial: TrialID(Digest(of: "trial".utf8)), steps: 4, checkpoint: checkpoint,
            measures: [
                .init(measure: "memorization", version: 2, parameters: ["samples": 16]),
                .init(measure: "gaussian-distance", version: 2, parameters: ["samples": 16]),
            ])
        var job = JobDescription(.measure(task), spec: smallSpec(dataset: dataset), dataset: dataset, in: sandbox)
        func measurements(_ environment: [String: String], threads: Int = 1) throws -> [[MeasureRow]] {
            job.threads = threads
            return try WorkerProgram.ours.start(job, in: sandbox.newAttempt(), environment: environment).finish()
                .measurements.map(\.rows)
        }
        let expected = try measurements([:])
        #expect(expected.count == 2 && expected[1].count == 30)
        for environment in Self.environments {
            #expect(try digests(start([4], environment: environment).finish().milestones[0]) == digests(undisturbed))
            #expect(try measurements(environment, threads: 2) == expected)
        }
    }
}
