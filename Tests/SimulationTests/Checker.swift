import Coordination
import JobContract
import SweepModel

/// Holds what the catalogue says against what the hosts themselves saw, in the manner of Jepsen's Chronos test.
struct Checker {
    let scenario: Scenario
    let log: RunLog
    let contents: CatalogueContents

    func violations(_ outcome: CoordinationOutcome) -> [String] {
        var found: [String] = []
        let wanted = wantedUnits()
        for unit in wanted {
            let results = contents.results[unit] ?? []
            if results.count != 1 { found.append("\(unit) has \(results.count) results") }
            for result in results { found += check(result, of: unit) }
        }
        let strangers = Set(contents.results.keys).subtracting(wanted)
        for unit in strangers.map(\.description).sorted() where scenario.broken.isEmpty {
            found.append("\(unit) was not wanted")
        }
        if contents.evidence > 0 { found.append("\(contents.evidence) results differ from those that stand") }
        for trial in scenario.sweep.trials {
            let expected: TrialState = scenario.broken.contains(trial.training) ? .failed : .succeeded
            let state = contents.states[trial.id]
            if state != expected {
                found.append(
                    "trial \(trial.id.short) is \(state.map(\.rawValue) ?? "unknown"), not \(expected.rawValue)")
            }
        }
        if (outcome == .succeeded) != scenario.broken.isEmpty { found.append("it ended as \(outcome)") }
        return found + excessRuns()
    }

    private func wantedUnits() -> Set<Unit> {
        var units: Set<Unit> = []
        for trial in scenario.sweep.trials where !scenario.broken.contains(trial.training) {
            units.insert(.milestone(trial.training, trial.steps))
            for request in scenario.sweep.measures { units.insert(.measure(trial.id, request.measure)) }
        }
        return units
    }

    /// A result must be one that its attempt's run really gave, and that an undisturbed run gives.
    private func check(_ result: CatalogueContents.Result, of unit: Unit) -> [String] {
        var found: [String] = []
        if !log.runs.contains(where: { $0.attempt == result.attempt && $0.emitted[unit] == result.digest }) {
            found.append("\(unit) is of attempt \(result.attempt), which no host saw give it")
        }
        switch unit {
        case .milestone(let training, let steps):
            if result.digest != SimulatedResults.weights(training, steps) { found.append("\(unit) has other bits") }
        case .measure(_, let measure):
            if result.rows != SimulatedResults.rows(result.digest, .simulated(measure)) {
                found.append("\(unit) has other values")
            }
        }
        return found
    }

    /// A job runs once, and once more for every fault that hit it.
    private func excessRuns() -> [String] {
        var runs: [JobKey: Int] = [:]
        for run in log.runs { runs[run.job, default: 0] += 1 }
        return runs.compactMap { job, count in
            let allowed = 1 + log.hits[job, default: 0]
            return count > allowed ? "\(job) ran \(count) times for \(allowed - 1) faults" : nil
        }.sorted()
    }
}
