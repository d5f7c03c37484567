import JobContract
import Synchronization

extension Identifier where Kind == TrialKind {
    /// The name of the trial that a training's first `steps` steps are.
    package init(training: TrainingID, steps: Int) throws(CanonicalJSON.Failure) {
        self.init(try Digest(canonical: ["steps": .integer(Int64(steps)), "training": .string(training.hex)]))
    }
}

extension Identifier where Kind == TrainingKind {
    /// The name of the training with these keys and values.
    package init(spec: [String: JSONValue]) throws(CanonicalJSON.Failure) {
        self.init(try Digest(canonical: .object(spec)))
    }
}

extension Training {
    /// Whether `id` is the digest of the spec. For a training read from a catalogue: whether its spec is what was stored.
    package var bearsItsName: Bool {
        record.storedDigest == id.digest || (try? TrainingID(spec: spec)) == id
    }
}

extension Trial {
    /// Whether `id` is the digest of the training's name and the length.
    package var bearsItsName: Bool { (try? TrialID(training: training, steps: steps)) == id }
}

extension ExpandedSweep {
    /// Takes out the trials whose name is not the digest of their stored spec and length, or whose dataset is not the one
    /// that their spec tells of, and remembers them in `misnamed`: another training than the name stands for would be run.
    /// Comparisons with them are taken out too.
    package mutating func takeOutMisnamed() {
        let all = Array(trainings.values)
        let (facts, requests) = (datasetFacts(), datasets)
        let misnamed = Set(
            all.indicesOfMisnamed { training in
                training.bearsItsName && (requests[training.id].map { facts[$0]??.hold(of: training) ?? false } ?? true)
            }.map { all[$0].id })
        let wrong = trials.indicesOfMisnamed { $0.bearsItsName && !misnamed.contains($0.training) }
        guard !wrong.isEmpty else { return }
        self.misnamed = wrong.map { trials[$0].id }
        let left = Set(self.misnamed)
        trials.removeAll { left.contains($0.id) }
        comparisons.removeAll { !left.isDisjoint(with: [$0.trial] + $0.request.others) }
        for training in misnamed {
            trainings[training] = nil
            datasets[training] = nil
        }
    }
}

extension ExpandedSweep {
    /// For each dataset asked for, what the spec of the first training that reads it says of it; nil where that spec tells
    /// of another dataset.
    private func datasetFacts() -> [DatasetRequest: DatasetFacts?] {
        var facts: [DatasetRequest: DatasetFacts?] = [:]
        var last: DatasetRequest?
        for trial in trials {
            guard let request = datasets[trial.training], request != last else { continue }
            last = request
            guard facts[request] == nil, let training = trainings[trial.training] else { continue }
            facts[request] = .some(DatasetFacts(request, of: training.spec))
        }
        return facts
    }
}

extension Array where Element: Sendable {
    /// The indices, ascending, of elements that do not bear their name; sought on all cores, for a sweep may have a million.
    fileprivate func indicesOfMisnamed(_ bearsItsName: @Sendable (Element) -> Bool) -> [Int] {
        let found = Mutex<[Int]>([])
        InParallel.chunks(count) { range in
            let wrong = range.filter { !bearsItsName(self[$0]) }
            if !wrong.isEmpty { found.withLock { $0 += wrong } }
        }
        return found.withLock { $0.sorted() }
    }
}
