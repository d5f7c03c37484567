import Foundation
import Testing

@testable import JobContract

/// Messages that are read and written by hand are what Foundation's coders make of them.
@Suite struct MessageTextTests {
    private static let digest = Digest(of: Array("content".utf8))
    private static let trainJob = JobDescription(
        job: JobID(digest), attempt: AttemptNumber(12), training: TrainingID(digest),
        spec: [
            "dataset.alpha": .number(0.5), "name \"é😀\n": .string("\u{1}\\"),
            "flags": .array([.bool(true), .null]),
            "worker": .object(["numerics": .integer(-3), "none": .array([])]),
        ],
        dataset: digest,
        task: .train(TrainTask(milestones: [1, 1 << 40], resume: ResumePoint(steps: 1, state: digest))))
    private static let measureJob = JobDescription(
        job: JobID(digest), attempt: AttemptNumber(13), threads: 2, training: TrainingID(digest), spec: [:],
        dataset: digest,
        task: .measure(
            MeasureTask(
                trial: TrialID(digest), steps: 4, checkpoint: digest,
                measures: [
                    MeasureRequest(measure: "m\"", version: 1, parameters: ["b": 2.5, "a": .array([])]),
                    MeasureRequest(measure: "n", version: 2, parameters: [:]),
                ],
                others: [.init(trial: TrialID(digest), training: TrainingID(digest), steps: 8, checkpoint: digest)])),
        otherTrainings: [.init(training: TrainingID(digest), spec: ["b": 1, "a": 2], dataset: digest)])
    private static var orders: [AgentOrder] {
        get throws {
            [
                try AgentOrder(
                    description: trainJob, command: ["./worker", "run", ""], uploads: ["worker": digest, "ü": digest]),
                try AgentOrder(description: measureJob, command: ["w"], uploads: [:]),
            ]
        }
    }

    private static let toAgent: [CoordinatorMessage] = [
        .hello(
            AgentHello(
                agent: digest, catalogue: "c", generation: 3, nonce: "n", directory: "~/x", slots: nil, threads: 2,
                environment: ["A": "b"])),
        .cancel(AttemptNumber(1)), .acknowledge(AttemptNumber(2), offset: 99),
        .release(AttemptNumber(3)), .upload(transfer: 4_000_000_000, digest: digest, bytes: 5),
        .fetch(transfer: 1, digest: digest), .ping(-7),
    ]

    private static let toCoordinator: [AgentMessage] = [
        .retiring, .accepted(AttemptNumber(1)), .running(AttemptNumber(1)),
        .ended(AttemptNumber(1), .exited(code: -3), diagnostics: "é"),
        .ended(AttemptNumber(1), .signalled(signal: 9), diagnostics: ""), .lacking(AttemptNumber(1), [digest, digest]),
        .lacking(AttemptNumber(1), []), .refused(AttemptNumber(1), AgentRefusal(.noSpace, "full")),
        .ended(AttemptNumber(1), .vanished, diagnostics: "a\nb"),
        .ended(AttemptNumber(1), .stopped(.misbehaved, exit: nil), diagnostics: ""),
        .ended(AttemptNumber(1), .neverStarted(reason: ""), diagnostics: ""),
        .welcome(
            AgentWelcome(
                HostFacts(machine: "m", boot: "b", cores: 2, memory: 1 << 40, cpu: "c", free: 0),
                held: [
                    HeldAttempt(attempt: AttemptNumber(1), job: JobID(digest), state: .backlog),
                    HeldAttempt(attempt: AttemptNumber(2), job: JobID(digest), state: .ended(.exited(code: 0))),
                ])),
    ]

    private static let events: [WorkerEvent] = [
        .started(.init(contract: 1, worker: "w", numerics: 2, build: "b", cpu: "", kernels: "k")),
        .progress(.init(done: 1, of: 2, unit: "steps", rate: 0.1)),
        .checkpoint(
            .init(
                steps: 3, milestone: true, weights: OutputFile(path: "p", digest: digest, bytes: 1), state: nil,
                parameters: 4, losses: [.init(steps: 1, mean: 1e-300), .init(steps: 3, mean: -2)], seconds: 5)),
        .measure(
            .init(
                trial: TrialID(digest), request: MeasureRequest(measure: "m", version: 1, parameters: ["a": 2.5]),
                checkpoint: digest,
                rows: [MeasureRow(quantity: "q", sigma: 0.1, value: nil), MeasureRow(quantity: "r", value: -1e22)],
                artifacts: [], seconds: 0)),
        .paused(steps: 8), .finished, .failed(.init(kind: .missingInput, message: "gone")),
    ]

    private func check<Message: Codable & Equatable>(_ message: Message) throws {
        let ours = try JSONText.encode(message)
        let theirs = try JSONEncoder().encode(message)
        #expect(try JSONDecoder().decode(Message.self, from: Data(ours)) == message)
        #expect(try JSONText.decode(Message.self, from: ours) == message)
        #expect(try JSONText.decode(Message.self, from: theirs) == message)
        #expect(
            try JSONSerialization.jsonObject(with: Data(ours)) as? NSDictionary
                == JSONSerialization.jsonObject(with: theirs) as? NSDictionary)
    }

    /// Workers of other people read these names, whatever the program calls them.
    @Test func aComparisonsOthersHaveTheContractsNames() throws {
        let job = JSONText.read(try JobText(Self.measureJob).bytes)
        let task = job?.objectValue?["task"]?.objectValue?["measure"]
        #expect(task?.objectValue?["others"]?.arrayValue?.count == 1)
        #expect(job?.objectValue?["companions"]?.arrayValue?.count == 1)
        let request = MeasureRequest(measure: "m", version: 1, parameters: ["with": []])
        #expect(request.isComparison && request.ownParameters.isEmpty)
    }

    @Test(arguments: toAgent) func sayTheSameToAnAgent(_ message: CoordinatorMessage) throws {
        try check(message)
        let frame = try AgentProtocol.frame(message)
        #expect(try AgentProtocol.message(CoordinatorMessage.self, in: frame) == message)
    }

    @Test(arguments: toCoordinator) func sayTheSameToACoordinator(_ message: AgentMessage) throws {
        try check(message)
        let frame = try AgentProtocol.frame(message)
        #expect(try AgentProtocol.message(AgentMessage.self, in: frame) == message)
    }

    @Test func ordersAreThoseThatWereGiven() throws {
        for order in try Self.orders {
            try check(CoordinatorMessage.start(order))
            let frame = try AgentProtocol.frame(CoordinatorMessage.start(order))
            #expect(try AgentProtocol.message(CoordinatorMessage.self, in: frame) == .start(order))
        }
    }

    /// A message that is cut anywhere, or has anything behind it, is refused.
    @Test func packedMessagesAreWhole() throws {
        let order = try #require(try Self.orders.first)
        for message in [.start(order), .acknowledge(AttemptNumber(2), offset: 99), .release(AttemptNumber(3))]
            as [CoordinatorMessage]
        {
            let packed = try #require(message.packed)
            for length in packed.indices {
                #expect(throws: ProtocolError.self) { try CoordinatorMessage(packed: Array(packed[..<length])) }
            }
            #expect(throws: ProtocolError.self) { try CoordinatorMessage(packed: packed + [0]) }
        }
        let ended = AgentMessage.ended(AttemptNumber(4), .exited(code: 1), diagnostics: "words")
        let packed = try #require(ended.packed)
        for length in packed.indices {
            #expect(throws: ProtocolError.self) { try AgentMessage(packed: Array(packed[..<length])) }
        }
        #expect(throws: ProtocolError.self) { try AgentMessage(packed: packed + [0]) }
    }

    @Test func aWorkerReadsTheJobThatWasOrdered() throws {
        var measuring = Self.trainJob
        let request = MeasureRequest(measure: "m", version: 1, parameters: ["weights": "raw"])
        let asked = TrainTask.AtMilestone(steps: 1 << 40, trial: TrialID(Self.digest), measures: [request])
        measuring.task = .train(TrainTask(milestones: [1, 1 << 40], measures: [asked]))
        #expect(request.isOfTraining)
        for var job in [Self.trainJob, Self.measureJob, measuring] {
            let text = try JobText(job)
            #expect(try CanonicalJSON.encode(try #require(JSONText.read(text.bytes))) == text.bytes)
            job.store = "/home/me \"x\"/store"
            #expect(try JSONText.decode(JobDescription.self, from: text.placed(inStore: job.store)) == job)
        }
    }
    @Test(arguments: events) func sayTheSameOfAWorker(_ event: WorkerEvent) throws { try check(event) }

    @Test func everyKindOfNumberIsKept() throws {
        struct Numbers: Codable, Equatable {
            var small: Int8 = -128
            var large = UInt64(Int64.max)
            var single: Float? = 0.25
            var double = Double.leastNonzeroMagnitude
            var flag = false
            var list: [[Int]] = [[], [1, 2]]
        }
        try check(Numbers())
    }

    @Test(arguments: [
        #"{"accepted":{"_0":1.5}}"#, #"{"accepted":{"_0":1e400}}"#, #"{"accepted":{"_0":99999999999999999999}}"#,
        #"{"accepted":{}}"#, #"{"accepted":[1]}"#, #"{"acepted":{"_0":1}}"#, "{}", "[]", "1", "",
        #"{"refused":{"_0":1,"_1":{"kind":"other","message":""}}}"#, #"{"lacking":{"_0":1,"_1":["0"]}}"#,
    ])
    func whatIsNoMessageIsRefused(_ text: String) {
        #expect(throws: DecodingError.self) { try JSONText.decode(AgentMessage.self, from: text.utf8) }
        #expect(throws: (any Error).self) { try JSONDecoder().decode(AgentMessage.self, from: Data(text.utf8)) }
    }

    @Test func numbersThatJSONHasNotAreRefused() {
        #expect(throws: CanonicalJSON.Failure.notFinite(.infinity)) { try JSONText.encode([Double.infinity]) }
    }
}
