import JobContract

/// The hosts as the coordination loop sees them. Sending never blocks and never fails: what comes of it is a report.
package protocol Fleet: AnyObject {
    /// May be kept until `flush`.
    func send(_ command: HostCommand, to host: HostName)
    /// Nothing more follows for now: what was sent goes out together.
    func flush()
}

extension Fleet {
    package func flush() {}
}

/// What wakes the coordination loop.
package enum CoordinatorInput: Sendable {
    case host(HostName, HostReport)
    /// First Ctrl-C, SIGTERM, SIGHUP: stop dispatching and leave jobs to their hosts.
    case stop
    /// Second Ctrl-C: cancel everything wanted here.
    case cancelAll
    /// What is wanted or where has changed in the catalogue: end, so that a run planned anew takes over.
    case replan
    /// Nothing came before the asked time.
    case timeout
}
