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
/// One for each request, in an order of its own, so that their names stay: `samples for NAME`, and `samples 2 for NAME`.
struct TeacherSweeps {
    let reader: CatalogueReader

    /// The sweeps in which teachers, and their teachers, draw the images of the trainings `students` of `sweep`, as far as these
    /// images are not there.
    func sweeps(
        for sweep: ExpandedSweep, _ students: Set<TrainingID>, isDrawn: (SamplesSource) throws -> Bool
    ) throws -> [ExpandedSweep] {
        var drawn: [SamplesSource: Bool] = [:]
        func isThere(_ source: SamplesSource) throws -> Bool {
            if let known = drawn[source] { return known }
            let found = try isDrawn(source)
            drawn[source] = found
            return found
        }
        var needed: [SamplesSource: Teacher] = [:]
        var waiting = Set(students.compactMap { sweep.datasets[$0]?.samples })
        while let source = waiting.popFirst() {
            guard needed[source] == nil, try !isThere(source) else { continue }
            guard let teacher = try teacher(of: source, in: sweep) else {
                throw CommandFailure(
                    .invalidInput, "sweep \(sweep.name) reads \(source.words), and the catalogue has no such trial")
            }
            needed[source] = teacher
            if let next = teacher.dataset?.samples { waiting.insert(next) }
        }
        guard !needed.isEmpty else { return [] }
        let sources = try sources(Set(sweep.datasets.values.compactMap(\.samples))) { try teacher(of: $0, in: sweep) }
        let requests = Dictionary(grouping: sources.keys) { $0.request }
        let ordered = try requests.map { (request: $0, sources: $1, text: try JSONText.write($0.parameters)) }
            .sorted { $0.text < $1.text }
        var found: [ExpandedSweep] = []
        for (number, entry) in ordered.enumerated() where entry.sources.contains(where: { needed[$0] != nil }) {
            // Those that are there stay listed: what is listed changes as seldom as can be.
            let listed = try entry.sources.filter { try needed[$0] != nil || isThere($0) }
            let teachers = listed.compactMap { sources[$0] ?? nil }.sorted { $0.trial < $1.trial }
            found.append(try self.sweep(number, of: teachers, entry.request, for: sweep))
        }
        return found
    }

    /// These samples and those that their teachers are trained on, with the teachers as far as they are known.
    private func sources(
        _ first: Set<SamplesSource>, teacher: (SamplesSource) throws -> Teacher?
    ) throws -> [SamplesSource: Teacher?] {
        var sources: [SamplesSource: Teacher?] = [:]
        var waiting = first
        while let source = waiting.popFirst() {
            guard sources[source] == nil else { continue }
            let found = try teacher(source)
            sources.updateValue(found, forKey: source)
            if let next = found?.dataset?.samples { waiting.insert(next) }
        }
        return sources
    }

    private func teacher(of source: SamplesSource, in sweep: ExpandedSweep) throws -> Teacher? {
        if let trial = sweep.trials.first(where: { $0.id == source.teacher }),
            let training = sweep.trainings[trial.training]
        {
            return Teacher(
                trial: trial.id, steps: trial.steps, training: training, dataset: sweep.datasets[trial.training])
        }
        return try source.teacher.flatMap(reader.teacher)
    }

    /// All samples that a sweep of the catalogue reads, and their teachers.
    func sources(of sweep: String) throws -> Set<SamplesSource> {
        Set(
            try sources(try reader.samplesRead(by: sweep, areAwaited: false)) { try $0.teacher.flatMap(reader.teacher) }
                .keys)
    }

    /// The names of all sweeps of teachers in the catalogue.
    func names() throws -> [String] {
        try reader.sweeps().map(\.name).filter { try isOurs($0) ?? false }
    }

    /// The names of those that draw for a sweep.
    func names(for student: String) throws -> [String] {
        try names().filter { Self.number(of: $0, for: student) != nil }
    }

    /// Whether a sweep is one of teachers; nil where there is none.
    private func isOurs(_ name: String) throws -> Bool? {
        try reader.writtenSweep(name)?.text.hasPrefix(Self.mark)
    }

    /// The name of the sweep with this number. No two sweeps have one in common.
    static func name(_ number: Int, for student: String) -> String {
        "samples " + (number == 0 ? "" : "\(number + 1) ") + "for " + student
    }

    /// The number of the sweep of this name; nil where it is none for `student`.
    static func number(of name: String, for student: String) -> Int? {
        let told = name.dropFirst("samples ".count).prefix(while: \.isNumber)
        let number = max(Int(told) ?? 1, 1) - 1
        return name == Self.name(number, for: student) ? number : nil
    }

    private static let mark = "# Made by eigensweep"

    private func sweep(
        _ number: Int, of teachers: [Teacher], _ request: MeasureRequest, for student: ExpandedSweep
    ) throws -> ExpandedSweep {
        let name = Self.name(number, for: student.name)
        if try isOurs(name) == false {
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
