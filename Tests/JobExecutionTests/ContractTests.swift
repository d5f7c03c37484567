import Foundation
import JobContract
import Testing

/// What any program must do to be a worker (docs/job-contract.md).
@Suite(.serialized) struct ContractTests {
    static let programs = [.ours, .python, .numpy] + [WorkerProgram.pytorch].compactMap(\.self)

    private let sandbox: Sandbox
    private let dataset: Digest

    init() throws {
        sandbox = try Sandbox()
        dataset = try sandbox.keep(Sandbox.dataset())
    }

    private func run(_ program: WorkerProgram, _ task: JobTask) throws -> RunningWorker {
        try program.start(job(program, task), in: sandbox.newAttempt())
    }

    private func job(
        _ program: WorkerProgram, _ task: JobTask = .train(.init(milestones: [2])),
        changing changes: [String: JSONValue?] = [:]
    ) -> JobDescription {
        var job = JobDescription(
            task, spec: program.spec(dataset: dataset, changing: changes), dataset: dataset, in: sandbox)
        job.contract = program.contract
        return job
    }

    private func checkFile(_ file: OutputFile, in directory: URL) throws {
        #expect(!file.path.contains("/") && !file.path.hasPrefix("."))
        let bytes = [UInt8](try Data(contentsOf: directory.appendingPathComponent(file.path)))
        #expect(bytes.count == file.bytes && Digest(of: bytes) == file.digest)
    }

    @Test(arguments: programs) func describesItself(program: WorkerProgram) throws {
        let description = try program.describe(in: sandbox.newAttempt())
        #expect(description.contract == program.contract)
        #expect(!description.name.isEmpty && description.numerics >= 1)
        #expect(description.jobKinds.contains("train"))
        #expect(description.jobKinds.contains("measure") == !description.measures.isEmpty)
        #expect(description.architectures.contains(program.architecture))
        #expect(!description.measures.isEmpty || description.denoise != nil)
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
        #expect(started.contract == program.contract && started.worker == description.name)
        #expect(started.numerics == description.numerics && started.build == description.build)
        #expect(events.last == .finished)
        try #require(events.milestones.map(\.steps) == [3, 6])
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
        let weights = try #require(try training.finish().milestones.first?.weights)
        let checkpoint = try sandbox.adopt(weights, from: training.directory)
        let requests = try program.describe(in: sandbox.newAttempt()).measures
            .filter { !$0.isComparison && !$0.isOfTraining }.map(\.small)
        // One without measures leaves them to ours.
        guard !requests.isEmpty else { return }
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

    /// What `denoise` serves, as eigensweep-worker asks for it.
    @Test(arguments: programs) func isMeasuredByOurs(program: WorkerProgram) throws {
        guard let offer = try program.describe(in: sandbox.newAttempt()).denoise else {
            #expect(program.contract == 1 || program.architecture == "ddpmpp")
            return
        }
        let training = try run(program, .train(.init(milestones: [2])))
        let weights = try #require(try training.finish().milestones.first?.weights)
        let checkpoint = try sandbox.adopt(weights, from: training.directory)
        let requests = try WorkerProgram.ours.describe(in: sandbox.newAttempt()).measures
            .filter {
                ["memorization", "denoising"].contains($0.measure) || offer.derivative && $0.measure == "jacobian"
            }
            .map(\.small)
        let trial = TrialID(Digest(of: "trial".utf8))
        var job = job(program, .measure(.init(trial: trial, steps: 2, checkpoint: checkpoint, measures: requests)))
        job.contract = ContractVersion.current
        job.denoiser = DenoiserCommand(command: program.command, derivative: offer.derivative)
        let events = try WorkerProgram.ours.start(
            job, in: sandbox.newAttempt(), environment: program.environment
        ).finish()
        #expect(events.measurements.map(\.request) == requests)
        for event in events.measurements { #expect(event.failure == nil && !event.rows.isEmpty, "\(event)") }
    }

    @Test(arguments: programs) func refusesAnotherContract(program: WorkerProgram) throws {
        var job = job(program)
        job.contract = 99
        let failure = try program.start(job, in: sandbox.newAttempt()).failure()
        #expect(failure.kind == .unsupported)
        #expect(failure.message.contains("99") && failure.message.contains("\(program.contract)"))
    }

    @Test(arguments: programs) func refusesAKeyThatItDoesNotKnow(program: WorkerProgram) throws {
        let job = job(program, changing: ["dataset.crop": 3])
        let failure = try program.start(job, in: sandbox.newAttempt()).failure()
        #expect(failure.kind == .unsupported && failure.message.contains("dataset.crop"))
    }

    @Test(arguments: programs) func refusesMoreImagesThanTheHeldOutLeave(program: WorkerProgram) throws {
        // 8 of 24 images are held out, and each half has 8.
        for (size, fits) in [(8, true), (9, false)] {
            let job = job(
                program, changing: ["dataset.size": .integer(Int64(size)), "dataset.part": ["index": 1, "of": 2]])
            let worker = try program.start(job, in: sandbox.newAttempt())
            if fits { _ = try worker.finish() } else { #expect(try worker.failure().kind == .unsupported) }
        }
    }

    @Test(arguments: programs) func namesAMissingFile(program: WorkerProgram) throws {
        let nowhere = Digest(of: "nowhere".utf8)
        var job = job(program, changing: ["dataset.digest": .string(nowhere.hex)])
        job.dataset = nowhere
        let failure = try program.start(job, in: sandbox.newAttempt()).failure()
        #expect(failure.kind == .missingInput)
        #expect(failure.message.contains(nowhere.hex))
    }

    @Test(.enabled(if: WorkerProgram.pytorch != nil, "no torch for python3, or for the Python of EIGENSWEEP_PYTHON"))
    func theExampleInPyTorchIsAmongThem() { #expect(Self.programs.contains { $0.architecture == "dit" }) }

    @Test func theExampleIsShort() throws {
        let path = try #require(WorkerProgram.python.command.last)
        #expect(try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").count < 60)
    }
}

extension MeasureRequest {
    /// The same measure with fewer images and levels.
    var small: MeasureRequest {
        var request = self
        for (name, few) in ["samples": 16, "inputs": 64, "pairs": 4, "steps": 4] as [String: Int64] {
            if request.parameters[name]?.integerValue != nil { request.parameters[name] = .integer(few) }
        }
        if request.parameters["sigmas"] != nil { request.parameters["sigmas"] = [5, 0.5] }
        return request
    }
}
