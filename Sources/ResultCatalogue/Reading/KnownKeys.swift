import JobContract

/// What a writer has looked up and need not look up again: rows of trials, trainings and attempts stay for ever under
/// their keys. To be forgotten when a transaction fails, for it may have made some of them.
final class KnownKeys {
    var trials: [TrialID: Int64] = [:]
    var trainings: [TrainingID: Int64] = [:]
    /// Few: those of the measures in use.
    var quantities: [Quantity: Int64] = [:]
    /// Issued by this catalogue.
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

    /// Keeps memory bounded: what is needed again is looked up again.
    func bound() {
        if max(trials.count, trainings.count, attempts.count) > Self.limit { forget() }
    }
}
