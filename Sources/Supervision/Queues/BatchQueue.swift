import JobContract

/// A cluster's queue of batch jobs, as the account on its login node may use it. To support another queue is to conform to
/// this.
protocol BatchQueue {
    /// Submits a job that runs `order.script` on one node, once and never again by the queue's own doing, and returns its
    /// number there.
    ///
    /// - Throws: `QueueRefusal` in the queue's own words.
    func submit(_ order: SubmissionOrder) throws(QueueRefusal) -> String
    /// The account's jobs with names of allocations: all that wait or run, and of those that are over the ones that the
    /// queue still remembers.
    func list() throws(QueueRefusal) -> [QueueEntry]
    /// Ends the jobs of that name. Returns where there are none.
    func cancel(name: String) throws(QueueRefusal)
    /// Why the queue would not take such a job, in its own words; nil: it would.
    func objection(to order: SubmissionOrder) throws(QueueRefusal) -> String?
}

/// What is submitted.
struct SubmissionOrder {
    var name: String
    var settings: QueueSettings
    /// A file that `/bin/sh` can run.
    var script: String
    /// Where the job's output goes.
    var output: String
}

/// The queue does not do what it was asked to.
struct QueueRefusal: Error {
    var words: String
    /// Whether the queue's command did not answer, so that what became of the request is not known.
    var isMute = false
}
