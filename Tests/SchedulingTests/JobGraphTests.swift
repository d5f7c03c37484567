import JobContract
import SweepModel
import Testing

@Suite struct JobGraphTests {
    private func milestones(_ graph: JobGraph) -> [[Int]] {
        graph.jobs.compactMap { if case .train(let milestones) = $0.work { milestones.map(\.steps) } else { nil } }
    }

    private func measured(_ graph: JobGraph) -> [TrialID: [String]] {
        var found: [TrialID: [String]] = [:]
        for job in graph.jobs {
            if case .measure(let trial, _, let measures) = job.work { found[trial] = measures.map(\.measure) }
        }
        return found
    }

    @Test func lengthsOfATrainingAreOneJob() {
        let graph = JobGraph(sweeps: [sweep(["a": [300, 100, 200], "b": [50]])], holdings: Holdings())
        #expect(milestones(graph) == [[100, 200, 300], [50]])
        #expect(graph.trials[.named("a", 200)]?.trainJob == 0)
    }

    @Test func whatIsRecordedIsNotPlanned() {
        var holdings = Holdings()
        holdings.milestones[.named("a")] = [.init(steps: 100, weights: .named("w"))]
        holdings.measured = [.init(trial: .named("a", 100), request: .named("m"))]
        let graph = JobGraph(sweeps: [sweep(["a": [100, 200]], measures: ["m", "n"])], holdings: holdings)
        #expect(milestones(graph) == [[200]])
        #expect(measured(graph) == [.named("a", 100): ["n"], .named("a", 200): ["m", "n"]])
        #expect(graph.trials[.named("a", 100)]?.trainJob == nil)
    }

    @Test func everythingRecordedIsNoJob() {
        var holdings = Holdings()
        holdings.milestones[.named("a")] = [.init(steps: 100, weights: .named("w"))]
        let graph = JobGraph(sweeps: [sweep(["a": [100]])], holdings: holdings)
        #expect(graph.jobs.isEmpty)
        #expect(graph.trials.ids == [.named("a", 100)])
    }

    @Test func aShorterLengthAddedLaterDoesNotHoldUpTheLonger() {
        var holdings = Holdings()
        holdings.milestones[.named("a")] = [.init(steps: 200, weights: .named("w"))]
        holdings.states[.named("a")] = ResumePoint(steps: 200, state: .named("s"))
        let graph = JobGraph(sweeps: [sweep(["a": [100, 200, 400]])], holdings: holdings)
        #expect(milestones(graph) == [[100], [400]])
    }

    @Test func whatAnAttemptIsAtWorkOnStaysOneJob() {
        var holdings = Holdings()
        holdings.states[.named("a")] = ResumePoint(steps: 200, state: .named("s"))
        holdings.openAttempts = [
            AttemptRecord(
                attempt: AttemptNumber(1), job: JobID(Digest(of: "job".utf8)), training: .named("a"), kind: .train,
                trials: [.named("a", 100), .named("a", 400)], host: "h", machine: "", boot: "", cpu: "", task: nil)
        ]
        let graph = JobGraph(sweeps: [sweep(["a": [100, 400]])], holdings: holdings)
        #expect(milestones(graph) == [[100, 400]])
        holdings.openAttempts = []
        #expect(milestones(JobGraph(sweeps: [sweep(["a": [100, 400]])], holdings: holdings)) == [[100], [400]])
    }

    @Test func severalAttemptsOfATrainingKeepAJobEach() {
        var holdings = Holdings()
        holdings.states[.named("a")] = ResumePoint(steps: 500, state: .named("s"))
        holdings.openAttempts = [[400], [100, 200]].enumerated().map { number, lengths in
            AttemptRecord(
                attempt: AttemptNumber(number + 1), job: JobID(Digest(of: "\(number)".utf8)), training: .named("a"),
                kind: .train, trials: lengths.map { .named("a", $0) }, host: "h", machine: "", boot: "", cpu: "",
                task: nil)
        }
        let graph = JobGraph(sweeps: [sweep(["a": [50, 100, 200, 300, 400, 450]])], holdings: holdings)
        #expect(milestones(graph) == [[50, 100, 200, 300], [400, 450]])
    }

    /// A length is given again when the attempt before is given up, or when what it left is lost: the last attempt that got
    /// it has it.
    @Test(
        arguments: [
            ([[100], [100, 200]], [[100, 200]], [nil, 0]), ([[100, 200, 300], [100]], [[100], [200, 300]], [1, 0]),
            ([[100, 200], [200, 300]], [[100], [200, 300]], [0, 1]),
        ] as [([[Int]], [[Int]], [Int?])])
    func whatSeveralWereGivenIsTheLastOnes(given: [[Int]], jobs: [[Int]], kept: [Int?]) {
        var holdings = Holdings()
        holdings.openAttempts = given.enumerated().map { number, lengths in
            AttemptRecord(
                attempt: AttemptNumber(number + 1), job: JobID(Digest(of: "\(number)".utf8)), training: .named("a"),
                kind: .train, trials: lengths.map { .named("a", $0) }, host: "h", machine: "", boot: "", cpu: "",
                task: nil)
        }
        let graph = JobGraph(sweeps: [sweep(["a": Array(Set(given.flatMap { $0 }))])], holdings: holdings)
        #expect(milestones(graph) == jobs)
        #expect(given.indices.map { graph.kept[AttemptNumber($0 + 1)] } == kept)
    }

    @Test func settledTrialsAreLeftAlone() {
        var holdings = Holdings()
        holdings.settled = [.named("a", 100): .failed, .named("a", 200): .cancelled]
        let graph = JobGraph(sweeps: [sweep(["a": [100, 200, 300]], measures: ["m"])], holdings: holdings)
        #expect(milestones(graph) == [[300]])
        #expect(measured(graph) == [.named("a", 300): ["m"]])
        #expect(graph.settled.count == 2)
    }

    @Test func sweepsThatShareATrialShareItsJobs() {
        let one = sweep(["a": [100]], measures: ["m"], needs: JobNeeds(memory: 10, tags: ["x"]))
        let two = sweep(["a": [100, 200]], measures: ["n"], needs: JobNeeds(memory: 20))
        let graph = JobGraph(sweeps: [one, two], holdings: Holdings())
        #expect(milestones(graph) == [[100, 200]])
        #expect(measured(graph) == [.named("a", 100): ["m", "n"], .named("a", 200): ["n"]])
        #expect(graph.jobs.allSatisfy { $0.needs == JobNeeds(memory: 20, tags: ["x"]) })
    }

    @Test func jobsAreNamedByWhatTheyServe() {
        let graph = JobGraph(sweeps: [sweep(["a": [100, 200], "b": [100]], measures: ["m"])], holdings: Holdings())
        let again = JobGraph(sweeps: [sweep(["b": [100], "a": [200, 100]], measures: ["m"])], holdings: Holdings())
        #expect(Set(graph.jobs.map(\.id)).count == graph.jobs.count)
        #expect(Set(graph.jobs.map(\.id)) == Set(again.jobs.map(\.id)))
    }
}
