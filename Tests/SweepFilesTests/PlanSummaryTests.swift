import JobContract
import SweepFiles
import SweepModel
import Testing

/// The plan's arithmetic on a sweep small enough to count by hand: two trainings with lengths 320, 640 and 1280 images.
@Suite struct PlanSummaryTests {
    private let sweep: ExpandedSweep

    init() throws {
        sweep = try expand(
            SweepFilesTests.sweep(
                "training.batch: 32\nmeasures: [memorization]\ngrid: {dataset.size: [16, 64], training.images: [320, 640, 1280]}"
            )
        ).sweep
    }

    private func checkpoint(_ steps: Int) -> Holdings.Checkpoint {
        Holdings.Checkpoint(steps: steps, weights: Digest(of: "\(steps)".utf8))
    }

    @Test func anEmptyCatalogue() {
        let plan = PlanSummary(of: sweep, given: Holdings())
        #expect(plan.trials == 6)
        #expect(plan.trainings == 2)
        #expect(plan.toTrain == 6)
        #expect(plan.measures == 6)
        #expect(plan.imagesFromZero == 2 * (320 + 640 + 1280))
        #expect(plan.imagesToTrain == 2 * 1280)
        #expect(plan.imagesSavedBySharing == 2 * (320 + 640))
        #expect(plan.imagesSavedByStates == 0)
    }

    @Test func lengthsAddedLaterContinue() {
        var holdings = Holdings()
        let first = sweep.trials[0]
        holdings.milestones[first.training] = [checkpoint(10), checkpoint(20)]
        holdings.states[first.training] = ResumePoint(steps: 20, state: Digest(of: "s".utf8))
        holdings.measured = [Holdings.MeasuredUnit(trial: first.id, request: sweep.measures[0])]
        let plan = PlanSummary(of: sweep, given: holdings)
        #expect(plan.complete == 1)
        #expect(plan.toMeasure == 1)
        #expect(plan.toTrain == 4)
        #expect(plan.continued == 1)
        #expect(plan.measures == 5)
        #expect(plan.imagesSavedByStates == 640)
        #expect(plan.imagesToTrain == 640 + 1280)
        #expect(plan.imagesFromZero == 1280 + 320 + 640 + 1280)
        #expect(plan.imagesFromZero - plan.imagesSavedBySharing - plan.imagesSavedByStates == plan.imagesToTrain)
    }

    /// A state beyond a missing milestone cannot give it.
    @Test func aShorterLengthAddedLaterStartsAgain() {
        var holdings = Holdings()
        let first = sweep.trials[0]
        holdings.milestones[first.training] = [checkpoint(20), checkpoint(40)]
        holdings.states[first.training] = ResumePoint(steps: 40, state: Digest(of: "s".utf8))
        let plan = PlanSummary(of: sweep, given: holdings)
        #expect(plan.continued == 0)
        #expect(plan.imagesToTrain == 320 + 1280)
    }

    /// A launch would train the length before the state from nothing, and the one beyond it from the state.
    @Test func aStateBetweenMissingLengthsServesTheLonger() {
        var holdings = Holdings()
        let first = sweep.trials[0]
        holdings.milestones[first.training] = [checkpoint(20)]
        holdings.states[first.training] = ResumePoint(steps: 20, state: Digest(of: "s".utf8))
        let plan = PlanSummary(of: sweep, given: holdings)
        #expect(plan.continued == 1)
        #expect(plan.imagesSavedByStates == 640)
        #expect(plan.imagesToTrain == 320 + 640 + 1280)
        #expect(plan.imagesFromZero == 320 + 1280 + 320 + 640 + 1280)
        #expect(plan.imagesFromZero - plan.imagesSavedBySharing - plan.imagesSavedByStates == plan.imagesToTrain)
    }

    @Test func lengthsBeyondAllNumbersAreCountedAsTheLargest() {
        var huge = sweep
        huge.trials = huge.trials.map {
            Trial(id: $0.id, training: $0.training, steps: .max - $0.position, position: $0.position, asked: [:])
        }
        let plan = PlanSummary(of: huge, given: Holdings())
        #expect(plan.imagesFromZero == .max)
        #expect(plan.imagesToTrain == .max)
    }

    @Test func failedAndCancelledTrialsAreLeftAlone() {
        var holdings = Holdings()
        holdings.settled = [sweep.trials[0].id: .failed, sweep.trials[2].id: .cancelled]
        let plan = PlanSummary(of: sweep, given: holdings)
        #expect(plan.settled == 2)
        #expect(plan.toTrain == 4)
        #expect(plan.measures == 4)
        #expect(plan.imagesToTrain == 640 + 1280)
    }
}
