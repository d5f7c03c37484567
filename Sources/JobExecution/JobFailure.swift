import JobContract

/// Why a job ended without its result: what the `failed` event says.
package struct JobFailure: Error, Hashable, CustomStringConvertible {
    package var kind: WorkerEvent.Failed.Kind
    package var message: String

    package init(_ kind: WorkerEvent.Failed.Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    package var description: String { message }
}

/// Thrown when the job was asked to stop and has put away what it did.
struct JobPaused: Error {
    /// The length of the training that the job has come to.
    var steps: Int
}
