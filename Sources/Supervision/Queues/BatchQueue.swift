import JobContract

/// A cluster's queue of batch jobs, as the account on its login node may use it. Whoever adds another queue conforms to this.
///
/// A refusal has the queue's own words. Where the queue did not answer, it says so, and nobody knows whether the queue did
/// what it was asked to.
protocol BatchQueue {
    /// Submits a job that runs `order.script` on one node, which the queue does not start a second time by itself, and returns
    /// the queue's number for it.
    func submit(_ order: SubmissionOrder) throws(QueueRefusal) -> String
    /// The account's jobs with names of allocations: all that wait or run, and those that are over as long as the queue
    /// remembers them.
    func list() throws(QueueRefusal) -> [QueueEntry]
    /// Ends the jobs of that name, if there are any.
    func cancel(name: String) throws(QueueRefusal)
    /// Throws where the queue would not take such a job, or does not answer. Submits nothing.
    func examine(_ order: SubmissionOrder) throws(QueueRefusal)
}

/// A job to be submitted.
struct SubmissionOrder {
    /// The job's name in the queue.
    var name: String
    var settings: QueueSettings
    /// A file that `/bin/sh` can run.
    var script: String
    /// The file to which the job's output is added.
    var output: String
}

/// The queue did not do what it was asked to, or did not say that it did.
struct QueueRefusal: Error {
    /// What the queue said, or what was seen of it.
    var words: String
}
