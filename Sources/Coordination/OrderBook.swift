import JobContract
import Scheduling
import SweepModel

/// Turns assignments into start orders: adds what scheduling need not know.
struct OrderBook {
    private let sweeps: [PreparedSweep]

    init(_ sweeps: [PreparedSweep]) { self.sweeps = sweeps }

    /// The order for an assignment of one of the sweeps' trainings. Every training must have a dataset file.
    func order(for assignment: Assignment) -> StartOrder {
        // Nobody reads a probe's task.
        let (subcommand, task) =
            switch assignment.purpose {
            case .work(let task): ("run", task)
            case .probe: ("describe", JobTask.train(TrainTask(milestones: [])))
            }
        // Looked up and not kept: a sweep's trainings may be a million, and an order is rare.
        let having = sweeps.lazy.filter { $0.sweep.trainings[assignment.training] != nil }
        for prepared in [having.first { $0.measuring(task) != nil }, having.first].compactMap(\.self) {
            guard let training = prepared.sweep.trainings[assignment.training],
                let dataset = prepared.datasets[assignment.training]
            else { continue }
            var order = StartOrder(
                description: JobDescription(
                    contract: prepared.worker?.contract ?? ContractVersion.current, job: assignment.job,
                    attempt: assignment.attempt, threads: assignment.threads, training: assignment.training,
                    spec: training.spec, dataset: dataset, task: task),
                specText: try? training.specText, command: prepared.command + [subcommand], uploads: prepared.uploads,
                gpus: assignment.gpus)
            order.weights = prepared.weights
            if case .measure(let task) = task {
                order.description.otherTrainings = task.others?.map { otherTraining($0.training) }
            }
            if let measuring = prepared.measuring(task) {
                order.description.contract = ContractVersion.current
                order.description.denoiser = prepared.denoiser
                order.command = measuring.command + [subcommand]
                order.uploads += measuring.uploads
                for place in order.description.otherTrainings?.indices ?? 0..<0 {
                    order.description.otherTrainings?[place].denoiser = prepared.denoiser
                }
            }
            return order
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

extension PreparedSweep {
    /// The worker that takes these measures in place of the sweep's own; nil: its own does.
    fileprivate func measuring(_ task: JobTask) -> Measuring? {
        guard case .measure(let task) = task, let first = task.measures.first,
            sweep.borrowed?.names.contains(first.measure) == true
        else { return nil }
        return measuring
    }

    /// How another worker asks for the sweep's networks.
    fileprivate var denoiser: DenoiserCommand {
        DenoiserCommand(command: command, derivative: worker?.denoise?.derivative ?? false)
    }
}
