/// What a merge brought.
package struct MergeOutcome: Hashable, Sendable {
    /// A result of which the other catalogue has other values. Ours stands; theirs is kept as evidence.
    package struct Conflict: Hashable, Sendable {
        package var trial: String
        /// "checkpoint", or the measure's name.
        package var about: String
    }

    /// What was not taken in. Texts are the other catalogue's.
    package struct Refusal: Hashable, Sendable {
        /// Such as "attempt 3", or "measure memorization of trial 0123…".
        package var what: String
        /// What is wrong with it.
        package var reason: String
    }

    package var trials = 0
    package var checkpoints = 0
    /// Measures of a checkpoint, each with all its rows.
    package var measures = 0
    package var sweeps: [String] = []
    /// Sweeps whose name stands for another list of trials here: their results are taken in, their list is not.
    package var otherSweeps: [String] = []
    package var conflicts: [Conflict] = []
    /// Trials of which the other catalogue holds what they are not named for: nothing of them was taken in.
    package var misnamed: [String] = []
    /// Everything else that was not taken in, for it is not what a catalogue holds.
    package var refused: [Refusal] = []

    package init() {}
}
