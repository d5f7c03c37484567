import JobContract
import SweepModel
import Testing

@testable import Commands
@testable import Scheduling

/// The time left of runs that are played second by second.
@Suite struct RemainingTimeTests {
    /// A run of equal trainings and then equal measures on slots that take one job each after the other.
    private struct Play {
        var trainings: Int
        var trainingSeconds: Double
        var measureSeconds: Double
        var slots: Int
        /// Whether jobs tell how far they are.
        var tells: Bool

        var duration: Double {
            Double((trainings + slots - 1) / slots) * (trainingSeconds + measureSeconds)
        }

        func snapshot(at now: Double) -> FleetSnapshot {
            let trainingEnd = Double((trainings + slots - 1) / slots) * trainingSeconds
            let rounds = Int(now / trainingSeconds)
            var running: [FleetSnapshot.Running] = []
            var (trained, measured, under) = (min(trainings, rounds * slots), 0, 0.0)
            if now >= trainingEnd {
                trained = trainings
                measured = min(trainings, Int((now - trainingEnd) / measureSeconds) * slots)
            }
            let isTraining = now < trainingEnd
            let done = isTraining ? trained : measured
            let length = isTraining ? trainingSeconds : measureSeconds
            let since = (isTraining ? now : now - trainingEnd).truncatingRemainder(dividingBy: length)
            for slot in 0..<min(slots, trainings - done) {
                let number = (isTraining ? 0 : trainings) + done + slot + 1
                let progress = WorkerEvent.Progress(
                    done: Int(since / length * 1000), of: 1000, unit: "steps", rate: 1000 / length)
                running.append(
                    .init(
                        attempt: AttemptNumber(number), kind: isTraining ? .train : .measure,
                        training: TrainingID(Digest(of: "t\(number)".utf8)), trials: [],
                        progress: tells && since > 0.5 ? progress : nil, seconds: since))
                if tells, isTraining { under += since / length }
            }
            return FleetSnapshot(
                trials: [
                    .succeeded: measured, .running: running.count, .waiting: trainings - measured - running.count,
                ],
                total: trainings,
                hosts: [.init(name: "a", status: .connected, slots: slots, running: running, backlog: 0)],
                workDone: Double(trained) + under, workWanted: Double(trainings), measuresLeft: trainings - measured,
                elapsedSeconds: now, secondsLeft: nil, imagesPerSecond: 0)
        }
    }

    @Test(arguments: [true, false], [nil, 5.0])
    func theTimeLeftNeitherJumpsNorOutlastsTheRun(_ tells: Bool, _ known: Double?) {
        let play = Play(trainings: 24, trainingSeconds: 12, measureSeconds: 5, slots: 3, tells: tells)
        var remaining = RemainingTime(measureSeconds: known)
        var (last, lastShare): (Double?, Double) = (nil, 0)
        for second in stride(from: 0, through: play.duration, by: 1) {
            remaining.observe(play.snapshot(at: second))
            #expect(remaining.fraction >= lastShare, "the bar goes back at \(second) s")
            lastShare = remaining.fraction
            if let left = remaining.secondsLeft {
                // Once a few jobs have ended, it is right within a quarter, or some seconds.
                let truth = play.duration - second
                if second > 30, known != nil || second > 110 {
                    #expect(abs(left - truth) <= max(8, truth / 4), "\(left) s are said at \(second) s, of \(truth)")
                }
                if let last {
                    #expect(left - last < max(6, last / 5), "it jumps from \(last) to \(left) at \(second) s")
                }
            }
            last = remaining.secondsLeft
        }
        #expect(remaining.fraction == 1 && remaining.secondsLeft == nil, "a run that is over has no time left")
    }

    /// Once trainings are done, what is to be measured counts.
    @Test func measuresAreWorkToo() {
        let play = Play(trainings: 8, trainingSeconds: 10, measureSeconds: 30, slots: 2, tells: true)
        var remaining = RemainingTime(measureSeconds: 30)
        for second in 0...41 { remaining.observe(play.snapshot(at: Double(second))) }
        #expect((0.2...0.35).contains(remaining.fraction), "a quarter of the work is done: \(remaining.fraction)")
        #expect((remaining.secondsLeft ?? 0) > 90)
    }

    /// A watcher comes late, and knows what the run says of itself.
    @Test func aWatcherBeginsInTheMiddle() {
        let play = Play(trainings: 24, trainingSeconds: 12, measureSeconds: 5, slots: 3, tells: true)
        var remaining = RemainingTime(measureSeconds: 5)
        remaining.observe(play.snapshot(at: 50))
        let left = remaining.secondsLeft ?? 0
        #expect(abs(left - (play.duration - 50)) < 20, "\(left)")
    }

    @Test func theBarFallsOnlyWhereMoreIsWanted() {
        let play = Play(trainings: 4, trainingSeconds: 10, measureSeconds: 5, slots: 2, tells: true)
        var remaining = RemainingTime(measureSeconds: 5)
        for second in 0...19 { remaining.observe(play.snapshot(at: Double(second))) }
        let before = remaining.fraction
        var more = play.snapshot(at: 20)
        more.total = 40
        more.trials[.waiting] = 38
        more.workWanted = 40
        more.measuresLeft = 40
        remaining.observe(more)
        #expect(remaining.fraction < before)
    }
}
