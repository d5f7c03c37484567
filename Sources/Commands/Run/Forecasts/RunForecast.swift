import Foundation
import JobContract
import ResultCatalogue
import SweepFiles
import SweepModel

/// How long what is left to do of some sweeps will take on hosts, trainings and measures.
struct RunForecast {
    private let trainings: TrainingForecast
    private let measures: MeasureForecast
    private let rates: [HostName: TrainingRate]
    /// Seconds that an image takes here, by kinds of trainings, where no host has trained yet; nil: not tried.
    private let here: [[JSONValue?]: Double]?

    /// - Parameter triesHere: whether a worker may try steps for a second where a host has never trained.
    init(
        graph: JobGraph, holdings: Holdings, hosts: [HostSpec], reader: CatalogueReader?, triesHere: Bool
    ) throws {
        trainings = TrainingForecast(graph: graph, holdings: holdings)
        measures = try MeasureForecast(graph: graph, reader: reader)
        rates = try reader?.trainingRates() ?? [:]
        let isAnyNew = hosts.contains { [rates] in rates[$0.name] == nil }
        here = isAnyNew && triesHere ? trainings.secondsPerImageHere(hosts) : nil
    }

    /// The most memory that one of the trainings takes, as far as networks are known, where these measures are asked for.
    func largestMemory(measuring measures: [MeasureRequest]) -> Int? {
        trainings.examples.compactMap { MemoryForecast.training(of: $0.spec, measuring: measures) }.max()
    }

    /// What is known of how fast a host is.
    enum Basis { case trainedThere, triedHere }

    func basis(_ host: HostSpec) -> Basis? {
        if rates[host.name] != nil { return .trainedThere }
        return host.transport == .local && here != nil ? .triedHere : nil
    }

    func slots(of host: HostSpec) -> Int {
        host.slots ?? rates[host.name].map { max($0.cores / host.threads, 1) } ?? TrainingForecast.slots(of: host)
    }

    private func perImage(_ host: HostSpec) -> ((Training) -> Double?)? {
        if let rate = rates[host.name] {
            return { $0.costPerStep / Double(max(1, $0.batch)) / rate.costPerSecond }
        }
        guard host.transport == .local else { return nil }
        return perImageHere
    }

    private var perImageHere: ((Training) -> Double?)? {
        here.map { here in { here[TrainingForecast.kind(of: $0)] } }
    }

    /// Seconds that one slot as fast as those here takes for all; nil: not known.
    var slotSecondsHere: Double? { perImageHere.flatMap(slotSeconds) }

    private func slotSeconds(_ perImage: (Training) -> Double?) -> Double? {
        guard let training = trainings.seconds(perImage), let measuring = measures.seconds(perImage) else { return nil }
        return training + measuring
    }

    /// Seconds until these hosts have done all; nil: of one of them it is not known. A single training is done by one slot.
    func seconds(on hosts: [HostSpec]) -> Double? {
        var slotsByTime = 0.0
        var longest = Double.infinity
        for host in hosts {
            guard let perImage = perImage(host), let all = slotSeconds(perImage) else { return nil }
            if all == 0 { return 0 }
            slotsByTime += Double(slots(of: host)) / all
            longest = min(longest, trainings.longestSeconds(perImage) ?? 0)
        }
        guard slotsByTime > 0 else { return nil }
        return max(1 / slotsByTime, longest)
    }
}

/// What was foretold of a run as it began.
struct Prediction {
    let sweep: String
    let seconds: Double?
    let bytes: Int
    let keptBefore: Int
    private let begun = Date()

    init(sweep: String, seconds: Double?, bytes: Int, keptBefore: Int) {
        (self.sweep, self.seconds, self.bytes, self.keptBefore) = (sweep, seconds, bytes, keptBefore)
    }

    /// Keeps it with what came.
    func keep(in catalogue: Catalogue) throws {
        try catalogue.keep(
            CameTrue(
                sweep: sweep, seconds: seconds, bytes: bytes, took: Date().timeIntervalSince(begun),
                kept: try catalogue.reader.bytesKept() - keptBefore))
    }
}
