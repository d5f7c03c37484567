import JobContract
import Scheduling
import SweepModel

/// Turns assignments into start orders: adds what scheduling need not know.
struct OrderBook {
    private struct Recipe {
        let spec: [String: JSONValue]
        let dataset: Digest
        let command: [String]
        let uploads: [StartOrder.Upload]
    }

    private var recipes: [TrainingID: Recipe] = [:]

    init(_ sweeps: [PreparedSweep]) {
        for prepared in sweeps {
            for (id, training) in prepared.sweep.trainings where recipes[id] == nil {
                guard let dataset = prepared.datasets[id] else { continue }
                recipes[id] = Recipe(
                    spec: training.spec, dataset: dataset, command: prepared.command, uploads: prepared.uploads)
            }
        }
    }

    /// The order for an assignment of one of the sweeps' trainings. Every training must have a dataset file.
    func order(for assignment: Assignment) -> StartOrder {
        guard let recipe = recipes[assignment.training] else {
            preconditionFailure("training \(assignment.training) was planned without a prepared dataset file")
        }
        return StartOrder(
            description: JobDescription(
                job: assignment.job, attempt: assignment.attempt, threads: assignment.threads,
                training: assignment.training, spec: recipe.spec, dataset: recipe.dataset, task: assignment.task),
            command: recipe.command, uploads: recipe.uploads)
    }
}
