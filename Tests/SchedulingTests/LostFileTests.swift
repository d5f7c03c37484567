import JobContract
import Scheduling
import SweepModel
import Testing

/// Recorded files are lost or damaged: what is planned again, and who is blamed.
@Suite struct LostFileTests {
    private let missing = HostFailure(.missingFile, "the file is nowhere")

    private func measured(_ lost: Set<String> = []) -> Holdings {
        var holdings = Holdings()
        holdings.milestones[.named("x")] = [10, 20].map {
            .init(steps: $0, weights: .named("weights \($0)"), attempt: AttemptNumber(1))
        }
        holdings.states[.named("x")] = ResumePoint(steps: 20, state: .named("state 20"))
        holdings.shorterStates[.named("x")] = [ResumePoint(steps: 10, state: .named("state 10"))]
        return holdings
    }

    /// Holdings in which everything is measured, and the trial that still waits has a picture.
    private func withPicture() -> (wanted: ExpandedSweep, holdings: Holdings) {
        var holdings = measured()
        holdings.succeeded = [.named("x", 10)]
        for steps in [10, 20] { holdings.measured.insert([.named("x", steps)], with: .named("m")) }
        holdings.artifacts[.init(trial: .named("x", 20), request: .named("m"))] = [.named("picture")]
        return (sweep(["x": [10, 20]], measures: ["m"]), holdings)
    }

    private func less(_ holdings: Holdings, _ sweeps: ExpandedSweep..., lost: String...) -> Holdings {
        let digests = Set(lost.map(Digest.named))
        return holdings.less(digests.contains, for: sweeps)
    }

    /// A length between those that are recorded goes on from the longest state below it, though nothing is lost.
    @Test func whatIsWantedBetweenLengthsGoesOnFromAShorterState() {
        let wanted = sweep(["x": [10, 15, 20]])
        var bench = Bench(wanted, holdings: less(measured(), wanted))
        bench.connect("a")
        let starts = bench.starts()
        #expect(starts.map(\.milestones) == [[15]])
        #expect(starts.first?.resume == ResumePoint(steps: 10, state: .named("state 10")))
        let beyond = sweep(["x": [10, 30]])
        #expect(less(measured(), beyond).shorterStates.isEmpty, "the longest is all that is needed")
    }

    /// An open attempt at measures of lost weights is no attempt at the training that makes these again.
    @Test func aMeasureThatCannotBeTakenFailsNoTraining() {
        let wanted = sweep(["x": [10, 20]], measures: ["m"])
        var holdings = measured()
        holdings.openAttempts = [
            AttemptRecord(
                attempt: AttemptNumber(5), job: JobID(.named("measures")), training: .named("x"), kind: .measure,
                trials: [.named("x", 10)], host: "a", machine: "a", boot: "1", cpu: "test",
                task: .measure(
                    MeasureTask(
                        trial: .named("x", 10), steps: 10, checkpoint: .named("weights 10"), measures: [.named("m")])))
        ]
        var bench = Bench(wanted, hosts: [.test("a", slots: 4)], holdings: less(holdings, wanted, lost: "weights 10"))
        bench.connect("a", held: [bench.held(5, .running)])
        bench.event("a", 5, .failed(.init(kind: .unsupported, message: "impossible")))
        bench.end("a", 5, .exited(code: 1))
        #expect(!bench.changes.contains(.trialState(.named("x", 10), .failed, reason: "unsupported: impossible")))
        #expect(bench.changes.contains { if case .measureFailed = $0 { true } else { false } })
        #expect(bench.starts().map(\.milestones).contains([10]), "it is trained again")
        #expect(bench.scheduler.violations() == [])
    }

    @Test func anOrderWithoutItsFileBlamesNobodyAndIsPlannedAnew() {
        var bench = Bench(sweep(["x": [10]]))
        bench.connect("a")
        #expect(bench.starts().count == 1)
        bench.report("a", .refused(AttemptNumber(1), missing))
        #expect(bench.outcome(of: 1) == .cancelled)
        #expect(bench.starts().isEmpty)
        #expect(bench.scheduler.ending == .replan)
    }

    @Test func anOrderOfAnEarlierPlanIsNotPlannedTwice() {
        let sweep = sweep(["x": [10]], measures: ["m"])
        var first = Bench(sweep)
        first.connect("a")
        guard
            case .record(.attemptIntended(let record))? = first.actions.first(where: {
                if case .record(.attemptIntended) = $0 { true } else { false }
            })
        else {
            Issue.record("nothing was intended")
            return
        }
        var holdings = Holdings()
        holdings.openAttempts = [record]
        var bench = Bench(sweep, holdings: holdings)
        bench.connect("a", held: [])
        bench.report("a", .refused(AttemptNumber(1), missing))
        #expect(bench.scheduler.ending == nil)
        #expect(bench.starts().count == 1, "it is given again")
    }

    @Test func aKeptStateThatIsNowhereIsForgotten() {
        let point = ResumePoint(steps: 7, state: .named("state 7"))
        var holdings = Holdings()
        holdings.keptStates[.named("x")] = .init(point: point, host: "a")
        var bench = Bench(sweep(["x": [10]]), holdings: holdings)
        bench.connect("a")
        #expect(bench.starts().map(\.resume) == [point])
        bench.report("a", .refused(AttemptNumber(1), missing))
        #expect(bench.scheduler.ending == nil)
        #expect(bench.starts().map(\.resume) == [nil], "at once: the host need not rest")
    }

    @Test func jobsThatMeetDamageOnceDoNotCostTheirHost() {
        var bench = Bench(sweep(["w": [10], "x": [10], "y": [10], "z": [10]]), hosts: [.test("a", slots: 4)])
        bench.connect("a")
        for attempt in 1...4 {
            bench.run("a", attempt)
            bench.event("a", attempt, .failed(.init(kind: .missingInput, message: "it is damaged")))
            bench.end("a", attempt, .exited(code: 1))
            #expect(bench.outcome(of: attempt)?.name == "host-fault")
        }
        #expect(bench.scheduler.ending == nil)
        bench.actions = []
        for attempt in 5...8 {
            bench.run("a", attempt)
            bench.milestone("a", attempt, 10)
            bench.finish("a", attempt)
        }
        #expect(bench.scheduler.ending == .settled, "each was given again at once")
    }

    @Test func aDiskThatDamagesTheSameJobsAgainAndAgainIsGivenUp() {
        var bench = Bench(sweep(["x": [10]]))
        bench.connect("a")
        for attempt in 1...4 {
            bench.wait(3600)
            bench.run("a", attempt)
            bench.event("a", attempt, .failed(.init(kind: .missingInput, message: "it is damaged")))
            bench.end("a", attempt, .exited(code: 1))
        }
        guard case .noUsableHost? = bench.scheduler.ending else {
            Issue.record("\(String(describing: bench.scheduler.ending))")
            return
        }
    }

    @Test func lostWeightsThatAreReadAreTrainedAgainAndOthersAreNot() {
        var holdings = measured()
        holdings.succeeded = [.named("x", 10), .named("x", 20)]
        holdings.measured.insert([.named("x", 10)], with: .named("m"))
        let wanted = sweep(["x": [10, 20]], measures: ["m"])
        let lost = holdings.lostFiles(of: [wanted]) { [.named("weights 10"), .named("weights 20")].contains($0) }
        #expect(lost.map(\.role) == [.weights(.named("x"), steps: 20)])
        let plan = less(holdings, wanted, lost: "weights 10", "weights 20")
        #expect(plan.milestones[.named("x")]?.map(\.steps) == [10], "its numbers stand")
        #expect(plan.lost == [.named("x", 20): .named("weights 20")])
        var bench = Bench(wanted, holdings: plan)
        #expect(bench.changes.contains(.trialState(.named("x", 20), .waiting, reason: nil)))
        bench.connect("a")
        let starts = bench.starts()
        #expect(starts.map(\.milestones) == [[20]])
        #expect(starts.map(\.resume?.steps) == [10], "from the longest state before it")
    }

    @Test func aTrialThatWaitsIsReadThoughItsMeasuresAreThere() {
        var holdings = measured()
        holdings.succeeded = [.named("x", 20)]
        for steps in [10, 20] { holdings.measured.insert([.named("x", steps)], with: .named("m")) }
        let plan = less(holdings, sweep(["x": [10, 20]], measures: ["m"]), lost: "weights 10", "weights 20")
        #expect(plan.lost.keys.map(\.self) == [.named("x", 10)])
    }

    @Test func withoutTheLongestStateTheNextServes() {
        var holdings = measured()
        holdings.succeeded = [.named("x", 10), .named("x", 20)]
        let wanted = sweep(["x": [10, 20, 30]])
        #expect(
            holdings.lostFiles(of: [wanted]) { $0 == .named("state 20") }.map(\.role) == [
                .state(.named("x"), steps: 20)
            ])
        var bench = Bench(wanted, holdings: less(holdings, wanted, lost: "state 20"))
        bench.connect("a")
        #expect(bench.starts().map(\.resume) == [ResumePoint(steps: 10, state: .named("state 10"))])
        var none = Bench(wanted, holdings: less(holdings, wanted, lost: "state 20", "state 10"))
        none.connect("a")
        #expect(none.starts().map(\.resume) == [nil])
    }

    @Test func whatIsComparedIsReadToo() {
        var holdings = measured()
        holdings.succeeded = [.named("x", 10), .named("x", 20)]
        var wanted = sweep(["x": [10, 20]])
        let members = [TrialID.named("x", 10), .named("x", 20)].sorted()
        wanted.comparisons = [
            Comparison(trial: members[0], request: .named("agreement").comparing(with: [members[1]]))
        ]
        #expect(less(holdings, wanted, lost: "weights 10").lost == [.named("x", 10): .named("weights 10")])
        // Nothing is compared with a trial that was cancelled, and so nothing is read for it.
        holdings.settled[.named("x", 20)] = .cancelled
        #expect(less(holdings, wanted, lost: "weights 10").lost.isEmpty)
    }

    @Test func aMeasureWhoseFilesAreLostIsMadeAgainOnceItsTrialWaits() {
        let (wanted, holdings) = withPicture()
        var bench = Bench(wanted, holdings: less(holdings, wanted, lost: "picture"))
        bench.connect("a")
        #expect(bench.starts().map(\.measured) == [.named("x", 20)])
        var whole = Bench(wanted, holdings: less(holdings, wanted))
        whole.connect("a")
        #expect(whole.starts().isEmpty)
    }

    /// The order was on its way when the plan before learned of the loss.
    @Test func aMeasureWhoseOrderIsRefusedLaterWaitsForItsCheckpoint() {
        var holdings = measured()
        let measure = Job(
            training: .named("x"), work: .measure(trial: .named("x", 20), steps: 20, measures: [.named("m")]),
            needs: JobNeeds())
        holdings.measured.insert([.named("x", 10)], with: .named("m"))
        holdings.openAttempts = [
            AttemptRecord(
                attempt: AttemptNumber(2), job: measure.id, training: .named("x"), kind: .measure,
                trials: [.named("x", 20)], host: "a", machine: "", boot: "", cpu: "")
        ]
        let wanted = sweep(["x": [10, 20]], measures: ["m"])
        var bench = Bench(wanted, hosts: [.test("a", slots: 2)], holdings: less(holdings, wanted, lost: "weights 20"))
        bench.connect("a", held: [])
        bench.report("a", .refused(AttemptNumber(2), missing))
        #expect(bench.starts().map(\.milestones) == [[20]])
        #expect(bench.scheduler.violations() == [])
        bench.run("a", 3)
        bench.milestone("a", 3, 20)
        #expect(bench.starts().map(\.measured) == [.named("x", 20)])
        #expect(bench.scheduler.violations() == [])
    }

    @Test func anAttemptThatIsPastWhatIsLostGoesOn() {
        var holdings = measured()
        holdings.milestones[.named("x")]?.removeLast()
        holdings.states = [:]
        holdings.shorterStates = [:]
        let trials: [TrialID] = [.named("x", 10), .named("x", 20)]
        let job = Job(
            training: .named("x"),
            work: .train(milestones: [.init(steps: 10, trial: trials[0]), .init(steps: 20, trial: trials[1])]),
            needs: JobNeeds())
        holdings.openAttempts = [
            AttemptRecord(
                attempt: AttemptNumber(1), job: job.id, training: .named("x"), kind: .train, trials: trials, host: "a",
                machine: "", boot: "", cpu: "", task: .train(TrainTask(milestones: [10, 20])))
        ]
        let wanted = sweep(["x": [10, 20]], measures: ["m"])
        var bench = Bench(wanted, hosts: [.test("a", slots: 2)], holdings: less(holdings, wanted, lost: "weights 10"))
        bench.connect("a", held: [bench.held(1, .running)])
        #expect(bench.starts().map(\.milestones) == [[10]], "the other length is the attempt's")
        bench.milestone("a", 1, 20)
        bench.finish("a", 1)
        #expect(bench.outcome(of: 1) == .succeeded)
        #expect(bench.scheduler.violations() == [])
    }

    /// The weights are made again by a worker that gives other bits.
    @Test func whatIsLeftToMeasureOfLostWeightsIsNotMeasuredOfOthers() {
        var holdings = measured()
        holdings.succeeded = [.named("x", 10)]
        holdings.measured.insert([.named("x", 10)], with: .named("m"))
        var wanted = sweep(["x": [10, 20]], measures: ["m"])
        let members = [TrialID.named("x", 10), .named("x", 20)].sorted()
        let comparison = MeasureRequest.named("agreement").comparing(with: [members[1]])
        wanted.comparisons = [Comparison(trial: members[0], request: comparison)]
        var bench = Bench(wanted, holdings: less(holdings, wanted, lost: "weights 20"))
        bench.connect("a")
        #expect(bench.starts().map(\.milestones) == [[20]])
        bench.run("a", 1)
        let other = OutputFile(path: "f", digest: .named("other weights"), bytes: 1)
        bench.event(
            "a", 1,
            .checkpoint(.init(steps: 20, milestone: true, weights: other, state: nil, parameters: 1, seconds: 1)))
        var failed: Set<Holdings.MeasuredUnit> = []
        for case .measureFailed(let trial, let request, let reason) in bench.changes {
            failed.insert(.init(trial: trial, request: request))
            #expect(reason.contains("lost") && reason.contains(Digest.named("weights 20").short))
        }
        let own = Holdings.MeasuredUnit(trial: .named("x", 20), request: .named("m"))
        let compared = Holdings.MeasuredUnit(trial: members[0], request: comparison)
        #expect(failed == [own, compared])
        bench.finish("a", 1)
        #expect(bench.outcome(of: 1) == .succeeded)
        #expect(bench.starts().isEmpty)
        #expect(bench.scheduler.violations() == [])

        // The next run does not train it again either.
        for unit in failed { holdings.failedMeasures[unit] = "lost" }
        #expect(less(holdings, wanted, lost: "weights 20").lost == [:])
    }

    @Test func aMeasureThatStandsDoesNotFailWithItsFiles() {
        let (wanted, holdings) = withPicture()
        var bench = Bench(wanted, holdings: less(holdings, wanted, lost: "picture"))
        bench.connect("a")
        #expect(bench.starts().map(\.measured) == [.named("x", 20)])
        bench.run("a", 1)
        bench.event(
            "a", 1,
            .measure(
                .init(
                    trial: .named("x", 20), request: .named("m"), checkpoint: .named("weights 20"), rows: [],
                    artifacts: [], seconds: 1, failure: "impossible")))
        #expect(bench.changes.contains(.trialState(.named("x", 20), .succeeded, reason: nil)))
        #expect(!bench.changes.contains { if case .measureFailed = $0 { true } else { false } })
        bench.finish("a", 1)
        #expect(bench.outcome(of: 1) == .succeeded)
        #expect(bench.starts().isEmpty)
    }
}
