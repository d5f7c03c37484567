import ContentStore
import Coordination
import Foundation
import JobContract
import RemoteHosts
import ResultCatalogue
import Scheduling
import SweepModel

/// Brings sweeps to their end on hosts.
struct SweepRun {
    let workplace: Workplace
    let options: HostOptions
    let signals: SignalWatch

    /// Runs until everything wanted is settled or someone asks to stop; then says how it ended.
    ///
    /// Throws `ExitStatusError` for every outcome but "all done".
    func complete(_ sweeps: [(ExpandedSweep, WorkerProgram)], on hosts: [HostSpec]) throws {
        let prepared = try sweeps.map { try prepare($0.0, $0.1) }
        let trainings = Set(sweeps.flatMap { $0.0.trainings.keys })
        let generation = try workplace.catalogue.beginGeneration()
        let reader = workplace.catalogue.reader
        let holdings = try workplace.store.present(try reader.holdings(of: trainings), for: sweeps.map(\.0))
        var policy = SchedulingPolicy()
        options.limits?.apply(to: &policy)
        policy.deterministic = sweeps.allSatisfy { $0.1.description.deterministic }
        let configuration = CoordinationConfiguration(
            sweeps: prepared, hosts: hosts, holdings: holdings, firstAttempt: try reader.nextAttemptNumber(),
            policy: policy)

        let inbox = InputQueue()
        signals.set { request in
            switch request {
            case .stop:
                inbox.post(.stop)
                Terminal.note("\nstopping: jobs stay with their hosts. Press Ctrl-C again to cancel them")
            case .cancel:
                inbox.post(.cancelAll)
                Terminal.note("\ncancelling")
            }
        }
        var connection = options.connection
        // A state that takes longer would be old news when it arrives.
        connection.stateSeconds = policy.checkpointSeconds / 4
        let fleet = HostFleet(
            hosts: hosts, catalogue: workplace.catalogue.id, generation: generation,
            starts: try reader.coordinatorStarts(), depot: workplace.store,
            agentExecutable: try Programs.bundled("eigensweep-agent"), options: connection,
            worker: try sweeps.lazy.compactMap { try $0.1.check() }.first, interaction: TerminalInteraction()
        ) { host, report in inbox.post(.host(host, report)) }
        let view = LiveView()
        let coordinator = Coordinator(
            configuration: configuration, fleet: fleet, inbox: inbox, catalogue: StatePruner(workplace),
            clock: SystemAwakeClock(), observer: view)
        let outcome = coordinator.run(connect: fleet.start)
        view.close()
        fleet.close()
        try finish(outcome, sweeps: sweeps.map(\.0))
    }

    private func prepare(_ sweep: ExpandedSweep, _ worker: WorkerProgram) throws -> PreparedSweep {
        var files: [DatasetRequest: Digest] = [:]
        var datasets: [TrainingID: Digest] = [:]
        for (id, request) in sweep.datasets {
            if files[request] == nil { files[request] = try datasetFile(request, of: sweep.trainings[id]) }
            datasets[id] = files[request]
        }
        let uploads = try worker.uploads.map {
            StartOrder.Upload(name: $0.name, digest: try workplace.store.put(copyOf: $0.path))
        }
        return PreparedSweep(
            sweep: sweep, datasets: datasets, command: worker.command + ["run"], uploads: uploads)
    }

    /// The prepared file a training reads. Images are known by digest: a source that changed since is refused, and one
    /// that is gone is not missed while the store has the file.
    private func datasetFile(_ request: DatasetRequest, of training: Training?) throws -> Digest {
        let expected = training?.spec["dataset.digest"]?.stringValue.flatMap { Digest(hex: $0) }
        if let expected, workplace.store.contains(expected) { return expected }
        let found = try workplace.preparer.prepare(request).digest
        if let expected, expected != found {
            throw CommandFailure(
                .invalidInput,
                "\(request.source) has changed since the sweep was launched: it gives the dataset \(found.short), "
                    + "expected \(expected.short). Put the old images back, or launch the sweep's file again")
        }
        return found
    }

    private func finish(_ outcome: CoordinationOutcome, sweeps: [ExpandedSweep]) throws {
        let name = sweeps.count == 1 ? " " + Self.quoted(sweeps[0].name) : ""
        switch outcome {
        case .succeeded:
            let trials = Set(sweeps.flatMap { $0.trials.map(\.id) }).count
            Terminal.note("done: all \(Readable.count(trials)) trials have their results")
            return
        case .someFailed(let count):
            Terminal.note(
                "\(Readable.count(count)) trials failed; `eigensweep status\(name)\(catalogueOption)` says why")
        case .noUsableHost(let reason):
            Terminal.note("error: no usable host is left: \(reason)")
        case .catalogueFailed(let reason):
            Terminal.note("error: the catalogue refused a commit, and nothing of it was acknowledged: \(reason)")
        case .interrupted, .replan:
            Terminal.note(
                "interrupted; nothing is lost. Go on with:\n  eigensweep resume\(name)\(catalogueOption)\(hostsOption)")
        case .cancelled:
            Terminal.note("cancelled")
        }
        throw ExitStatusError(status: ExitStatus(rawValue: outcome.exitCode) ?? .internalError)
    }

    private var catalogueOption: String {
        let usual = URL(fileURLWithPath: CatalogueOptions.defaultPath).standardizedFileURL.path
        let path = workplace.catalogue.path
        return usual == path ? "" : " --catalogue " + Self.quoted(path)
    }

    private var hostsOption: String {
        let file = options.hosts.map { " --hosts " + Self.quoted($0) } ?? ""
        let config = options.sshConfig.map { " --ssh-config " + Self.quoted($0) } ?? ""
        return file + config
    }

    /// As a shell takes it for one word.
    private static func quoted(_ text: String) -> String {
        let plain = text.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                || "._-/+=:@%".utf8.contains(byte)
        }
        return plain && !text.isEmpty ? text : "'" + text.replacingOccurrences(of: "'", with: "'\\''") + "'"
    }
}

extension ContentStore {
    /// Holdings less the checkpoints whose files are lost: they are trained for again where a measure or a longer
    /// length still needs them.
    func present(_ holdings: Holdings, for sweeps: [ExpandedSweep]) throws -> Holdings {
        var result = holdings
        result.states = holdings.states.filter { contains($0.value.state) }
        var needed: [TrainingID: Set<Int>] = [:]
        for sweep in sweeps {
            for trial in sweep.trials
            where !sweep.measures.allSatisfy({
                holdings.measured.contains(Holdings.MeasuredUnit(trial: trial.id, request: $0))
            }) {
                needed[trial.training, default: []].insert(trial.steps)
            }
        }
        for (training, checkpoints) in holdings.milestones {
            result.milestones[training] = checkpoints.filter { checkpoint in
                contains(checkpoint.weights) || needed[training]?.contains(checkpoint.steps) != true
            }
        }
        return result
    }
}
