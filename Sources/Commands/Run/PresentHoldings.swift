import ContentStore
import JobContract
import SweepModel

extension ContentStore {
    /// Holdings less the checkpoints whose files are lost: they are trained for again where a measure or a longer
    /// length still needs them.
    func present(_ holdings: Holdings, for sweeps: [ExpandedSweep]) throws -> Holdings {
        var result = holdings
        result.states = holdings.states.filter { contains($0.value.state) }
        var needed: [TrainingID: Set<Int>] = [:]
        for sweep in sweeps {
            let measured = sweep.measures.map(holdings.measured.trials)
            var current: (training: TrainingID, isHeld: Bool)?
            for trial in sweep.trials {
                if current?.training != trial.training {
                    current = (trial.training, holdings.milestones[trial.training] != nil)
                }
                guard current?.isHeld == true, !measured.allSatisfy({ $0.contains(trial.id) }) else { continue }
                needed[trial.training, default: []].insert(trial.steps)
            }
        }
        for (training, checkpoints) in holdings.milestones {
            result.milestones[training] = checkpoints.filter { checkpoint in
                contains(checkpoint.weights) || needed[training]?.contains(checkpoint.steps) != true
            }
        }
        return result
    }
}
