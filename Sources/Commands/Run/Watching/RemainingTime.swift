import Foundation
import Scheduling
import SweepModel

/// How far a run is, and how long it still takes: trainings by their cost, measures by their number, both in seconds of a
/// slot as they were seen to take. What is said follows what is found slowly, and counts down between.
struct RemainingTime {
    /// From 0 to 1, of all that is wanted. It falls only where more is wanted.
    private(set) var fraction = 0.0
    /// Nil while nothing is known, and at the end.
    private(set) var secondsLeft: Double?

    /// Seconds of a slot that a measuring job takes: as seen in this run, or as known from earlier.
    private var measureSeconds: Double?
    private var measuresSeen = 0.0
    /// Attempts that measure, with the seconds they had run when last seen.
    private var measuring: [Int: Double] = [:]
    /// Slot seconds of trainings, and the work that came of them, until work was last recorded; older ones count less.
    private var (busy, gained) = (0.0, 0.0)
    /// Slot seconds since.
    private var pending = 0.0
    private var last: FleetSnapshot?
    /// Jobs that measure, done and left.
    private var (measured, measuresLeft) = (0, 0)
    private var workGone = 0.0
    /// Of the trials, what was settled when the run began.
    private var settledBefore = 0.0
    /// When the run will have ended, on the clock of `elapsedSeconds`.
    private var end: Double?

    init(measureSeconds: Double? = nil) { self.measureSeconds = measureSeconds }

    mutating func observe(_ now: FleetSnapshot) {
        let step = last.map { max(0, now.elapsedSeconds - $0.elapsedSeconds) } ?? 0
        if last == nil || last?.total != now.total { takeStock(now) }
        learnMeasures(now)
        learnTrainings(now, step)
        last = now
        let isOver = now.trials[.waiting, default: 0] + now.trials[.running, default: 0] == 0 && now.measuresLeft == 0
        guard !isOver else {
            (fraction, secondsLeft, end) = (1, nil, nil)
            return
        }
        estimate(now, step)
    }

    /// A run that begins, that others watch from now on, or of which more is wanted.
    private mutating func takeStock(_ now: FleetSnapshot) {
        let open = now.trials[.waiting, default: 0] + now.trials[.running, default: 0]
        settledBefore = now.total > 0 ? 1 - Double(open) / Double(now.total) : 0
        if now.workDone > 0, last == nil {
            (busy, gained) = (now.elapsedSeconds * Double(max(1, slots(now))), now.workDone)
        }
        (measured, measuresLeft, fraction, end) = (0, now.measuresLeft, 0, nil)
        workGone = last == nil ? now.workDone : 0
    }

    private mutating func learnMeasures(_ now: FleetSnapshot) {
        let running = now.hosts.flatMap(\.running).filter { $0.kind == .measure }
        let ended = measuresLeft - now.measuresLeft
        if ended > 0 {
            measured += ended
            let gone = measuring.filter { number, _ in !running.contains { $0.attempt.value == number } }.map(\.value)
            if !gone.isEmpty {
                let mean = gone.reduce(0, +) / Double(gone.count)
                measuresSeen = min(measuresSeen + Double(gone.count), 50)
                let share = min(1, Double(gone.count) / measuresSeen)
                measureSeconds = (measureSeconds ?? mean) * (1 - share) + mean * share
            }
        }
        measuresLeft = now.measuresLeft
        measuring = Dictionary(
            running.map { ($0.attempt.value, $0.seconds) }, uniquingKeysWith: { first, _ in first })
    }

    private mutating func learnTrainings(_ now: FleetSnapshot, _ step: Double) {
        guard let last else { return }
        let before = last.workWanted - last.workDone
        let trainings = last.hosts.flatMap(\.running).count { $0.kind == .train }
        pending += step * Double(trainings)
        let recorded = before - (now.workWanted - now.workDone)
        guard recorded > 0 else { return }
        let memory = exp(-step / max(30, now.elapsedSeconds / 3))
        busy = busy * memory + pending
        gained = gained * memory + recorded
        workGone += recorded
        pending = 0
    }

    private func slots(_ now: FleetSnapshot) -> Int {
        now.hosts.reduce(0) { $1.status == .connected ? $0 + max($1.slots, $1.running.count) : $0 }
    }

    private mutating func estimate(_ now: FleetSnapshot, _ step: Double) {
        let work = max(0, now.workWanted - now.workDone)
        let perWork = gained > 0 ? busy / gained : nil
        guard work == 0 || perWork != nil else { return countDown(now) }
        // Before anything was measured, measures are taken for a tenth of the trainings.
        let trained = (perWork ?? 0) * (work + workGone)
        let jobs = Double(measured + now.measuresLeft)
        guard let perMeasure = measureSeconds ?? (trained > 0 && jobs > 0 ? trained / 10 / jobs : jobs > 0 ? nil : 0)
        else { return countDown(now) }
        let begun = measuring.values.reduce(0) { $0 + min($1, perMeasure) }
        let training = max(0, work * (perWork ?? 0) - pending)
        let left = training + max(0, Double(now.measuresLeft) * perMeasure - begun)
        let done = workGone * (perWork ?? 0) + Double(measured) * perMeasure + begun
        let share = settledBefore + (1 - settledBefore) * (done / max(done + left, 1e-9))
        fraction = max(fraction, min(share, 0.999))
        let found = max(left / Double(max(1, slots(now))), longest(now))
        let target = now.elapsedSeconds + found
        // A large error is mended within a few seconds, and no faster than people can follow.
        let patience = max(2, 0.1 * found)
        end = end.map { $0 + (target - $0) * (1 - exp(-step / patience)) } ?? target
        countDown(now)
    }

    /// What the running job that needs most still needs, as far as jobs say.
    private func longest(_ now: FleetSnapshot) -> Double {
        now.hosts.flatMap(\.running).reduce(0) { most, job in
            guard let progress = job.progress, progress.rate > 0, progress.of > progress.done else { return most }
            return max(most, Double(progress.of - progress.done) / progress.rate)
        }
    }

    private mutating func countDown(_ now: FleetSnapshot) {
        secondsLeft = end.map { $0 - now.elapsedSeconds }.flatMap { $0 >= 0.5 ? $0 : nil }
    }
}
