import Foundation
import JobContract
import ResultCatalogue
import SweepFiles
import SweepModel

/// What `plan` prints.
struct PlanReport {
    let expansion: Expansion
    let plan: PlanSummary
    let graph: JobGraph
    let holdings: Holdings
    let hosts: [HostSpec]
    let reader: CatalogueReader?

    func lines() throws -> [String] {
        var lines = [
            "sweep              \(expansion.sweep.name)",
            "trials             \(Readable.count(plan.trials)) of \(Readable.count(plan.trainings)) trainings",
        ]
        if expansion.excluded > 0 { lines.append("excluded points    \(Readable.count(expansion.excluded))") }
        lines += mergedLines
        for dataset in expansion.datasets {
            lines += dataset.prefix(1).map { "dataset            \($0)" }
            lines += dataset.dropFirst().map { "                   \($0)" }
        }
        lines += expansion.advice.map { "advice             \($0)" }
        lines += [
            "in the catalogue   \(Readable.count(plan.complete)) complete, \(Readable.count(plan.toMeasure)) to measure",
            "images to train    \(Readable.count(plan.imagesToTrain))",
            "saved by sharing   \(Readable.count(plan.imagesSavedBySharing)) images",
        ]
        if plan.continued > 0 {
            lines.append(
                "saved by the store \(Readable.count(plan.imagesSavedByStates)) images: "
                    + "\(Readable.count(plan.continued)) trainings go on from a checkpoint")
        }
        if plan.settled > 0 {
            lines.append("left alone         \(Readable.count(plan.settled)) failed or cancelled trials")
        }
        lines.append("measures           \(Readable.count(plan.measures))")
        if plan.comparisons > 0 {
            lines.append("comparisons        \(Readable.count(plan.comparisons)), each of several trials")
        }
        lines.append("to keep            about \(Readable.bytes(expansion.sweep.bytesToKeep(ofTrials: plan.toTrain)))")
        if let bytes = largestMemory {
            lines.append("memory             about \(Readable.bytes(bytes)) for the largest training, on one thread")
        }
        lines += try predictions()
        return lines
    }

    /// Of the trainings that are left to do, as far as their networks are known.
    private var largestMemory: Int? {
        guard plan.imagesToTrain > 0 else { return nil }
        // What decides it takes few values in many trainings.
        var seen: Set<[JSONValue?]> = []
        return expansion.sweep.trainings.values.lazy.compactMap { training -> Int? in
            let values = MemoryForecast.keys.map { training[$0] }
            guard seen.insert(values).inserted else { return nil }
            return MemoryForecast.training(
                of: Dictionary(
                    uniqueKeysWithValues: zip(MemoryForecast.keys, values).compactMap { key, value in
                        value.map { (key, $0) }
                    }))
        }.max()
    }

    private var mergedLines: [String] {
        guard !expansion.merged.isEmpty else { return [] }
        let shown = expansion.merged.prefix(5).map { point in
            let asked = point.asked.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.plainText)" }
            return "  \(asked.joined(separator: " ")) is trial \(expansion.sweep.trials[point.position].id.short)"
        }
        let count = expansion.merged.count
        return ["merged points      \(Readable.count(count))"] + shown
            + (count > shown.count ? ["  and \(Readable.count(count - shown.count)) more"] : [])
    }

    /// Hours on each host were it alone, by the rate at which the catalogue's trainings went there.
    private func predictions() throws -> [String] {
        guard plan.imagesToTrain > 0 else { return [] }
        let wanted = graph.jobs.reduce(0) { sum, job in
            guard case .train(let milestones) = job.work, let first = milestones.first, let last = milestones.last,
                let training = graph.trainings[job.training]
            else { return sum }
            let state = holdings.states[job.training].map { $0.steps < first.steps ? $0.steps : 0 } ?? 0
            return sum + training.cost(steps: last.steps - state)
        }
        let rates = try reader?.trainingRates() ?? [:]
        return hosts.map { host in
            let title = "hours on \(host.name)".padding(toLength: 19, withPad: " ", startingAt: 0)
            guard let rate = rates[host.name] else {
                return "\(title)not known: no training in this catalogue ran there yet"
            }
            let slots = host.slots ?? max(rate.cores / host.threads, 1)
            return "\(title)\((wanted / rate.costPerSecond / Double(slots) / 36).rounded() / 100) alone"
        }
    }
}

extension Expansion {
    /// What people hear of the datasets before a run: a line for each, and one for each thing to be said of it.
    var datasetNotes: [String] {
        datasets.flatMap { dataset in dataset.prefix(1).map { "dataset \($0)" } + dataset.dropFirst().map { "  \($0)" }
        }
    }
}

/// How fast a host trained.
struct TrainingRate {
    /// `Training.cost` a second, of one slot.
    var costPerSecond: Double
    var cores: Int
}

extension CatalogueReader {
    /// The rates of the hosts on which trainings were done.
    func trainingRates() throws -> [HostName: TrainingRate] {
        let rows = try rows(
            """
            SELECT a.host, r.model_scale, r.resolution, r.batch, max(t.steps), max(m.seconds), max(h.cores)
            FROM milestone m JOIN trial t ON t.key = m.trial JOIN training r ON r.key = t.training
            JOIN attempt a ON a.number = m.attempt JOIN host h ON h.name = a.host
            WHERE m.seconds > 1 GROUP BY t.training, a.host
            """)
        var work: [HostName: (cost: Double, seconds: Double, cores: Int)] = [:]
        for row in rows.rows {
            guard let host = row[0].text, let steps = row[4].integer, let seconds = row[5].number,
                let cores = row[6].integer
            else { continue }
            let cost = Training.costPerStep(
                batch: row[3].integer, resolution: row[2].number, scale: row[1].number)
            let before = work[host] ?? (0, 0, cores)
            work[host] = (before.cost + Double(steps) * cost, before.seconds + seconds, cores)
        }
        return work.mapValues { TrainingRate(costPerSecond: $0.cost / $0.seconds, cores: $0.cores) }
    }
}

extension JSONValue {
    /// As a person would write it in a sweep file.
    var plainText: String {
        switch self {
        case .string(let text): text
        default: (try? String(decoding: JSONEncoder().encode(self), as: UTF8.self)) ?? "?"
        }
    }
}
