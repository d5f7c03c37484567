import ArgumentParser
import Coordination
import Foundation
import JobContract
import ResultCatalogue
import Scheduling
import SweepFiles
import SweepModel

extension EigensweepBench {
    struct FleetLoad: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "simulated-fleet", abstract: "The coordinator's load by a simulated fleet.")
        @Argument(help: "The directory for the catalogue.")
        var directory: String
        @Option var hosts = 1000
        @Option(help: "Slots of each host.") var slots = 10
        @Option(help: "Simulated seconds to measure.") var seconds = 300.0

        func run() throws {
            let text = """
                name: fleet
                dataset: {source: geometric, resolution: 8, channels: 1, count: 64, size: 4, held_out: 4}
                model: {multipliers: [1], attention: [], scale: 4}
                grid:
                  seed: {range: [0, \(3 * hosts * slots)]}
                  training.steps: {geometric: {from: 100, to: 800, factor: 2}}
                """
            let sweep = try SweepFile(text: text, file: "fleet.yaml").expand(worker: Self.worker) { _ in
                DatasetIdentity(keys: ["dataset.generator": "geometric", "dataset.generator_version": 1], images: 64)
            }.sweep
            let catalogue = try Catalogue(path: "\(directory)/fleet.sqlite")
            try catalogue.store(sweep)
            try catalogue.beginGeneration()
            let names = (0..<hosts).map { "host\($0)" }
            let fleet = BenchFleet(hosts: names, slots: slots)
            let data = Digest(of: "data".utf8)
            let prepared = PreparedSweep(
                sweep: sweep, datasets: sweep.trainings.mapValues { _ in data }, command: ["noop"])
            let coordinator = Coordinator(
                configuration: CoordinationConfiguration(
                    sweeps: [prepared],
                    hosts: names.map { HostSpec(name: $0, transport: .libssh, slots: slots) }, holdings: Holdings(),
                    firstAttempt: AttemptNumber(1)),
                fleet: fleet, inbox: fleet, catalogue: catalogue, clock: fleet, observer: BenchObserver())
            try coordinator.performFirstActions()
            try BenchUsage.measure("\(hosts) hosts connected, \(hosts * slots) jobs started") {
                while fleet.seconds < 60 { try coordinator.step() }
            }
            let (before, reports, began) = (BenchUsage.now, fleet.reports, fleet.seconds)
            while fleet.seconds < began + seconds { try coordinator.step() }
            let used = (BenchUsage.now - before).processor
            let count = fleet.reports - reports
            print(
                "fleet: \(hosts) hosts, \(fleet.running) jobs running, \(Int(Double(count) / seconds)) reports a second: "
                    + "\(BenchUsage.rounded(used / seconds * 100)) % of a core, "
                    + "\(BenchUsage.rounded(used / Double(count) * 1e6)) µs a report")
        }

        private static let worker = WorkerDescription(
            contract: ContractVersion.current, name: "noop", numerics: 1, deterministic: true, jobKinds: ["train"],
            architectures: ["ddpmpp"], measures: [], build: "", cpu: "", kernels: "", check: "")
    }
}

/// Asks for snapshots as the live view does.
private final class BenchObserver: CoordinationObserver {
    let longestPause: Double? = 1
    func update(_ snapshot: FleetSnapshot) {}
    func notice(_ notice: Notice) {}
}
