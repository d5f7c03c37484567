import Foundation
import JobContract
import ResultCatalogue
import ResultQueries
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
    /// Whether the sweep's worker is the one that comes with this program.
    let hasOurWorker: Bool
    /// The workers that trainings are named with.
    let workers: [WorkerName]
    /// Bytes of what hosts need to run them.
    let programBytes: Int

    func lines() throws -> [String] {
        var lines = [
            "sweep              \(expansion.sweep.name)",
            "trials             \(Readable.count(plan.trials)) of \(Readable.counted(plan.trainings, "training"))",
        ]
        lines += trainerLines
        if expansion.excluded > 0 { lines.append("excluded points    \(Readable.count(expansion.excluded))") }
        lines += mergedLines + (try droppedLines())
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
                    + "\(Readable.counted(plan.continued, "training")) continued from a checkpoint")
        }
        if plan.settled > 0 {
            lines.append("left alone         \(Readable.count(plan.settled)) failed or cancelled trials")
        }
        lines.append("measures           \(Readable.count(plan.measures))")
        if plan.comparisons > 0 {
            lines.append("comparisons        \(Readable.count(plan.comparisons)), each of several trials")
        }
        let space = try SpaceForecast(
            expansion.sweep, ofTrials: plan.toTrain, measures: MeasureForecast(graph: graph, reader: reader), in: reader
        )
        lines.append("to keep            \(space.inWords)")
        lines.append("programs           \(Readable.bytes(programBytes)), here and on each host once for all sweeps")
        let isLeft = plan.imagesToTrain > 0 || plan.toMeasure > 0
        let forecast =
            try isLeft
            ? Waiting.during("trying steps of these trainings") {
                try RunForecast(graph: graph, holdings: holdings, hosts: hosts, reader: reader, triesHere: hasOurWorker)
            } : nil
        if let bytes = forecast?.largestMemory(measuring: expansion.sweep.measures) {
            lines.append("memory             about \(Readable.bytes(bytes)) for the largest training, on one thread")
        }
        if let forecast { lines += try predictions(forecast) }
        return lines
    }

    /// Who trains what, where these are several workers.
    private var trainerLines: [String] {
        guard workers.count > 1 else { return [] }
        var counts: [WorkerName: Int] = [:]
        var architectures: [WorkerName: Set<String>] = [:]
        for training in expansion.sweep.trainings.values {
            guard let worker = training.worker else { continue }
            counts[worker, default: 0] += 1
            architectures[worker, default: []].insert(training["model.architecture"]?.stringValue ?? "")
        }
        guard counts.count > 1 else { return [] }
        return workers.compactMap { worker in
            counts[worker].map { count in
                "trained by         \(worker.name), numerics \(worker.numerics): \(Readable.count(count)) of "
                    + (architectures[worker] ?? []).sorted().joined(separator: ", ")
            }
        }
    }

    private var mergedLines: [String] {
        guard !expansion.merged.isEmpty else { return [] }
        let trials = expansion.sweep.trials
        let axes = PointAxes(
            CatalogueReader.spread(over: trials.count - 1, most: 4096).map { trials[$0].asked }
                + expansion.merged.prefix(5).map(\.asked))
        let shown = expansion.merged.prefix(5).map { point in
            let trial = trials[point.position]
            return
                "  \(axes.text(point.asked)) is \(axes.text(trial.asked)) (\(trial.id.hex.prefix(PointNames.digits)))"
        }
        let count = expansion.merged.count
        return ["merged points      \(Readable.count(count))"] + shown
            + (count > shown.count ? ["  and \(Readable.count(count - shown.count)) more"] : [])
    }

    /// Trials that the stored sweep of this name wants and the file does not want any more.
    private func droppedLines() throws -> [String] {
        guard let dropped = try reader.flatMap({ try DroppedTrials(of: expansion.sweep, in: $0) }) else { return [] }
        return ["dropped            \(Readable.trials(dropped.count)) of the sweep as it is stored; their results stay"]
            + dropped.lines
    }

    /// Hours on each host were it alone, and how the last prediction came true.
    private func predictions(_ forecast: RunForecast) throws -> [String] {
        func hours(_ seconds: Double) -> String {
            seconds < 360 ? Readable.duration(seconds) : "\((seconds / 36).rounded() / 100)"
        }
        let lines = hosts.map { host in
            let title = "hours on \(host.name)".padding(toLength: 19, withPad: " ", startingAt: 0)
            if let basis = forecast.basis(host), let seconds = forecast.seconds(on: [host]) {
                return basis == .trainedThere
                    ? "\(title)\(hours(seconds)) alone"
                    : "\(title)about \(hours(seconds)) alone, by steps that were tried here"
            }
            let there = "\(title)not known: no training in this catalogue ran there yet"
            guard host.transport != .local, let here = forecast.slotSecondsHere else { return there }
            return "\(there); a slot as fast as one here takes \(hours(here))"
        }
        return lines + (try reader?.lastForecast().map { ["last prediction    \($0.inWords)"] } ?? [])
    }
}

extension CameTrue {
    /// How far off it was.
    var inWords: String {
        func off(_ foretold: Double, _ came: Double) -> String {
            guard foretold > 0 else { return "" }
            let percent = Int(((came / foretold - 1) * 100).rounded())
            return percent == 0 ? " (as foretold)" : " (\(abs(percent)) % \(percent > 0 ? "more" : "less"))"
        }
        let time =
            seconds.map { "\(Readable.duration($0)), and it took \(Readable.duration(took))\(off($0, took)); " } ?? ""
        return "of \(sweep): \(time)\(Readable.bytes(bytes)), and \(Readable.bytes(kept)) came"
            + off(Double(bytes), Double(kept))
    }
}

extension Expansion {
    /// What people hear of the datasets before a run: a line for each dataset, and a line for each remark on it.
    var datasetNotes: [String] {
        datasets.flatMap { dataset in dataset.prefix(1).map { "dataset \($0)" } + dataset.dropFirst().map { "  \($0)" }
        }
    }
}

extension JSONValue {
    /// The value as a person would write it in a sweep file.
    var plainText: String {
        switch self {
        case .string(let text): text
        default: (try? String(decoding: JSONEncoder().encode(self), as: UTF8.self)) ?? "?"
        }
    }
}
