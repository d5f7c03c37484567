import Coordination
import JobContract
import SweepModel

/// Draws the results themselves: their bits and files, how many images they are of, and which come from elsewhere.
extension Scenario {
    mutating func addFiles(seed: UInt64) {
        var random = SeededRandom(seed: seed ^ 0xF11E5)
        leavesFiles = random.chance(0.2)
    }

    mutating func addImages(seed: UInt64) {
        var random = SeededRandom(seed: seed ^ 0x1A6E5)
        // The spec of a training that bears its name cannot be changed.
        guard random.chance(0.25), sweep.trainings.allSatisfy({ !$0.value.bearsItsName }) else { return }
        for id in sweep.trainings.keys.sorted() {
            guard var spec = sweep.trainings[id]?.spec else { continue }
            spec["dataset.size"] = .integer(Int64(random.pick(1...9) * 1000))
            spec["dataset.held_out"] = .integer(Int64(random.pick(1...9) * 100))
            spec["training.batch"] = .integer(Int64([8, 32, SimulatedResults.largeBatch][random.pick(0...2)]))
            sweep.trainings[id] = Training(id: id, spec: spec)
        }
    }

    /// Merges at shares of the time in which most things happen.
    static func merges(seed: UInt64, _ extra: [Fault]) -> [(at: Double, fault: Fault)] {
        var random = SeededRandom(seed: seed ^ 0x3E46E)
        let isProvoked = extra.contains { if case .merge = $0 { true } else { false } }
        guard random.chance(0.12) || isProvoked else { return [] }
        return (0..<random.pick(1...2)).map { _ in
            (
                random.seconds(0.01...1.2),
                .merge(share: random.seconds(0.2...1), kind: random.pick(0...2), files: random.chance(0.6))
            )
        }
    }

    /// Adopts a network. Its file must not be damaged, since nobody could train it again.
    mutating func addAdoption(seed: UInt64, horizon: Double) {
        var random = SeededRandom(seed: seed ^ 0xAD097)
        let isDamaged = faults.contains { if case .damagedFiles = $0.1 { true } else { false } }
        guard random.chance(0.12), later.isEmpty, !isDamaged, let measured = sweep.trials.first else { return }
        var spec = sweep.trainings[measured.training]?.spec ?? [:]
        spec["model.weights"] = .string(Digest(of: "adopted".utf8).hex)
        let isNamed = sweep.trainings.values.contains(where: \.bearsItsName)
        let training = (isNamed ? try? TrainingID(spec: spec) : nil) ?? TrainingID(Digest(of: "adopted".utf8))
        let id = (isNamed ? try? TrialID(training: training, steps: 70) : nil) ?? TrialID(training.digest)
        let trial = Trial(id: id, training: training, steps: 70, position: sweep.trials.count, asked: [:])
        sweep.trainings[training] = Training(id: training, spec: spec)
        sweep.trials.append(trial)
        later = [trial.id]
        adopted = trial.id
        faults.append((random.seconds(1...horizon), .adopt))
    }

    mutating func takeOutAdoption() {
        guard let trial = sweep.trials.first(where: { $0.id == adopted }) else { return }
        sweep.trials.removeAll { $0.id == trial.id }
        sweep.trainings[trial.training] = nil
        adopted = nil
    }

    mutating func addKinds(seed: UInt64) {
        var random = SeededRandom(seed: seed ^ 0xB175)
        guard random.chance(0.2) else { return }
        for host in hosts where random.chance(0.5) { kinds[host.name] = random.pick(1...2) }
    }
}
