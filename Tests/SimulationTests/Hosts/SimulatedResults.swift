import JobContract
import SweepModel

/// What a simulated worker computes. Training, length and bits alone determine it, as they do for a real one.
enum SimulatedResults {
    static func weights(_ training: TrainingID, _ steps: Int, _ bits: Bits = Bits()) -> Digest {
        Digest(of: "weights \(training.hex) \(steps)\(bits.suffix)".utf8)
    }

    static func state(_ training: TrainingID, _ steps: Int, _ bits: Bits = Bits()) -> Digest {
        Digest(of: "state \(training.hex) \(steps)\(bits.suffix)".utf8)
    }

    /// A network's number of parameters, which tells trainings apart.
    static func parameters(_ training: TrainingID) -> Int { 1000 + (Int(training.hex.prefix(3), radix: 16) ?? 0) }

    static func losses(_ training: TrainingID, _ steps: Int, _ bits: Bits = Bits()) -> [LossPoint] {
        let start = Double(parameters(training)) + (bits.isUsual ? 0 : bits.share)
        return (1...4).map { LossPoint(steps: steps * $0 / 4, mean: start / Double(steps * $0)) }
    }

    /// - Parameters:
    ///   - others: the checkpoints with which the first one is compared.
    ///   - images: how many training and held-out images each of the networks has; empty where nobody counts them.
    static func rows(
        _ checkpoint: Digest, _ others: [Digest], _ request: MeasureRequest, _ bits: Bits, images: [Int] = []
    ) -> [MeasureRow] {
        let files = ([checkpoint] + others).map(\.hex).joined(separator: " ")
        let digits = Digest(of: "\(files) \(request.measure)\(bits.ofNumbers)".utf8).hex.prefix(8)
        let value = Double(UInt32(digits, radix: 16) ?? 0)
        guard !images.isEmpty else { return [MeasureRow(quantity: "value", value: value, n: 1)] }
        return images.enumerated().map { place, count in
            MeasureRow(
                quantity: place % 2 == 0 ? "training" : "held_out", sigma: Double(place + 1) / 4, position: place,
                value: value + Double(place), n: count, stderr: 1 / Double(count))
        }
    }

    /// The numbers of a training's training and held-out images by its spec; none where that has none.
    static func images(_ spec: [String: JSONValue]) -> [Int] {
        [spec["dataset.size"]?.integerValue, spec["dataset.held_out"]?.integerValue].compactMap { $0 }
    }

    /// Progress of half a second a batch. A worker counts in images where batches are large.
    static func progress(_ steps: Int, of last: Int, batch: Int) -> WorkerEvent.Progress {
        let factor = batch == largeBatch ? batch : 1
        return .init(
            done: steps * factor, of: last * factor, unit: factor == 1 ? "steps" : "images", rate: Double(2 * factor))
    }

    static let largeBatch = 64

    /// Files for people differ on some hosts, though the numbers do not.
    static func files(
        _ checkpoint: Digest, _ others: [Digest], _ request: MeasureRequest, _ bits: Bits
    ) -> [String: Digest] {
        let names = request.isComparison ? ["picture.png", "table.csv"] : ["picture.png"]
        let read = ([checkpoint] + others).map(\.hex).joined(separator: " ")
        return names.reduce(into: [:]) {
            $0[$1] = Digest(of: "\($1) of \(read) \(request.measure)\(bits.suffix)".utf8)
        }
    }

    static func artifacts(_ files: [String: Digest]) -> [Artifact] {
        files.sorted { $0.key < $1.key }.map {
            Artifact(
                name: $0.key, mediaType: $0.key.hasSuffix("png") ? "image/png" : "text/csv", file: file($0.value))
        }
    }

    static func file(_ digest: Digest) -> OutputFile { OutputFile(path: "file", digest: digest, bytes: 10) }
}

/// Which bits a worker gives, which its host's kind decides. A training that goes on on a host of another kind has bits
/// that neither kind gives alone.
struct Bits: Hashable {
    /// 0 for most hosts.
    var kind = 0
    private var past: UInt64 = 0

    init(kind: Int = 0) { self.kind = kind }

    var isUsual: Bool { kind == 0 && past == 0 }
    fileprivate var suffix: String { isUsual ? "" : " on \(kind) after \(past)" }
    fileprivate var ofNumbers: String { kind == 2 ? "" : suffix }
    fileprivate var share: Double { Double(kind + 1) + Double(past >> 40) / 0x1p24 }

    func continued(on kind: Int, at steps: Int) -> Bits {
        guard kind != self.kind else { return self }
        var bits = Bits(kind: kind)
        bits.past = (past &+ UInt64(self.kind + 1)) &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(steps)
        return bits
    }
}

/// What a run gives for a unit.
struct Given: Hashable {
    /// A milestone's weights; for a measure the checkpoint that it was taken of.
    var digest: Digest
    var rows: [MeasureRow] = []
    /// Files that a measure leaves for people, by their names.
    var files: [String: Digest] = [:]
    /// What else a milestone tells.
    var parameters: Int?
    var losses: [LossPoint]?

    /// What two results are compared by, without how the loss went.
    var essence: Given { Given(digest: digest, rows: rows, files: files) }
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
    /// Files of recorded results that the job's worker reads, and the trainings that left them.
    var filesToRead: [(digest: Digest, training: TrainingID)] {
        switch task {
        case .train(let task): task.resume.map { [($0.state, training)] } ?? []
        case .measure(let task):
            [(task.checkpoint, training)] + (task.others ?? []).map { ($0.checkpoint, $0.training) }
        }
    }

    /// The units that an order asks for.
    var units: Set<Unit> { task.units(of: training) }
}

extension JobTask {
    func units(of training: TrainingID) -> Set<Unit> {
        switch self {
        case .train(let task): Set(task.milestones.map { .milestone(training, $0) })
        case .measure(let task): Set(task.measures.map { .measure(task.trial, $0) })
        }
    }
}

/// What the checker takes for one job, whatever names jobs have: a training, the measures of a trial, or comparisons of the
/// same trials.
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

extension WorkerEvent.Checkpoint {
    /// What a milestone gives; nil without weights.
    var given: Given? { weights.map { Given(digest: $0.digest, parameters: parameters, losses: losses) } }
}

extension WorkerEvent.Measured {
    var given: Given {
        let files = artifacts.map { ($0.name, $0.file.digest) }
        return Given(digest: checkpoint, rows: rows, files: Dictionary(files) { first, _ in first })
    }
}

extension Unit {
    func evidence(of trial: TrialID, _ result: CatalogueContents.Result) -> CatalogueContents.Evidence {
        let measure: String? = if case .measure(_, let request) = self { request.measure } else { nil }
        return .init(trial: trial, measure: measure, attempt: result.attempt, found: result.given.essence)
    }
}
