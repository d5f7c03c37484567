import Coordination
import JobContract
import SweepModel

/// Compares what the catalogue says with what the hosts themselves saw, in the manner of Jepsen's Chronos test.
struct Checker {
    let scenario: Scenario
    let log: HostLog
    let world: World
    var contents: CatalogueContents
    /// The catalogue that is checked.
    var owner: Owner = 0

    /// Seconds for which two attempts of one job may both live once a coordinator reaches both hosts.
    static let patience = 10.0
    /// Seconds that an agent gives a worker that does not listen.
    static let grace = 20.0

    func violations(_ outcome: CoordinationOutcome) -> [String] {
        var found: [String] = []
        let wanted = wantedUnits()
        let excused = excused()
        if !excused.isEmpty { world.census.count(.measureExcused) }
        for unit in wanted {
            let results = contents.results[unit] ?? []
            if results.isEmpty, excused.contains(unit) { continue }
            if results.count != 1 { found.append("\(unit) has \(results.count) results") }
        }
        let strangers = Set(contents.results.keys).subtracting(wanted)
        for unit in strangers.map(\.description).sorted() where scenario.broken.isEmpty {
            found.append("\(unit) was not wanted")
        }
        let impossible = Set(scenario.unmeasurable.keys).subtracting(lostWithTrainings).union(excused)
        if contents.failed != impossible {
            let (kept, awaited) = (contents.failed.map(\.description), impossible.map(\.description))
            found.append("failed measures are \(kept.sorted()), not \(awaited.sorted())")
        }
        for trial in scenario.sweep.trials {
            let training = scenario.sweep.trainings[trial.training]
            if let images = contents.images[trial.id],
                images != [trial.steps * (training?.batch ?? 0), training?["dataset.size"]?.integerValue ?? 0]
            {
                found.append("trial \(trial.id.short) is shown to have seen \(images) images")
            }
            // Comparisons belong to no trial's own measures.
            let missesMeasure = sweepMeasures(of: trial.id).contains { impossible.contains($0) }
            let expected: TrialState =
                scenario.broken.contains(trial.training) || missesMeasure ? .failed : .succeeded
            let state = contents.states[trial.id]
            if state != expected {
                found.append(
                    "trial \(trial.id.short) is \(state.map(\.rawValue) ?? "unknown"), not \(expected.rawValue)")
            }
        }
        if (outcome == .succeeded) != (scenario.broken.isEmpty && impossible.isEmpty) {
            found.append("it ended as \(outcome)")
        }
        return found + unsoundness() + excessRuns() + twins()
    }

    /// Finds what is recorded more than once, or was not wanted.
    func doubled() -> [String] {
        let wanted = wantedUnits()
        return contents.results.filter { $0.value.count > 1 || scenario.broken.isEmpty && !wanted.contains($0.key) }
            .map { "another catalogue has \($0.value.count) results of \($0.key)" }.sorted()
    }

    private func wantedUnits() -> Set<Unit> {
        var units: Set<Unit> = []
        for trial in scenario.sweep.trials where !scenario.broken.contains(trial.training) {
            units.insert(.milestone(trial.training, trial.steps))
            for request in scenario.sweep.measures { units.insert(.measure(trial.id, request)) }
        }
        let lost = Set(scenario.sweep.trials.filter { scenario.broken.contains($0.training) }.map(\.id))
        for comparison in scenario.sweep.comparisons
        where lost.isDisjoint(with: [comparison.trial] + comparison.request.others) {
            units.insert(.measure(comparison.trial, comparison.request))
        }
        return units.subtracting(scenario.unmeasurable.keys)
    }

    private func sweepMeasures(of trial: TrialID) -> [Unit] { scenario.sweep.measures.map { .measure(trial, $0) } }

    /// Units that are never tried because a training that they need diverges.
    private var lostWithTrainings: Set<Unit> {
        let lost = Set(scenario.sweep.trials.filter { scenario.broken.contains($0.training) }.map(\.id))
        return Set(
            scenario.unmeasurable.keys.filter { unit in
                guard case .measure(let trial, let request) = unit else { return false }
                return !lost.isDisjoint(with: [trial] + request.others)
            })
    }

    /// Finds jobs that ran more often than once and once for every fault that hit them.
    private func excessRuns() -> [String] {
        var runs: [JobKey: Int] = [:]
        for run in log.runs where run.owner == 0 { runs[run.job, default: 0] += 1 }
        return runs.compactMap { job, count in
            let allowed = 1 + log.hits[job, default: 0]
            return count > allowed ? "\(job) ran \(count) times for \(allowed - 1) faults" : nil
        }.sorted()
    }

    /// Finds attempts of one job that both live on though a coordinator reaches both their hosts.
    private func twins() -> [String] {
        var found: [String] = []
        for (job, runs) in Dictionary(grouping: log.runs.filter { $0.owner == 0 && !$0.isDisowned }, by: \.job)
        where runs.count > 1 {
            for (index, a) in runs.enumerated() {
                for b in runs.dropFirst(index + 1)
                where !a.asked(butFor: log.lost).isDisjoint(with: b.asked) {
                    guard let together = longestTogether(a, b) else { continue }
                    if together > Self.patience {
                        found.append(
                            "attempts \(a.attempt) and \(b.attempt) of \(job) both lived for \(together) s "
                                + "while their hosts could be reached")
                    }
                }
            }
        }
        return found.sorted()
    }

    private func longestTogether(_ a: HostLog.Run, _ b: HostLog.Run) -> Double? {
        let from = max(a.begun, b.begun)
        let to = min(life(a), life(b))
        guard from < to else { return nil }
        var longest = 0.0
        for x in log.reaches[a.host] ?? [] where x.from < to {
            for y in log.reaches[b.host] ?? [] where y.coordinator == x.coordinator && y.from < to {
                let first = max(from, max(x.from, y.from))
                let last = min(to, min(x.to ?? to, y.to ?? to))
                if first < last { longest = max(longest, last.seconds(since: first)) }
            }
        }
        return longest
    }

    /// When the run stops counting as alive; the worker of one that does not listen lives on for the agent's patience.
    private func life(_ run: HostLog.Run) -> Instant {
        let end = run.ended ?? world.now
        guard run.isDeaf, let told = run.toldToStop else { return end }
        return end.seconds(since: told) > Self.grace + 1 ? end : min(end, told)
    }
}
