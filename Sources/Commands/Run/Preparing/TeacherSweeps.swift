import JobContract
import ResultCatalogue
import SweepModel

/// Finds teachers among the trials of a catalogue, which is opened once one is asked for.
struct CatalogueTeachers: TeacherBook {
    let path: String
    let open: () throws -> CatalogueReader?

    func teacher(_ name: String) throws -> Teacher {
        guard let reader = try open() else {
            throw CommandFailure(.usage, "no trial is called \"\(name)\": there is no catalogue \(path) yet")
        }
        let trial = try TrialNaming(reader).trial(name)
        guard let teacher = try reader.teacher(trial) else {
            throw CommandFailure(
                .catalogue,
                "what the catalogue holds of trial \(trial.short) is not what it is named for: it was damaged")
        }
        return teacher
    }
}

/// The sweeps of the teachers of a sweep: what a run wants of them is stored as all that is wanted.
///
/// One for each request, in an order of its own, so that their names stay: `samples for NAME`, and others with a number.
struct TeacherSweeps {
    let reader: CatalogueReader

    /// The sweeps in which teachers, and their teachers, draw the images of `sweep`, less those whose images are all there.
    func sweeps(for sweep: ExpandedSweep, isDrawn: (SamplesSource) throws -> Bool) throws -> [ExpandedSweep] {
        var sources: [SamplesSource: Teacher] = [:]
        var waiting = Set(sweep.datasets.values).compactMap(\.samples)
        while let source = waiting.popLast() {
            guard sources[source] == nil else { continue }
            let teacher = try teacher(of: source, in: sweep)
            sources[source] = teacher
            if let next = teacher.dataset?.samples { waiting.append(next) }
        }
        let requests = Dictionary(grouping: sources.keys) { $0.request }
        let ordered = try requests.map { (request: $0, sources: $1, text: try JSONText.write($0.parameters)) }
            .sorted { $0.text < $1.text }
        var found: [ExpandedSweep] = []
        for (number, entry) in ordered.enumerated() where try !entry.sources.allSatisfy(isDrawn) {
            let teachers = entry.sources.compactMap { sources[$0] }.sorted { $0.trial < $1.trial }
            found.append(try self.sweep(number, of: teachers, entry.request, for: sweep))
        }
        return found
    }

    private func teacher(of source: SamplesSource, in sweep: ExpandedSweep) throws -> Teacher {
        if let trial = sweep.trials.first(where: { $0.id == source.teacher }),
            let training = sweep.trainings[trial.training]
        {
            return Teacher(
                trial: trial.id, steps: trial.steps, training: training, dataset: sweep.datasets[trial.training])
        }
        guard let id = source.teacher, let teacher = try reader.teacher(id) else {
            throw CommandFailure(
                .invalidInput, "sweep \(sweep.name) reads \(source.words), and the catalogue has no such trial")
        }
        return teacher
    }

    private static let mark = "# Made by eigensweep"

    private func sweep(
        _ number: Int, of teachers: [Teacher], _ request: MeasureRequest, for student: ExpandedSweep
    ) throws -> ExpandedSweep {
        let name = "samples for \(student.name)" + (number == 0 ? "" : " \(number + 1)")
        if let written = try reader.writtenSweep(name), !written.text.hasPrefix(Self.mark) {
            throw CommandFailure(
                .usage,
                "a sweep is called \"\(name)\" already, as that of the teachers would be: `eigensweep rename` it")
        }
        var datasets: [TrainingID: DatasetRequest] = [:]
        for teacher in teachers {
            guard let dataset = teacher.dataset else {
                throw CommandFailure(
                    .invalidInput,
                    "no sweep of the catalogue says where the images of trial \(teacher.trial.short) lie, which draws those of "
                        + "sweep \(student.name): launch the file that made it again")
            }
            datasets[teacher.training.id] = dataset
        }
        let measure = try JSONText.write([request.measure: .object(request.parameters)])
        return ExpandedSweep(
            name: name, about: "the trials whose samples sweep \(student.name) is trained on",
            text: "\(Self.mark) for sweep \(student.name), and no file to launch\nmeasures: [\(measure)]\n",
            overrides: [],
            trials: try teachers.enumerated().map { position, teacher in
                Trial(
                    id: teacher.trial, training: teacher.training.id, steps: teacher.steps, position: position,
                    asked: try asked(of: teacher.trial, in: student))
            },
            trainings: Dictionary(
                teachers.map { ($0.training.id, $0.training) }, uniquingKeysWith: { first, _ in first }),
            datasets: datasets, measures: [request],
            needs: student.worker == WorkerCommand() ? student.needs : JobNeeds(), worker: WorkerCommand())
    }

    private func asked(of trial: TrialID, in sweep: ExpandedSweep) throws -> [String: JSONValue] {
        if let here = sweep.trials.first(where: { $0.id == trial }), !here.asked.isEmpty { return here.asked }
        return try reader.place(of: trial).flatMap { JSONText.object($0.asked) } ?? [:]
    }
}
