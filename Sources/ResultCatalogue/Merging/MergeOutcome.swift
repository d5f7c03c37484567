/// The outcome of a merge.
package struct MergeOutcome: Hashable, Sendable {
    /// A result that differs in the other catalogue. Ours stands; theirs is kept as evidence.
    package struct Conflict: Hashable, Sendable {
        package var trial: String
        /// "checkpoint", or the measure's name.
        package var about: String
    }

    /// Something that was not taken in. Names in its texts are the other catalogue's.
    package struct Refusal: Hashable, Sendable {
        /// What was refused, such as "attempt 3", or "measure memorization of trial 0123…".
        package var what: String
        /// Why it was refused.
        package var reason: String
    }

    /// A worker whose results here and there were made with other files, though its name and numerics are the same.
    package struct OtherFiles: Hashable, Sendable {
        /// Its name and numerics, as `dit/1`.
        package var worker: String
        package var files: [String]
    }

    package var trials = 0
    package var checkpoints = 0
    /// Measures of a checkpoint, each with all its rows.
    package var measures = 0
    package var sweeps: [String] = []
    /// Notes and tags.
    package var remarks = 0
    /// Notes that say something else here: ours stand.
    package var otherNotes = 0
    /// Sweeps whose name stands for another list of trials here: their results are taken in, their list is not.
    package var otherSweeps: [String] = []
    package var otherFiles: [OtherFiles] = []
    package var conflicts: [Conflict] = []
    /// Trials whose name is not the digest of what the other catalogue holds of them: nothing of them was taken in.
    package var misnamed: [String] = []
    /// Everything else that was not taken in, because no catalogue would hold it.
    package var refused: [Refusal] = []

    package init() {}
}
