import JobContract
import ResultCatalogue
import ResultQueries
import SweepModel

/// A change of what is wanted, or where, that only the catalogue's writer can make.
enum WishChange: Hashable, Sendable, Codable {
    /// Launch a file, as `launch` run in `folder` would; paths are absolute.
    case launch(file: String, overrides: [String], folder: String, sameNumerics: Bool? = nil)
    /// Go on with these sweeps; with none named, with every unfinished one.
    case resume([String])
    /// `where` is the text of a `WhereExpression`.
    case cancel(sweep: String, where: String?)
    case retry(sweep: String, where: String?)
    case drain(host: HostName, reason: String)
    case undrain(host: HostName)
    /// Remove sweeps, and trials by their IDs; or only say what would go.
    case remove(sweeps: [String], trials: [TrialID], isDone: Bool)
    case rename(sweep: String, to: String)
    /// An empty note takes away the one before.
    case note(RemarkSubject, String)
    case tag(RemarkSubject, [String], isSet: Bool)

    /// The outcome of a change.
    struct Outcome: Hashable, Sendable, Codable {
        /// Trials or hosts that changed.
        var count = 0
        /// The sweeps that the change was about.
        var sweeps: [String] = []
        /// Notes for people.
        var notes: [String] = []
        /// What was removed, or would be.
        var removal: Removal?
    }

    /// The sweeps that a run must not have for the change to be made beside it.
    var sweepsThatRest: [String] {
        switch self {
        case .remove(let sweeps, _, _): sweeps
        case .rename(let sweep, _): [sweep]
        default: []
        }
    }
}

extension Catalogue {
    /// Makes a change that concerns the catalogue alone. `launch` and `resume` need a coordinator, and change nothing here.
    func apply(_ change: WishChange) throws -> WishChange.Outcome {
        func trials(_ sweep: String, _ filter: String?) throws -> [TrialID] {
            try TrialSelection(reader).trials(of: sweep, where: filter.map { try WhereExpression($0) })
        }
        switch change {
        case .launch, .resume: return WishChange.Outcome()
        case .cancel(let sweep, let filter):
            let count = try cancel(trials(sweep, filter), of: sweep)
            return .init(count: count, sweeps: [sweep], notes: try cancelTeachers(of: sweep))
        case .retry(let sweep, let filter):
            return .init(count: try retry(trials(sweep, filter), of: sweep), sweeps: [sweep])
        case .drain(let host, let reason): return .init(count: try drain(host, reason: reason) ? 1 : 0)
        case .undrain(let host): return .init(count: try undrain(host) ? 1 : 0)
        case .remove(let sweeps, let trials, isDone: false):
            return .init(removal: try removal(ofSweeps: sweeps, trials: trials))
        case .remove(let sweeps, let trials, isDone: true):
            return .init(count: 1, removal: try remove(sweeps: sweeps, trials: trials))
        case .rename(let sweep, let name):
            try renameWithTeachers(sweep, to: name)
            return .init(count: 1)
        case .note(let subject, let text): return .init(count: try write(text, about: subject) ? 1 : 0)
        case .tag(let subject, let tags, let isSet):
            return .init(count: try tags.count { try setTag($0, isSet, on: subject) })
        }
    }
}

extension WishChange {
    /// Why a sweep is left as it is, and what to do.
    static func words(forRunning sweep: String, in catalogue: String) -> String {
        let option = CatalogueOptions.option(for: catalogue)
        return
            "sweep \(sweep) is running: take its trials back with\n  eigensweep cancel \(ShellWord.quoted(sweep))\(option)\n"
            + "or stop the run with\n  eigensweep stop\(option)"
    }
}
