import Foundation
import JobContract
import ResultCatalogue
import SweepFiles
import SweepModel

/// How long the trainings that are left to do will take.
struct TrainingForecast {
    /// Trainings of one kind take the same time for an image.
    private struct Kind {
        let example: Training
        /// Images left to train, of all and of the training that has most left.
        var images = 0.0, longest = 0.0
    }

    private var kinds: [[JSONValue?]: Kind] = [:]

    private static let keys =
        MemoryForecast.keys + ["dataset.channels", "training.batch", "training.objective"]

    init(graph: JobGraph, holdings: Holdings) {
        for job in graph.jobs {
            guard case .train(let milestones) = job.work, let first = milestones.first, let last = milestones.last,
                let training = graph.trainings[job.training]
            else { continue }
            let state = holdings.states[job.training].map { $0.steps < first.steps ? $0.steps : 0 } ?? 0
            let left = Double((last.steps - state) * training.batch)
            func add(_ kind: inout Kind) {
                kind.images += left
                kind.longest = max(kind.longest, left)
            }
            add(&kinds[Self.kind(of: training), default: Kind(example: training)])
        }
    }

    /// A training of each kind.
    var examples: [Training] { kinds.values.map(\.example) }

    static func slots(of host: HostSpec) -> Int {
        host.slots ?? max(ProcessInfo.processInfo.activeProcessorCount / host.threads, 1)
    }

    /// Whether the trainings take so long that to try them first makes no difference: half a minute of a core or more.
    static func isLong(_ graph: JobGraph) -> Bool {
        let cost = graph.jobs.reduce(0.0) { sum, job in
            guard case .train(let milestones) = job.work, let last = milestones.last else { return sum }
            return sum + (graph.trainings[job.training]?.cost(steps: last.steps) ?? 0)
        }
        // A core of our days does some 160 million a second.
        return cost / 160e6 > 30
    }

    static func kind(of training: Training) -> [JSONValue?] { keys.map { training[$0] } }

    /// Seconds that a slot takes for all trainings, where an image takes it so many; nil where it does not say of one.
    func seconds(_ perImage: (Training) -> Double?) -> Double? {
        kinds.values.reduce(0) { sum, kind in
            guard let sum, let each = perImage(kind.example) else { return nil }
            return sum + kind.images * each
        }
    }

    /// The same of the training that takes longest.
    func longestSeconds(_ perImage: (Training) -> Double?) -> Double? {
        kinds.values.compactMap { kind in perImage(kind.example).map { kind.longest * $0 } }.max()
    }

    /// Seconds that an image takes a slot of this machine, by kinds of trainings. Found by having the worker that comes
    /// with this program try each kind for a second, on as many cores as will be busy; nil where it could not.
    func secondsPerImageHere(_ hosts: [HostSpec]) -> [[JSONValue?]: Double]? {
        let kinds = Array(kinds)
        guard let specs = try? JSONEncoder().encode(kinds.map(\.value.example.spec)),
            let program = try? Programs.bundled("eigensweep-worker")
        else { return nil }
        let busy = hosts.first { $0.transport == .local }.map { Self.slots(of: $0) } ?? 1
        let trials = (0..<min(busy, ProcessInfo.processInfo.activeProcessorCount)).map { _ in
            try? TriedSteps(program: program, specs: specs)
        }
        let tried = trials.compactMap { $0?.seconds() }.filter { $0.count == kinds.count }
        guard !tried.isEmpty else { return nil }
        return Dictionary(
            uniqueKeysWithValues: kinds.enumerated().map { place, kind in
                (kind.key, tried.reduce(0) { $0 + $1[place] } / Double(tried.count))
            })
    }
}

/// A worker that tries steps of trainings.
private struct TriedSteps {
    private let process = Process()
    private let output = Pipe()

    init(program: String, specs: Data) throws {
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = ["forecast", "--seconds", "1"]
        let input = Pipe()
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: specs)
        try input.fileHandleForWriting.close()
    }

    /// Seconds that an image takes, for each spec; nil where the worker refused one of them.
    func seconds() -> [Double]? {
        let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { return nil }
        return said.split(separator: "\n").compactMap { Double($0) }
    }
}

/// How fast a host trained.
struct TrainingRate {
    /// `Training.cost` that one slot does in a second.
    var costPerSecond: Double
    var cores: Int
}

extension CatalogueReader {
    /// The rates of the hosts on which trainings were done.
    func trainingRates() throws -> [HostName: TrainingRate] {
        let rows = try trainingTimes()
        var work: [HostName: (cost: Double, seconds: Double, cores: Int)] = [:]
        for row in rows.rows {
            guard let host = row[0].text, let steps = row[4].integer, let seconds = row[5].number,
                let cores = row[6].integer
            else { continue }
            let cost = Training.costPerStep(
                architecture: row[7].text, batch: row[3].integer, resolution: row[2].number, scale: row[1].number)
            let before = work[host] ?? (0, 0, cores)
            work[host] = (before.cost + Double(steps) * cost, before.seconds + seconds, cores)
        }
        return work.mapValues { TrainingRate(costPerSecond: $0.cost / $0.seconds, cores: $0.cores) }
    }
}
