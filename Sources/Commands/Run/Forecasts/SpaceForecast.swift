import JobContract
import ResultCatalogue
import SweepModel

/// Roughly what the store will keep of trials that are still to be trained: the weights of each, a full state of each
/// training, and files of measures.
struct SpaceForecast {
    var bytes: Int { ofNetworks + ofMeasures }
    private(set) var ofNetworks = 0
    private(set) var ofMeasures = 0
    /// The workers of whose networks' size nothing is known yet: `bytes` is without them.
    private(set) var unknown: [WorkerName] = []
    /// The workers whose earlier checkpoints say the size.
    private(set) var seen: [WorkerName] = []

    /// In a large sweep a sample of the trials stands for all.
    init(
        _ sweep: ExpandedSweep, ofTrials missing: Int, measures: MeasureForecast, in reader: CatalogueReader?
    ) throws {
        ofMeasures = Int(min(measures.bytes, 1e18))
        let trials = sweep.trials
        guard missing > 0, !trials.isEmpty else { return }
        var sizes: [WorkerName: Int?] = [:]
        var weights = 0.0
        var states: [TrainingID: Double] = [:]
        var sampled = 0.0
        for place in stride(from: 0, to: trials.count, by: max(1, trials.count / 1000)) {
            guard let training = sweep.trainings[trials[place].training] else { continue }
            sampled += 1
            var size = OutputForecast.weights(of: training.spec)
            if size == nil, let worker = training.worker {
                if sizes[worker] == nil {
                    let found = try reader?.weightsSeen(of: worker)
                    sizes[worker] = .some(found)
                    if found == nil { unknown.append(worker) } else { seen.append(worker) }
                }
                size = sizes[worker] ?? nil
            }
            weights += Double(size ?? 0)
            states[training.id] = Double(OutputForecast.statesToWeights) * Double(size ?? 0)
        }
        guard sampled > 0 else { return }
        let all =
            weights / sampled * Double(trials.count)
            + states.values.reduce(0, +) / Double(states.count) * Double(sweep.trainings.count)
        ofNetworks = Int(min(all * Double(min(missing, trials.count)) / Double(trials.count), 1e18))
    }

    /// What `plan` says.
    var inWords: String {
        func names(_ workers: [WorkerName]) -> String {
            workers.map { "\($0.name), numerics \($0.numerics)" }.joined(separator: "; ")
        }
        let parts = ofMeasures > 0 ? ", \(Readable.bytes(ofMeasures)) of it files of measures" : ""
        let size = "about \(Readable.bytes(bytes))\(parts)"
        if !unknown.isEmpty {
            return (bytes > 0 ? "\(size), and what is not known" : "not known")
                + ": no checkpoint here says how large those of \(names(unknown)) are"
        }
        return seen.isEmpty ? size : "\(size), by earlier checkpoints of \(names(seen))"
    }
}
