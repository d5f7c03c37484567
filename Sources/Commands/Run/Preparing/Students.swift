import Coordination
import JobContract
import ResultCatalogue
import SweepModel

/// Trials whose images are samples of other trials: a plan is made without them until these are drawn.
extension SweepPreparation {
    /// Adds the sweeps of the teachers whose samples it lacks, and still needs.
    func withTeachers(_ running: RunningSweep) throws -> RunningSweep {
        var running = running
        running.teachers = try prepare(teacherSweeps(of: running), for: running)
        running.notes += running.teachers.flatMap(\.notes)
        return running
    }

    /// The sweeps of the teachers whose samples it lacks, and still needs.
    func teacherSweeps(of running: RunningSweep) throws -> [ExpandedSweep] {
        let waiting = Set(try waitingStudents(of: running).map(\.training))
        guard !waiting.isEmpty else { return [] }
        return try TeacherSweeps(reader: reader).sweeps(for: running.sweep, waiting) { try file(of: $0) != nil }
    }

    /// Its trials that have something left to do, and lack their images.
    func waitingStudents(of running: RunningSweep) throws -> [WantedTrial] {
        guard !running.students.isEmpty else { return [] }
        let holdings = try reader.holdings(of: running.sweep.trainings.keys)
        let graph = JobGraph(sweeps: [running.sweep], holdings: holdings)
        return graph.trials.indices.map { graph.trials[$0] }.filter { trial in
            running.students.contains(trial.training) && (!trial.isRecorded || graph.comparisons[trial.id] != nil)
        }
    }

    /// The number of trials of some sweeps that wait for samples of others.
    func waitingStudents(of sweeps: [RunningSweep]) throws -> Int {
        Set(try sweeps.flatMap { try waitingStudents(of: $0).map(\.id) }).count
    }

    /// Makes sweeps of a sweep's teachers ready to run, with what people should hear of them.
    func prepare(_ teachers: [ExpandedSweep], for running: RunningSweep) throws -> [RunningSweep] {
        guard !teachers.isEmpty else { return [] }
        let ours = try WorkerProgram.ours()
        return try teachers.map { sweep in
            if let training = sweep.trainings.values.first(where: { training in
                ours.names.allSatisfy { $0 != training.worker }
            }) {
                throw CommandFailure(
                    .invalidInput,
                    "sweep \(running.name) reads samples of a network of \(training.worker?.name ?? "an unknown worker"), numerics "
                        + "\(training.worker?.numerics ?? 0): expected one that the worker here has trained, "
                        + "\(ours.description.name), numerics \(ours.description.numerics)")
            }
            var prepared = try prepare(sweep, ours)
            prepared.notes.append(
                "sweep \(running.name) is trained on samples of \(Readable.trials(sweep.trials.count)), which are drawn first: "
                    + "sweep \"\(sweep.name)\"")
            return prepared
        }
    }

    /// Looks for samples that were drawn meanwhile; true where there are any.
    @discardableResult
    func addSamples(to sweeps: inout [RunningSweep]) throws -> Bool {
        var isAny = false
        for index in sweeps.indices where !sweeps[index].students.isEmpty {
            var files: [DatasetRequest: Digest] = [:]
            var running = sweeps[index]
            let requests = Set(running.students.compactMap { running.sweep.datasets[$0] })
            for request in requests { files[request] = try request.samples.flatMap { try file(of: $0) } }
            for id in running.students {
                guard let request = running.sweep.datasets[id], let file = files[request] else { continue }
                running.prepared.datasets[id] = file
                running.students.remove(id)
                isAny = true
            }
            sweeps[index] = running
        }
        return isAny
    }

    /// The file of a trial's samples; nil where they are not drawn, or are lost.
    func file(of samples: SamplesSource) throws -> Digest? {
        guard let file = try reader.samples(samples) else { return nil }
        if !store.isWhole(file) { recovery.bring([file]) }
        return store.isWhole(file) ? file : nil
    }
}

extension RunningSweep {
    /// Why teachers draw again what they drew.
    static let samplesLost = "its samples were lost and are to be made again"

    /// It as far as it can be planned.
    var ready: PreparedSweep {
        guard !students.isEmpty else { return prepared }
        var ready = prepared
        ready.sweep.trials.removeAll { students.contains($0.training) }
        return ready
    }
}
