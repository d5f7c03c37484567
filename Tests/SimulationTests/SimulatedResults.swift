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

    static func rows(_ checkpoint: Digest, _ request: MeasureRequest) -> [MeasureRow] {
        let digits = Digest(of: "\(checkpoint.hex) \(request.measure)".utf8).hex.prefix(8)
        return [MeasureRow(quantity: "value", value: Double(UInt32(digits, radix: 16) ?? 0), n: 1)]
    }

    static func file(_ digest: Digest) -> OutputFile { OutputFile(path: "file", digest: digest, bytes: 10) }
}

/// A recording unit of the simulation.
enum Unit: Hashable, CustomStringConvertible {
    case milestone(TrainingID, Int)
    case measure(TrialID, String)

    var description: String {
        switch self {
        case .milestone(let training, let steps): "milestone \(training.short) \(steps)"
        case .measure(let trial, let measure): "\(measure) of \(trial.short)"
        }
    }
}

/// What jobs are one to the checker, whatever their names: a training, or the measures of a trial.
enum JobKey: Hashable, CustomStringConvertible {
    case training(TrainingID)
    case trial(TrialID)

    init(_ description: JobDescription) {
        switch description.task {
        case .train: self = .training(description.training)
        case .measure(let task): self = .trial(task.trial)
        }
    }

    var description: String {
        switch self {
        case .training(let id): "training \(id.short)"
        case .trial(let id): "measures of \(id.short)"
        }
    }
}

/// What the hosts themselves saw, apart from anything the coordinator believes.
final class RunLog {
    struct Run {
        let attempt: AttemptNumber
        let job: JobKey
        let host: HostName
        var emitted: [Unit: Digest] = [:]
        var isOver = false
    }

    var runs: [Run] = []
    /// Faults that hit a job's attempts, each a reason for one more run.
    var hits: [JobKey: Int] = [:]
    /// Failures of a worker's own doing that were injected; below the limit after which a job is set aside.
    var injectedJobFaults: [JobKey: Int] = [:]
    /// Attempts whose lease the coordinator was right to let go.
    var expired: Set<AttemptNumber> = []

    func hit(_ job: JobKey) { hits[job, default: 0] += 1 }
}
