import CPosix
import ContentStore
import Coordination
import Foundation
import JobContract
import RemoteHosts
import ResultCatalogue
import SweepModel

/// Brings sweeps to their end on hosts.
struct SweepRun {
    let workplace: Workplace
    let hosts: [HostSpec]
    let connection: ConnectionOptions

    /// Runs until everything wanted is settled or someone asks to stop; then says how it ended.
    ///
    /// Throws `ExitStatusError` for every outcome but "all done".
    func complete(_ sweeps: [(ExpandedSweep, WorkerProgram)]) throws {
        let prepared = try sweeps.map { try prepare($0.0, $0.1) }
        let trainings = Set(sweeps.flatMap { $0.0.trainings.keys })
        let generation = try workplace.catalogue.beginGeneration()
        let configuration = CoordinationConfiguration(
            sweeps: prepared, hosts: hosts, holdings: try workplace.catalogue.reader.holdings(of: trainings),
            firstAttempt: try workplace.catalogue.reader.nextAttemptNumber())

        let inbox = InputQueue()
        let watch = SignalWatch { count, _ in
            inbox.post(count == 1 ? .stop : .cancelAll)
            Terminal.note(
                count == 1
                    ? "\nstopping: jobs stay with their hosts. Press Ctrl-C again to cancel them" : "\ncancelling")
        }
        let fleet = HostFleet(
            hosts: hosts, catalogue: workplace.catalogue.id, generation: generation, depot: workplace.store,
            agentExecutable: try Programs.bundled("eigensweep-agent"),
            options: connection
        ) { host, report in inbox.post(.host(host, report)) }
        let view = LiveView()
        let coordinator = Coordinator(
            configuration: configuration, fleet: fleet, inbox: inbox, catalogue: workplace.catalogue,
            clock: SystemAwakeClock(), observer: view)
        let outcome = coordinator.run(connect: fleet.start)
        view.close()
        fleet.close()
        withExtendedLifetime(watch) {}
        try finish(outcome, sweeps: sweeps.map(\.0))
    }

    private func prepare(_ sweep: ExpandedSweep, _ worker: WorkerProgram) throws -> PreparedSweep {
        var files: [DatasetRequest: Digest] = [:]
        var datasets: [TrainingID: Digest] = [:]
        for (training, request) in sweep.datasets {
            if files[request] == nil { files[request] = try workplace.preparer.prepare(request).digest }
            datasets[training] = files[request]
        }
        let uploads = try worker.uploads.map {
            StartOrder.Upload(name: $0.name, digest: try workplace.store.put(copyOf: $0.path))
        }
        return PreparedSweep(
            sweep: sweep, datasets: datasets, command: worker.command + ["run"], uploads: uploads)
    }

    private func finish(_ outcome: CoordinationOutcome, sweeps: [ExpandedSweep]) throws {
        let names = sweeps.map(\.name).joined(separator: " ")
        switch outcome {
        case .succeeded:
            let trials = Set(sweeps.flatMap { $0.trials.map(\.id) }).count
            Terminal.note("done: all \(Readable.count(trials)) trials have their results")
            return
        case .someFailed(let count):
            Terminal.note("\(Readable.count(count)) trials failed; `eigensweep status \(names)` says why")
        case .noUsableHost(let reason):
            Terminal.note("error: no usable host is left: \(reason)")
        case .catalogueFailed(let reason):
            Terminal.note("error: the catalogue refused a commit, and nothing of it was acknowledged: \(reason)")
        case .interrupted:
            let name = sweeps.count == 1 ? " \(names)" : ""
            Terminal.note("interrupted; nothing is lost. Go on with:\n  eigensweep resume\(name)\(catalogueOption)")
        case .cancelled:
            Terminal.note("cancelled")
        }
        throw ExitStatusError(status: ExitStatus(rawValue: outcome.exitCode) ?? .internalError)
    }

    private var catalogueOption: String {
        let usual = CatalogueOptions.defaultPath
        let path = workplace.catalogue.path
        return URL(fileURLWithPath: usual).standardizedFileURL.path == path ? "" : " --catalogue \(path)"
    }
}
