import ContentStore
import Coordination
import JobContract
import ResultCatalogue
import ResultQueries
import SweepModel

/// What a run does where files are lost that are still to be read.
extension SweepRun {
    /// Bytes of the store that a plan reads at most.
    private static let mostRead = 4 << 30

    /// Adds the teachers of samples that a sweep lacks and still needs.
    func addTeachers(of running: RunningSweep) throws {
        let lacking = try preparation.teacherSweeps(of: running)
        try add(teachers: preparation.prepare(lacking, for: running))
    }

    /// The same as far as no sweep of the run draws them; those that were drawn and are lost since are drawn again.
    private func addLackingTeachers(of running: RunningSweep) throws {
        var lacking = try preparation.teacherSweeps(of: running)
        for teachers in lacking where isInRun(teachers) { try drawAgain(teachers) }
        lacking.removeAll(where: isInRun)
        for teachers in try preparation.prepare(lacking, for: running) {
            teachers.notes.forEach(observer.say)
            try add(teachers: [teachers])
        }
    }

    private func isInRun(_ teachers: ExpandedSweep) -> Bool {
        let listing = sweeps.map(\.sweep).filter { Set(teachers.measures).isSubset(of: $0.measures) }
        let listed = Set(listing.flatMap { $0.trials.map(\.id) })
        return teachers.trials.allSatisfy { listed.contains($0.id) }
    }

    /// Adds sweeps whose samples are drawn for another, whose trials wait for them: what was cancelled with such trials is
    /// wanted again.
    func add(teachers sweeps: [RunningSweep]) throws {
        for teachers in sweeps {
            _ = try add(teachers)
            let holdings = try workplace.catalogue.reader.holdings(of: teachers.sweep.trainings.keys)
            try workplace.catalogue.retry(Array(holdings.takenBack[teachers.name] ?? []), of: teachers.name)
            try drawAgain(teachers.sweep)
        }
    }

    /// Samples that were drawn and are lost are drawn again.
    private func drawAgain(_ teachers: ExpandedSweep) throws {
        try workplace.catalogue.wantAgain(teachers.trials.map(\.id), because: RunningSweep.samplesLost)
    }

    /// Holdings of which everything that is left to do finds its files in the store: those that it has lost are brought
    /// from hosts that have them whole; what no host has is made again.
    func wholeHoldings() throws -> Holdings {
        let isLost = lossSearch()
        for index in sweeps.indices {
            let prepared = sweeps[index].prepared
            let files = Set(prepared.datasets.values).union(prepared.programs)
            if files.contains(where: isLost) { sweeps[index] = try preparation.prepareAgain(sweeps[index]) }
        }
        // Samples may be among what is lost.
        for running in sweeps where !running.students.isEmpty { try addLackingTeachers(of: running) }
        let recorded = try workplace.catalogue.reader.holdings(of: Set(sweeps.flatMap { $0.sweep.trainings.keys }))
        let lost = recorded.lostFiles(of: sweeps.map(\.sweep), isLost: isLost)
        guard !lost.isEmpty else { return recorded.less({ _ in false }, for: []) }
        let asked = recovery.bring(Set(lost.map(\.digest)))
        let store = workplace.store
        for file in lost where asked.contains(file.digest) && !store.contains(file.digest) {
            observer.say(words(on: file))
        }
        return recorded.less({ !store.contains($0) }, for: sweeps.map(\.sweep))
    }

    /// Damage seldom comes alone: once some was found, files are read before they are believed, as far as that is soon
    /// done. Others are read as they are sent to a host.
    private func lossSearch() -> (Digest) -> Bool {
        let store = workplace.store
        guard workplace.damages.count > damagesSeen else { return { !store.contains($0) } }
        damagesSeen = workplace.damages.count
        var left = Self.mostRead
        return { [self] digest in
            guard left > 0, let bytes = store.size(of: digest) else { return !store.contains(digest) }
            left -= bytes
            defer { damagesSeen = workplace.damages.count }
            return !store.isWhole(digest)
        }
    }

    private var names: PointNames { PointNames(workplace.catalogue.reader) }

    private func name(_ training: TrainingID, _ steps: Int) -> String {
        (try? TrialID(training: training, steps: steps)).map { names.name($0) } ?? "training \(training.short)"
    }

    private func words(on file: NeededFile) -> String {
        switch file.role {
        case .weights(let training, _)
        where sweeps.contains { $0.sweep.trainings[training]?.spec["model.weights"] != nil }:
            "the network \(file.digest.short), trained elsewhere, is lost: `eigensweep adopt` its file again"
        case .weights(let training, let steps):
            "the weights of \(name(training, steps)), \(file.digest.short), are lost: it waits again, and is trained again to "
                + "the same bits"
        case .artifact(let trial):
            "\(file.digest.short), which a measure of \(names.name(trial)) left, is lost: it is measured again"
        case .state(let training, let steps):
            "the state of \(name(training, steps)), \(file.digest.short), is lost: it goes on from an earlier one"
        }
    }
}
