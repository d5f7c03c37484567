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

    /// The outcome of a change.
    struct Outcome: Hashable, Sendable, Codable {
        /// Trials or hosts that changed.
        var count = 0
        /// The sweeps that the change was about.
        var sweeps: [String] = []
        /// Notes for people.
        var notes: [String] = []
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
            return .init(count: try cancel(trials(sweep, filter), of: sweep), sweeps: [sweep])
        case .retry(let sweep, let filter):
            return .init(count: try retry(trials(sweep, filter), of: sweep), sweeps: [sweep])
        case .drain(let host, let reason): return .init(count: try drain(host, reason: reason) ? 1 : 0)
        case .undrain(let host): return .init(count: try undrain(host) ? 1 : 0)
        }
    }
}
