import JobContract
import SweepModel

extension Checker {
    /// Finds results that stand though no run gave them, though their files do not stand, or though another came first; and
    /// results that differ and are forgotten.
    func unsoundness() -> [String] {
        var found: [String] = []
        for (unit, results) in contents.results {
            for result in results { found += faults(of: result, unit) }
        }
        return (found + disagreements()).sorted()
    }

    /// What is wrong with a result. Its run may be of a copy of the catalogue that gave the same number to the same job.
    private func faults(of result: CatalogueContents.Result, _ unit: Unit) -> [String] {
        let runs = log.runs.filter {
            $0.attempt == result.attempt && !$0.isOfOtherWorker && $0.given[unit] != nil
                && ($0.owner == .neighbour) == (owner == .neighbour)
        }
        if runs.isEmpty { return ["\(unit) is of attempt \(result.attempt), which no host saw give it"] }
        let equal = runs.filter { $0.given[unit] == result.given }
        if equal.isEmpty { return ["\(unit) has other bits, values or losses than attempt \(result.attempt) gave"] }
        let isTaken = log.runs.contains { $0.attempt == result.attempt && $0.owner == owner }
        if isTaken, equal.allSatisfy({ $0.owner == HostLog.Run.elsewhere }) {
            return ["\(unit) came from elsewhere, with the number of attempt \(result.attempt) of here"]
        }
        // The store removes damaged files when it reads them.
        guard case .measure(let trial, let request) = unit else {
            let isThere = world.store.contains(result.given.digest) || log.lost.contains(result.given.digest)
            return isThere ? [] : ["the store lacks the weights of \(unit)"]
        }
        if !result.given.files.values.allSatisfy({ world.store.contains($0) || log.lost.contains($0) }) {
            return ["the store lacks a file of \(unit)"]
        }
        if weights(of: trial) != result.given.digest { return ["\(unit) is of a checkpoint that does not stand"] }
        let isOfThose = equal.contains { run in request.others.allSatisfy { run.compared[$0] == weights(of: $0) } }
        return isOfThose ? [] : ["\(unit) compares with a checkpoint that does not stand"]
    }

    private func weights(of id: TrialID) -> Digest? {
        scenario.sweep.trials.first { $0.id == id }
            .flatMap { contents.results[.milestone($0.training, $0.steps)]?.first?.given.digest }
    }

    /// Units that may be unmeasured, because their checkpoint was lost and another one came when it was made again.
    func excused() -> Set<Unit> {
        let remade = Dictionary(grouping: log.reached[owner] ?? [], by: \.trial).compactMapValues { results in
            results.first { result in
                guard case .milestone = result.unit, let standing = weights(of: result.trial) else { return false }
                return result.result.given.digest != standing && log.lost.contains(standing)
            }
        }
        guard !remade.isEmpty else { return [] }
        return contents.failed.filter { unit in
            guard case .measure(let trial, let request) = unit else { return false }
            return ([trial] + request.others).contains { remade[$0] != nil }
        }
    }

    private func isOfOtherWeights(_ reached: HostLog.Reached) -> Bool {
        guard let compared = reached.compared, case .measure(let trial, let request) = reached.unit else {
            return false
        }
        return weights(of: trial) != reached.result.given.digest
            || request.others.contains { weights(of: $0) != compared[$0] }
    }

    /// Finds units where the first result does not stand, or where another that differs was not kept.
    private func disagreements() -> [String] {
        var found: [String] = []
        var expected: Set<CatalogueContents.Evidence> = []
        var possible: Set<CatalogueContents.Evidence> = []
        for (unit, all) in Dictionary(grouping: log.reached[owner] ?? [], by: \.unit) {
            // Measures that were taken elsewhere of other weights never stand.
            for other in all where isOfOtherWeights(other) {
                let evidence = unit.evidence(of: other.trial, other.result)
                possible.insert(evidence)
                expected.insert(evidence)
            }
            let results = all.filter { !isOfOtherWeights($0) }
            guard let standing = contents.results[unit]?.first else {
                if results.contains(where: \.isSure) { found.append("\(unit) was recorded and is gone") }
                continue
            }
            let first = results.first { $0.isSure || $0.result == standing }
            if first?.result != standing { found.append("\(unit) is not what came first") }
            for other in results where other.result.given.essence != standing.given.essence {
                let evidence = unit.evidence(of: other.trial, other.result)
                possible.insert(evidence)
                if other.isSure { expected.insert(evidence) }
            }
        }
        let forgotten = expected.subtracting(contents.evidence)
        let invented = contents.evidence.subtracting(possible)
        if !forgotten.isEmpty { found.append("\(forgotten.count) differing results are forgotten") }
        if !invented.isEmpty {
            found.append("\(invented.count) results are evidence that did not come or do not differ")
        }
        return found
    }
}
