import ResultCatalogue
import SweepModel

extension Catalogue {
    /// Takes back the wishes of teachers' sweeps for what a sweep's trials no longer wait for, and no others do: what people
    /// should hear of it.
    func cancelTeachers(of sweep: String) throws -> [String] {
        let teachers = TeacherSweeps(reader: reader)
        let sources = try teachers.sources(of: sweep)
        guard !sources.isEmpty else { return [] }
        let sweeps = try teachers.names().compactMap { try reader.sweep(named: $0) }
        var cancelled: [String: Int] = [:]
        var isAny = true
        // A teacher that is cancelled waits no more for its own.
        while isAny {
            isAny = false
            let idle = sources.subtracting(try reader.samplesRead(by: nil, areAwaited: true))
            for sweep in sweeps {
                let trials = idle.filter { sweep.measures.contains($0.request) }.compactMap(\.teacher)
                let count = try cancel(trials, of: sweep.name)
                guard count > 0 else { continue }
                cancelled[sweep.name, default: 0] += count
                isAny = true
            }
        }
        return cancelled.sorted { $0.key < $1.key }.map { name, count in
            "cancelled too: \(Readable.trials(count)) of sweep \"\(name)\", for whose samples nobody waits any more"
        }
    }

    /// Gives a sweep another name, and the sweeps in which teachers draw for it those that go with it.
    func renameWithTeachers(_ sweep: String, to name: String) throws {
        let teachers = try TeacherSweeps(reader: reader).names(for: sweep)
        try rename(sweep, to: name)
        for old in teachers {
            guard let number = TeacherSweeps.number(of: old, for: sweep) else { continue }
            try rename(old, to: TeacherSweeps.name(number, for: name))
        }
    }
}
