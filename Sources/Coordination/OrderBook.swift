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
        for prepared in [having.first { $0.measuring(task, of: assignment.training) != nil }, having.first]
            .compactMap(\.self)
        {
            guard let training = prepared.sweep.trainings[assignment.training],
                let dataset = prepared.datasets[assignment.training]
            else { continue }
            let measuring = prepared.measuring(task, of: training.id)
            let other = prepared.isOfOther(training.id) ? prepared.measuring : nil
            let worker = other.map(\.worker) ?? prepared.worker
            var order = StartOrder(
                description: JobDescription(
                    contract: measuring != nil ? ContractVersion.current : worker?.contract ?? ContractVersion.current,
                    job: assignment.job, attempt: assignment.attempt, threads: assignment.threads,
                    training: assignment.training, spec: training.spec, dataset: dataset, task: task),
                specText: try? training.specText,
                command: ((measuring ?? other)?.command ?? prepared.command) + [subcommand],
                uploads: other?.uploads ?? prepared.uploads, gpus: assignment.gpus)
            order.weights = prepared.weights
            order.turn = assignment.turn
            if case .work = assignment.purpose, measuring == nil, other == nil { order.onDevice = prepared.onDevice }
            if let measuring {
                order.description.denoiser = prepared.denoiser
                order.uploads += measuring.uploads
            }
            if case .measure(let task) = task, let others = task.others {
                let taker = measuring != nil ? prepared.sweep.borrowed?.worker : training.worker
                order.description.otherTrainings = others.map { otherTraining($0.training) }
                for (place, other) in others.enumerated() {
                    guard let lender = lender(of: other.training, to: taker) else { continue }
                    order.description.otherTrainings?[place].denoiser = lender.denoiser
                    order.uploads += lender.uploads.filter { !order.uploads.contains($0) }
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

    /// The sweep whose worker another, `taker`, asks for this training's network; nil where it is the taker's own.
    private func lender(of id: TrainingID, to taker: WorkerName?) -> PreparedSweep? {
        sweeps.first { prepared in
            guard let training = prepared.sweep.trainings[id], prepared.measuring != nil else { return false }
            return training.worker != taker && prepared.sweep.borrowed?.worker == taker
        }
    }
}

extension PreparedSweep {
    /// Whether the training is of the worker that takes the measures, not of the sweep's own.
    fileprivate func isOfOther(_ id: TrainingID) -> Bool {
        guard measuring != nil, let other = sweep.borrowed?.worker else { return false }
        return sweep.trainings[id]?.worker == other
    }

    /// The worker that takes these measures in place of the training's own; nil: its own does.
    fileprivate func measuring(_ task: JobTask, of training: TrainingID) -> Measuring? {
        guard case .measure(let task) = task, let first = task.measures.first,
            sweep.borrowed?.names.contains(first.measure) == true, !isOfOther(training)
        else { return nil }
        return measuring
    }

    /// How another worker asks for the sweep's networks.
    fileprivate var denoiser: DenoiserCommand {
        DenoiserCommand(command: command, derivative: worker?.denoise?.derivative ?? false)
    }
}
