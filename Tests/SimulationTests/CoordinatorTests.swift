import Coordination
import JobContract
import Scheduling
import SweepModel
import Testing

/// Tests what the loop itself promises, on ports that write down what is asked of them.
@Suite struct CoordinatorTests {
    private final class Diary: Fleet, CatalogueWriter, Inbox, AwakeClock {
        var entries: [String] = []
        var inputs: [CoordinatorInput] = []
        var refusesCommits = false
        /// Whether inputs arrive together or one after the other.
        var gathers = false
        var seconds = 0.0
        /// How long it may wait, at each wait.
        var waits: [Double] = []

        func send(_ command: HostCommand, to host: HostName) { entries.append(command.summary) }
        func commit(_ changes: [CatalogueChange]) throws {
            if refusesCommits { throw CatalogueRefusal(description: "the disk is full") }
            entries.append("commit \(changes.count)")
        }
        func next(before deadline: Instant?) -> CoordinatorInput {
            waits.append(deadline.map { $0.seconds(since: now()) } ?? .infinity)
            if inputs.isEmpty {
                seconds += 1000
                return .timeout
            }
            return inputs.removeFirst()
        }
        func nextWaiting() -> CoordinatorInput? {
            if inputs.isEmpty || !gathers { return nil }
            return inputs.removeFirst()
        }
        func now() -> Instant { Instant(nanoseconds: Int64(seconds * 1e9)) }
    }

    private static let facts = HostFacts(machine: "m", boot: "1", cores: 1, memory: 1 << 30, cpu: "c", free: 1 << 30)

    private func coordinator(_ diary: Diary, _ observer: (any CoordinationObserver)? = nil) -> Coordinator {
        let training = TrainingID(Digest(of: "t".utf8))
        let sweep = ExpandedSweep(
            name: "s", about: "", text: "", overrides: [],
            trials: [
                Trial(id: TrialID(Digest(of: "1".utf8)), training: training, steps: 10, position: 0, asked: [:])
            ],
            trainings: [training: Training(id: training, spec: ["training.batch": 32])], datasets: [:], measures: [],
            needs: JobNeeds(), worker: WorkerCommand())
        let prepared = PreparedSweep(
            sweep: sweep, datasets: [training: Digest(of: "data".utf8)], command: ["worker"])
        return Coordinator(
            configuration: CoordinationConfiguration(
                sweeps: [prepared], hosts: [HostSpec(name: "h", transport: .local, slots: 1)], holdings: Holdings(),
                firstAttempt: AttemptNumber(1)),
            fleet: diary, inbox: diary, catalogue: diary, clock: diary,
            observer: observer)
    }

    private static let started = WorkerEvent.Started(
        contract: ContractVersion.current, worker: "w", numerics: 1, build: "", cpu: "", kernels: "")

    private static func milestone() -> WorkerEvent {
        let file = OutputFile(path: "f", digest: Digest(of: "w".utf8), bytes: 1)
        return .checkpoint(
            .init(steps: 10, milestone: true, weights: file, state: file, parameters: 1, seconds: 1))
    }

    @Test func whatIsRecordedIsRecordedBeforeAnyoneHearsOfIt() throws {
        let diary = Diary()
        let attempt = AttemptNumber(1)
        diary.inputs = [
            .host("h", .connected(Self.facts, held: [])),
            .host("h", .event(attempt, .started(Self.started), end: 3)),
            .host("h", .event(attempt, Self.milestone(), end: 7)),
            .host("h", .event(attempt, .finished, end: 9)),
            .host("h", .ended(attempt, .exited(code: 0), diagnostics: "")),
        ]
        #expect(coordinator(diary).run() == .succeeded)
        #expect(
            diary.entries == [
                "commit 2", "start 1", "commit 3", "acknowledge 1 3", "commit 3", "acknowledge 1 7", "commit 1",
                "acknowledge 1 9", "release 1",
            ])
    }

    @Test func inputsThatCameTogetherShareACommitAndAreAnsweredInTheirOrder() throws {
        let diary = Diary()
        diary.gathers = true
        let attempt = AttemptNumber(1)
        diary.inputs = [
            .host("h", .connected(Self.facts, held: [])),
            .host("h", .event(attempt, .started(Self.started), end: 3)),
            .host("h", .event(attempt, Self.milestone(), end: 7)),
            .host("h", .event(attempt, .finished, end: 9)),
            .host("h", .ended(attempt, .exited(code: 0), diagnostics: "")),
        ]
        #expect(coordinator(diary).run() == .succeeded)
        #expect(
            diary.entries == [
                "commit 9", "start 1", "acknowledge 1 3", "acknowledge 1 7", "acknowledge 1 9", "release 1",
            ])
    }

    /// A look at many hosts takes long, and the next one comes after a pause that is longer still: until then the loop
    /// waits, and does not turn.
    @Test func theLoopWaitsForItsNextLook() throws {
        final class SlowObserver: CoordinationObserver {
            let longestPause: Double? = 1
            let diary: Diary
            init(_ diary: Diary) { self.diary = diary }
            func update(_ snapshot: FleetSnapshot) { diary.seconds += 0.5 }
            func notice(_ notice: Notice) {}
        }
        let diary = Diary()
        diary.inputs = [.host("h", .connected(Self.facts, held: []))]
        let coordinator = coordinator(diary, SlowObserver(diary))
        try coordinator.step()
        diary.seconds += 2
        diary.inputs = [.host("h", .progress(AttemptNumber(1), .init(done: 1, of: 2, unit: "steps", rate: 1)))]
        try coordinator.step()
        #expect(try #require(diary.waits.last) > 0)
    }

    @Test func aRefusedCommitEndsTheRunAndNothingIsAcknowledged() throws {
        let diary = Diary()
        diary.inputs = [.host("h", .connected(Self.facts, held: []))]
        diary.refusesCommits = true
        let outcome = coordinator(diary).run()
        #expect(outcome == .catalogueFailed(reason: "the disk is full"))
        #expect(outcome.exitCode == 5)
        #expect(diary.entries.isEmpty)
    }

    @Test func everyOutcomeHasItsExitCode() {
        let outcomes: [CoordinationOutcome] = [
            .succeeded, .someFailed(2), .noUsableHost(reason: ""), .catalogueFailed(reason: ""), .interrupted,
            .cancelled,
        ]
        #expect(outcomes.map(\.exitCode) == [0, 1, 4, 5, 6, 130])
    }
}
