import JobContract
import Scheduling
import SweepModel

/// Turns assignments into start orders: adds what scheduling need not know.
struct OrderBook {
    private let sweeps: [PreparedSweep]

    init(_ sweeps: [PreparedSweep]) { self.sweeps = sweeps }

    /// The order for an assignment of one of the sweeps' trainings. Every training must have a dataset file.
    func order(for assignment: Assignment) -> StartOrder {
        // Looked up and not kept: a sweep's trainings may be a million, and an order is rare.
        for prepared in sweeps {
            guard let training = prepared.sweep.trainings[assignment.training],
                let dataset = prepared.datasets[assignment.training]
            else { continue }
            // Nobody reads a probe's task.
            let (subcommand, task) =
                switch assignment.purpose {
                case .work(let task): ("run", task)
                case .probe: ("describe", JobTask.train(TrainTask(milestones: [])))
                }
            var otherTrainings: [JobDescription.OtherTraining]?
            if case .measure(let task) = task { otherTrainings = task.others?.map { otherTraining($0.training) } }
            return StartOrder(
                description: JobDescription(
                    job: assignment.job, attempt: assignment.attempt, threads: assignment.threads,
                    training: assignment.training, spec: training.spec, dataset: dataset, task: task,
                    otherTrainings: otherTrainings),
                specText: try? training.specText, command: prepared.command + [subcommand], uploads: prepared.uploads,
                gpus: assignment.gpus)
        }
        preconditionFailure("training \(assignment.training) was planned without a prepared dataset file")
    }

    private func otherTraining(_ id: TrainingID) -> JobDescription.OtherTraining {
        for prepared in sweeps {
            guard let training = prepared.sweep.trainings[id], let dataset = prepared.datasets[id] else { continue }
            return JobDescription.OtherTraining(training: id, spec: training.spec, dataset: dataset)
        }
        preconditionFailure("training \(id) was planned without a prepared dataset file")
    }
}
