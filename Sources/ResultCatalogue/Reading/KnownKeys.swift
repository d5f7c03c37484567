import JobContract

/// Keys that a writer has looked up and need not look up again: rows of trials, trainings and attempts keep their keys for
/// ever. They must be forgotten when a transaction fails, which may have made some of the rows.
final class KnownKeys {
    var trials: [TrialID: Int64] = [:]
    var trainings: [TrainingID: Int64] = [:]
    /// Quantities of the measures in use, which are few.
    var quantities: [Quantity: Int64] = [:]
    /// Attempts that this catalogue issued.
    var attempts: Set<AttemptNumber> = []
    private static let limit = 1 << 16

    struct Quantity: Hashable {
        var request: Int64
        var name: String
    }

    func forget() {
        trials = [:]
        trainings = [:]
        quantities = [:]
        attempts = []
    }

    /// Keeps memory bounded: keys that are needed again are looked up again.
    func bound() {
        if max(trials.count, trainings.count, attempts.count) > Self.limit { forget() }
    }
}
