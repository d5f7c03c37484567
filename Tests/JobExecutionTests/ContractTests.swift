import Foundation
import JobContract
import Testing

/// What any program must do to be a worker (docs/job-contract.md).
@Suite(.serialized) struct ContractTests {
    static let programs = [WorkerProgram.ours, WorkerProgram.python]

    private let sandbox: Sandbox
    private let dataset: Digest

    init() throws {
        sandbox = try Sandbox()
        dataset = try sandbox.keep(Sandbox.dataset())
    }

    private func run(_ program: WorkerProgram, _ task: JobTask) throws -> RunningWorker {
        try program.start(
            JobDescription(
                task, spec: smallSpec(architecture: program.architecture, dataset: dataset), dataset: dataset,
                in: sandbox), in: sandbox.newAttempt())
    }

    private func checkFile(_ file: OutputFile, in directory: URL) throws {
        #expect(!file.path.contains("/") && !file.path.hasPrefix("."))
        let bytes = [UInt8](try Data(contentsOf: directory.appendingPathComponent(file.path)))
        #expect(bytes.count == file.bytes && Digest(of: bytes) == file.digest)
    }

    @Test(arguments: programs) func describesItself(program: WorkerProgram) throws {
        let description = try program.describe(in: sandbox.newAttempt())
        #expect(description.contract == ContractVersion.current)
        #expect(!description.name.isEmpty && description.numerics >= 1)
        #expect(Set(description.jobKinds) == ["train", "measure"])
        #expect(description.architectures.contains(program.architecture))
        #expect(!description.measures.isEmpty)
        if program.command == WorkerProgram.ours.command {
            #expect(
                try /[0-9.]+\+[0-9a-f]{12}(\.g[0-9a-f]{12}(-dirty)?)?/.wholeMatch(in: description.build) != nil,
                "\(description.build)")
        }
    }

    @Test(arguments: programs) func trainsToItsMilestonesAndGoesOnFromOne(program: WorkerProgram) throws {
        let worker = try run(program, .train(.init(milestones: [3, 6])))
        let events = try worker.finish()
        guard case .started(let started) = try #require(events.first) else {
            Issue.record("the first event is \(events[0])")
            return
        }
        let description = try program.describe(in: sandbox.newAttempt())
        #expect(started.contract == ContractVersion.current && started.worker == description.name)
        #expect(started.numerics == description.numerics && started.build == description.build)
        #expect(events.last == .finished)
        #expect(events.milestones.map(\.steps) == [3, 6])
        for file in events.flatMap(\.files) { try checkFile(file, in: worker.directory) }
        let left = try FileManager.default.contentsOfDirectory(atPath: worker.directory.path)
        #expect(!left.contains { $0.hasSuffix(".partial") })

        let state = try #require(events.milestones[0].state)
        let resume = ResumePoint(steps: 3, state: try sandbox.adopt(state, from: worker.directory))
        let resumed = try run(program, .train(.init(milestones: [6], resume: resume))).finish()
        #expect(resumed.milestones.map(\.steps) == [6])
        if description.deterministic {
            #expect(resumed.milestones[0].weights?.digest == events.milestones[1].weights?.digest)
            #expect(resumed.milestones[0].state?.digest == events.milestones[1].state?.digest)
        }
    }

    @Test(arguments: programs) func pausesWhenAskedAndGoesOn(program: WorkerProgram) throws {
        let worker = try run(program, .train(.init(milestones: [1_000_000_000], checkpointSeconds: 0.05)))
        try worker.wait { if case .checkpoint = $0 { true } else { false } }
        worker.signal(SIGTERM)
        let events = try worker.finish()
        guard case .paused(let steps) = try #require(events.last), let last = events.checkpoints.last,
            let state = last.state
        else {
            Issue.record("no pause with a state in \(events)")
            return
        }
        #expect(last.steps == steps && !last.milestone && last.weights == nil)
        try checkFile(state, in: worker.directory)
        let resume = ResumePoint(steps: steps, state: try sandbox.adopt(state, from: worker.directory))
        let resumed = try run(program, .train(.init(milestones: [steps + 2], resume: resume))).finish()
        #expect(resumed.milestones.map(\.steps) == [steps + 2] && resumed.last == .finished)
    }

    @Test(arguments: programs) func measuresACheckpoint(program: WorkerProgram) throws {
        let training = try run(program, .train(.init(milestones: [2])))
        let weights = try #require(try training.finish().milestones[0].weights)
        let checkpoint = try sandbox.adopt(weights, from: training.directory)
        let requests = try program.describe(in: sandbox.newAttempt()).measures
            .filter { !$0.isComparison }.map(\.small)
        let trial = TrialID(Digest(of: "trial".utf8))
        let worker = try run(
            program, .measure(.init(trial: trial, steps: 2, checkpoint: checkpoint, measures: requests)))
        let events = try worker.finish()
        #expect(events.last == .finished)
        #expect(events.measurements.map(\.request) == requests)
        for event in events.measurements {
            #expect(event.trial == trial && event.checkpoint == checkpoint && !event.rows.isEmpty)
            #expect(event.rows.allSatisfy { !$0.quantity.isEmpty })
        }
        for file in events.flatMap(\.files) { try checkFile(file, in: worker.directory) }
    }

    @Test(arguments: programs) func refusesAnotherContract(program: WorkerProgram) throws {
        var job = JobDescription(
            .train(.init(milestones: [2])), spec: smallSpec(dataset: dataset), dataset: dataset, in: sandbox)
        job.contract = 99
        let failure = try program.start(job, in: sandbox.newAttempt()).failure()
        #expect(failure.kind == .unsupported)
        #expect(failure.message.contains("99") && failure.message.contains("\(ContractVersion.current)"))
    }

    @Test(arguments: programs) func refusesAKeyThatItDoesNotKnow(program: WorkerProgram) throws {
        let spec = smallSpec(architecture: program.architecture, dataset: dataset, changing: ["dataset.crop": 3])
        let job = JobDescription(.train(.init(milestones: [2])), spec: spec, dataset: dataset, in: sandbox)
        let failure = try program.start(job, in: sandbox.newAttempt()).failure()
        #expect(failure.kind == .unsupported && failure.message.contains("dataset.crop"))
    }

    @Test(arguments: programs) func refusesMoreImagesThanTheHeldOutLeave(program: WorkerProgram) throws {
        // 8 of 24 images are held out, and each half has 8.
        for (size, fits) in [(8, true), (9, false)] {
            let spec = smallSpec(
                architecture: program.architecture, dataset: dataset,
                changing: ["dataset.size": .integer(Int64(size)), "dataset.part": ["index": 1, "of": 2]])
            let job = JobDescription(.train(.init(milestones: [2])), spec: spec, dataset: dataset, in: sandbox)
            let worker = try program.start(job, in: sandbox.newAttempt())
            if fits { _ = try worker.finish() } else { #expect(try worker.failure().kind == .unsupported) }
        }
    }

    @Test(arguments: programs) func namesAMissingFile(program: WorkerProgram) throws {
        let nowhere = Digest(of: "nowhere".utf8)
        let job = JobDescription(
            .train(.init(milestones: [2])), spec: smallSpec(architecture: program.architecture, dataset: nowhere),
            dataset: nowhere, in: sandbox)
        let failure = try program.start(job, in: sandbox.newAttempt()).failure()
        #expect(failure.kind == .missingInput)
        #expect(failure.message.contains(nowhere.hex))
    }

    @Test func theExampleIsShort() throws {
        let path = try #require(WorkerProgram.python.command.last)
        #expect(try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").count < 60)
    }
}

extension MeasureRequest {
    /// The same measure with fewer images and levels.
    fileprivate var small: MeasureRequest {
        var request = self
        for (name, few) in ["samples": 16, "inputs": 64, "pairs": 4, "steps": 4] as [String: Int64] {
            if request.parameters[name]?.integerValue != nil { request.parameters[name] = .integer(few) }
        }
        if request.parameters["sigmas"] != nil { request.parameters["sigmas"] = [5, 0.5] }
        return request
    }
}
