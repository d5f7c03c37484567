import Foundation
import JobContract
import Measures
import Testing

/// Measures of networks that another worker serves.
@Suite(.serialized) struct ForeignNetworkTests {
    private let sandbox: Sandbox
    private let dataset: Digest
    /// A network of ours with every weight 0: D(x; σ) = c_skip(σ)·x, which `shrinking.py` serves too.
    private let checkpoint: Digest

    init() throws {
        sandbox = try Sandbox()
        dataset = try sandbox.keep(Sandbox.dataset(count: 40))
        let job = JobDescription(
            .train(.init(milestones: [1])), spec: smallSpec(architecture: "linear", dataset: dataset), dataset: dataset,
            in: sandbox)
        let worker = try WorkerProgram.ours.start(job, in: sandbox.newAttempt())
        let weights = try #require(try worker.finish().milestones.first?.weights)
        var bytes = [UInt8](try Data(contentsOf: worker.directory.appendingPathComponent(weights.path)))
        let header = bytes[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
        for place in (8 + header)..<bytes.count { bytes[place] = 0 }
        checkpoint = try sandbox.keep(bytes)
    }

    private static let shrinking = [
        "python3",
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("python/tests/shrinking.py").path,
    ]

    private func side(_ name: String) -> (trial: TrialID, training: TrainingID) {
        (TrialID(Digest(of: "trial \(name)".utf8)), TrainingID(Digest(of: "training \(name)".utf8)))
    }

    /// - Parameters:
    ///   - modes: by which the other worker breaks the contract; nil: the networks are taken for ours.
    ///   - other: as `modes`, of what is compared with.
    private func job(
        _ requests: [MeasureRequest], modes: [String]?, derivative: Bool = true, other: [String]?? = nil
    ) -> JobDescription {
        func denoiser(_ modes: [String]) -> DenoiserCommand {
            DenoiserCommand(command: Self.shrinking + modes, derivative: derivative)
        }
        var spec = smallSpec(architecture: modes == nil ? "linear" : "foreign", dataset: dataset)
        if modes != nil { spec["model.patch"] = 4 }
        let (own, theirs) = (side("a"), side("b"))
        var task = MeasureTask(trial: own.trial, steps: 1, checkpoint: checkpoint, measures: requests)
        var job = JobDescription(.measure(task), spec: spec, dataset: dataset, in: sandbox)
        job.denoiser = modes.map(denoiser)
        if let other {
            var spec = smallSpec(architecture: other == nil ? "linear" : "foreign", dataset: dataset)
            spec["dataset.part"] = ["index": 1, "of": 2]
            spec["dataset.size"] = 7
            task.others = [.init(trial: theirs.trial, training: theirs.training, steps: 1, checkpoint: checkpoint)]
            job.task = .measure(task)
            job.otherTrainings = [
                .init(training: theirs.training, spec: spec, dataset: dataset, denoiser: other.map(denoiser))
            ]
        }
        return job
    }

    private func measured(_ job: JobDescription) throws -> [WorkerEvent.Measured] {
        try WorkerProgram.ours.start(job, in: sandbox.newAttempt()).finish().measurements
    }

    /// One measure of every kind that asks a network: it asks for more batches than one.
    private static let denoising = request(
        "denoising", ["samples": 40, "sigmas": [0.05, 0.5, 2.0]])

    private static func request(_ name: String, _ parameters: [String: JSONValue] = [:]) -> MeasureRequest {
        var request = KnownMeasures.requests.first { $0.measure == name }?.small ?? KnownMeasures.requests[0]
        request.parameters.merge(parameters) { $1 }
        return request
    }

    @Test func theSameDenoiserGivesTheSameRows() throws {
        let requests =
            KnownMeasures.requests.filter { !$0.isComparison && !$0.measure.hasSuffix("loss") }.map(\.small) + [
                Self.denoising
            ]
        let ours = try measured(job(requests, modes: nil))
        let theirs = try measured(job(requests, modes: []))
        #expect(ours.count == requests.count && theirs.count == requests.count)
        for (own, other) in zip(ours, theirs) {
            #expect(own.failure == nil && other.failure == nil, "\(own.request.measure): \(other.failure ?? "")")
            #expect(!own.rows.isEmpty && own.rows == other.rows, "\(own.request.measure)")
            #expect(own.artifacts.map(\.file.digest) == other.artifacts.map(\.file.digest), "\(own.request.measure)")
        }
    }

    /// How another worker trained nobody here knows: the measure of it is left out, with the reason, and the others are taken.
    @Test func ofAnotherWorkersTrainingThereIsNoLoss() throws {
        let requests = [Self.request("loss"), Self.request("raw-loss"), Self.denoising]
        let ours = try measured(job(requests, modes: nil))
        #expect(ours[0].rows.count == 3 && ours[1].failure?.contains("is taken by the training") == true)
        let worker = try WorkerProgram.ours.start(job(requests, modes: []), in: sandbox.newAttempt())
        let found = try worker.finish().measurements
        #expect(found.count == 3 && found.allSatisfy { $0.failure == nil })
        #expect(found[0].rows.isEmpty && found[1].rows.isEmpty && !found[2].rows.isEmpty)
        let said = try String(contentsOf: worker.errors, encoding: .utf8)
        #expect(
            said.contains("left out: loss has the noise levels and weights of the network's own training"), "\(said)")
    }

    @Test func networksOfTwoWorkersAreCompared() throws {
        let (_, other) = (side("a"), side("b"))
        let requests = KnownMeasures.requests.filter(\.isComparison).map { $0.small.comparing(with: [other.trial]) }
        #expect(requests.count >= 2)
        let expected = try measured(job(requests, modes: nil, other: .some(nil)))
        let sides: [(own: [String]?, other: [String]?)] = [([], nil), (nil, []), ([], []), ([], ["again"])]
        for side in sides {
            let found = try measured(job(requests, modes: side.own, other: .some(side.other)))
            #expect(found.map(\.rows) == expected.map(\.rows) && found.allSatisfy { !$0.rows.isEmpty }, "\(side)")
        }
    }

    @Test func withoutProductsThereIsNoJacobian() throws {
        let found = try measured(job([Self.request("jacobian"), Self.denoising], modes: [], derivative: false))
        #expect(found[0].rows.isEmpty && found[0].failure?.contains("derivative") == true)
        #expect(found[1].failure == nil && !found[1].rows.isEmpty)
    }

    // MARK: Failures

    /// How often one measure asks.
    private func questions() throws -> Int {
        let worker = try WorkerProgram.ours.start(job([Self.denoising], modes: []), in: sandbox.newAttempt())
        _ = try worker.finish()
        let said = try String(contentsOf: worker.errors, encoding: .utf8).split(separator: " ")
        return try #require(said.firstIndex(of: "questions\n").flatMap { Int(said[$0 - 1]) })
    }

    private func failure(_ modes: String...) throws -> (failed: WorkerEvent.Failed, measured: [WorkerEvent.Measured]) {
        let worker = try WorkerProgram.ours.start(
            job([Self.denoising, Self.denoising], modes: modes), in: sandbox.newAttempt())
        let failed = try worker.failure()
        return (failed, try worker.events().measurements)
    }

    @Test(arguments: [
        ("mute", "ended with exit code 1", "the module torch is missing"),
        ("babble", "no description of its networks", ""), ("talk", "more than one line", ""),
        ("large", "[1, 9, 9]", "[1, 8, 8]"), ("many", "2 networks", "expected 1"), ("late", "version 3", "version 2"),
    ])
    func oneThatDoesNotBegin(mode: String, words: String, also: String) throws {
        let found = try failure(mode)
        #expect(found.failed.kind == .internal && found.measured.isEmpty)
        #expect(found.failed.message.contains(words) && found.failed.message.contains("shrinking.py \(mode) denoise"))
        #expect(also.isEmpty || found.failed.message.contains(also))
    }

    @Test func theKindThatItTellsIsTold() throws {
        let found = try failure("unwilling")
        #expect(found.failed.kind == .missingInput && found.failed.message.contains("the checkpoint is damaged"))
    }

    @Test(arguments: [
        ("die", "ended with exit code 3", "no memory left"), ("short", "ended with exit code 0", ""),
        ("odd", "an answer that is none", ""), ("less", "bytes where", ""), ("garbage", "an answer that is none", ""),
        ("refuse", "the network cannot do that", ""),
    ])
    func oneThatBreaksOff(mode: String, words: String, also: String) throws {
        for (question, whole) in [(0, 0), (try questions() + 2, 1)] {
            let found = try failure("\(mode)@\(question)")
            #expect(found.failed.kind == .internal && found.measured.count == whole, "\(found.failed.message)")
            #expect(found.failed.message.contains(words), "\(found.failed.message)")
            #expect(also.isEmpty || found.failed.message.contains(also))
            #expect(found.measured.allSatisfy { $0.failure == nil && !$0.rows.isEmpty })
        }
    }

    @Test func oneThatTheKernelEndedIsTheHosts() throws {
        let found = try failure("killed@3")
        #expect(found.failed.kind == .unfitHost && found.failed.message.contains("died of signal 9"))
    }

    @Test func aProgramThatIsNotThereIsTheHosts() throws {
        var job = job([Self.denoising], modes: [])
        job.denoiser?.command[0] = "python-of-nobody"
        let failed = try WorkerProgram.ours.start(job, in: sandbox.newAttempt()).failure()
        #expect(failed.kind == .unfitHost && failed.message.contains("cannot start python-of-nobody"))
    }

    /// Numbers that are none cost the measure that met them; the others are taken.
    @Test func noNumberIsNoResult() throws {
        let found = try measured(job([Self.denoising, Self.denoising], modes: ["nan@\(questions())"]))
        #expect(found.count == 2 && found[0].failure == nil && !found[0].rows.isEmpty)
        #expect(found[1].rows.isEmpty && found[1].failure?.contains("values that are no numbers") == true)
    }

    @Test func oneThatHangsIsEndedWithTheJob() throws {
        let worker = try WorkerProgram.ours.start(
            job([Self.denoising], modes: ["hang@2"]), in: sandbox.newAttempt(),
            wrapper: ["/bin/sh", "-c", "exec 7<job.json; exec \"$@\"", "sh"])
        try worker.wait { if case .started = $0 { true } else { false } }
        var child: pid_t?
        for _ in 0..<500 where child == nil {
            let list = "/proc/\(worker.process)/task/\(worker.process)/children"
            child = (try? String(contentsOfFile: list, encoding: .utf8)).flatMap {
                pid_t($0.split(separator: " ").first ?? "")
            }
            usleep(20_000)
        }
        let process = try #require(child)
        usleep(500_000)
        // As what says that a GPU is taken.
        let held = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/fd").compactMap {
            try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/fd/\($0)")
        }
        #expect(held.contains { $0.hasSuffix("/job.json") } && held.count == 4, "\(held)")
        worker.signal(SIGTERM)
        let events = try worker.finish()
        #expect(events.last == .paused(steps: 1) && events.measurements.isEmpty)
        #expect(kill(process, 0) != 0)
    }

    @Test func itsProgramMayLieBesideTheJob() throws {
        var job = job([Self.denoising], modes: [])
        let directory = try sandbox.newAttempt()
        let text = try Data(contentsOf: URL(fileURLWithPath: Self.shrinking[1]))
        let program = directory.appendingPathComponent("own")
        try text.write(to: program)
        chmod(program.path, 0o755)
        job.denoiser?.command = ["own"]
        let found = try WorkerProgram.ours.start(job, in: directory).finish().measurements
        #expect(found.count == 1 && found[0].failure == nil)
    }
}
