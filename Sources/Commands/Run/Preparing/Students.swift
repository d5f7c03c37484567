import Coordination
import JobContract
import ResultCatalogue
import SweepModel

/// Trials whose images are samples of other trials: a plan is made without them until these are drawn.
extension SweepPreparation {
    /// Adds the sweeps of the teachers whose samples it lacks.
    func withTeachers(_ running: RunningSweep) throws -> RunningSweep {
        guard !running.students.isEmpty else { return running }
        var running = running
        let ours = try WorkerProgram.ours()
        let sweeps = try TeacherSweeps(reader: reader).sweeps(for: running.sweep) { try file(of: $0) != nil }
        for sweep in sweeps {
            if let training = sweep.trainings.values.first(where: { training in
                ours.names.allSatisfy { $0 != training.worker }
            }) {
                throw CommandFailure(
                    .invalidInput,
                    "sweep \(running.name) reads samples of a network of \(training.worker?.name ?? "an unknown worker"), numerics "
                        + "\(training.worker?.numerics ?? 0): expected one that the worker here has trained, "
                        + "\(ours.description.name), numerics \(ours.description.numerics)")
            }
            running.teachers.append(try prepare(sweep, ours))
            running.notes.append(
                "sweep \(running.name) is trained on samples of \(Readable.trials(sweep.trials.count)), which are drawn first: "
                    + "sweep \"\(sweep.name)\"")
        }
        return running
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

extension [RunningSweep] {
    /// The number of trials that wait for samples of others.
    var waitingStudents: Int {
        reduce(into: Set<TrialID>()) { found, running in
            guard !running.students.isEmpty else { return }
            for trial in running.sweep.trials where running.students.contains(trial.training) { found.insert(trial.id) }
        }.count
    }
}
