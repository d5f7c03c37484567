import JobContract
import SweepModel

/// What a simulated worker computes: content determined by training and length alone, as a real one's is.
enum SimulatedResults {
    static func weights(_ training: TrainingID, _ steps: Int) -> Digest {
        Digest(of: "weights \(training.hex) \(steps)".utf8)
    }

    static func state(_ training: TrainingID, _ steps: Int) -> Digest {
        Digest(of: "state \(training.hex) \(steps)".utf8)
    }

    /// What differs between trainings, and grows.
    static func parameters(_ training: TrainingID) -> Int { 1000 + (Int(training.hex.prefix(3), radix: 16) ?? 0) }

    static func losses(_ training: TrainingID, _ steps: Int) -> [LossPoint] {
        (1...4).map { LossPoint(steps: steps * $0 / 4, mean: Double(parameters(training)) / Double(steps * $0)) }
    }

    static func told(_ parameters: Int?, _ losses: [LossPoint]?) -> String {
        "\(parameters ?? 0) parameters" + (losses ?? []).map { ", \($0.mean) at \($0.steps)" }.joined()
    }

    static func rows(_ checkpoint: Digest, _ request: MeasureRequest) -> [MeasureRow] {
        let others = request.others.map(\.hex).joined()
        let digits = Digest(of: "\(checkpoint.hex) \(request.measure) \(others)".utf8).hex.prefix(8)
        return [MeasureRow(quantity: "value", value: Double(UInt32(digits, radix: 16) ?? 0), n: 1)]
    }

    static func file(_ digest: Digest) -> OutputFile { OutputFile(path: "file", digest: digest, bytes: 10) }
}

/// A recording unit of the simulation.
enum Unit: Hashable, CustomStringConvertible {
    case milestone(TrainingID, Int)
    case measure(TrialID, MeasureRequest)

    var description: String {
        switch self {
        case .milestone(let training, let steps): "milestone \(training.short) \(steps)"
        case .measure(let trial, let request):
            "\(request.measure) of \(([trial] + request.others).map(\.short).joined(separator: " and "))"
        }
    }
}

extension JobDescription {
    /// Files of recorded results that its worker reads, and the trainings that left them.
    var filesToRead: [(digest: Digest, training: TrainingID)] {
        switch task {
        case .train(let task): task.resume.map { [($0.state, training)] } ?? []
        case .measure(let task):
            [(task.checkpoint, training)] + (task.others ?? []).map { ($0.checkpoint, $0.training) }
        }
    }

    /// What an order asks for.
    var units: Set<Unit> {
        switch task {
        case .train(let task): Set(task.milestones.map { .milestone(training, $0) })
        case .measure(let task): Set(task.measures.map { .measure(task.trial, $0) })
        }
    }
}

/// What jobs are one to the checker, whatever their names: a training, the measures of a trial, or the comparisons of
/// some.
enum JobKey: Hashable, CustomStringConvertible {
    case training(TrainingID)
    case trials([TrialID])

    init(_ description: JobDescription) {
        switch description.task {
        case .train: self = .training(description.training)
        case .measure(let task): self = .trials([task.trial] + (task.others ?? []).map(\.trial))
        }
    }

    var description: String {
        switch self {
        case .training(let id): "training \(id.short)"
        case .trials(let ids): "measures of \(ids.map(\.short).joined(separator: " and "))"
        }
    }
}
