import Foundation
import JobContract
import ResultCatalogue
import SweepFiles
import SweepModel

/// How long the trainings that are left to do will take.
struct TrainingForecast {
    /// The work that is left, in units of `Training.cost`.
    private(set) var cost = 0.0
    /// The images left to train, by kinds of trainings: trainings of one kind take the same time for an image.
    private var images: [[JSONValue?]: Double] = [:]
    /// One training of each kind.
    private var examples: [[JSONValue?]: Training] = [:]

    private static let keys =
        MemoryForecast.keys + ["dataset.channels", "training.batch", "training.objective"]

    init(graph: JobGraph, holdings: Holdings) {
        for job in graph.jobs {
            guard case .train(let milestones) = job.work, let first = milestones.first, let last = milestones.last,
                let training = graph.trainings[job.training]
            else { continue }
            let state = holdings.states[job.training].map { $0.steps < first.steps ? $0.steps : 0 } ?? 0
            cost += training.cost(steps: last.steps - state)
            let kind = Self.keys.map { training[$0] }
            images[kind, default: 0] += Double((last.steps - state) * training.batch)
            examples[kind] = examples[kind] ?? training
        }
    }

    static func slots(of host: HostSpec) -> Int {
        host.slots ?? max(ProcessInfo.processInfo.activeProcessorCount / host.threads, 1)
    }

    /// Seconds that one slot of this machine takes for all trainings. Found by having the worker that comes with this
    /// program try each kind for a second, on as many cores as will be busy; nil where it could not.
    func secondsHere(_ hosts: [HostSpec]) -> Double? {
        let kinds = Array(images.keys)
        guard let specs = try? JSONEncoder().encode(kinds.map { examples[$0]?.spec }),
            let program = try? Programs.bundled("eigensweep-worker")
        else { return nil }
        let busy = hosts.first { $0.transport == .local }.map { Self.slots(of: $0) } ?? 1
        let trials = (0..<min(busy, ProcessInfo.processInfo.activeProcessorCount)).map { _ in
            try? TriedSteps(program: program, specs: specs)
        }
        let sums = trials.compactMap { trial -> Double? in
            guard let seconds = trial?.seconds(), seconds.count == kinds.count else { return nil }
            return zip(kinds, seconds).reduce(0) { $0 + (images[$1.0] ?? 0) * $1.1 }
        }
        return sums.isEmpty ? nil : sums.reduce(0, +) / Double(sums.count)
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
