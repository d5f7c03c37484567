import CPosix

/// How many files and connections this process may have open.
package enum Descriptors {
    /// What no command does without: the three streams, a catalogue and its log, a socket, a program that is asked.
    private static let least = 64
    nonisolated(unsafe) private static var most = Int.max

    /// Has as many as it may from now on.
    package static func raiseLimit() { most = Int(posix_raise_descriptor_limit()) }

    /// Throws where there are too few for a command that speaks to so many hosts: a connection to each, and as many for
    /// files on their way.
    static func require(hosts: Int = 0) throws(CommandFailure) {
        let needed = least + 2 * hosts
        guard most < needed else { return }
        throw CommandFailure(
            .usage,
            "this shell lets a program have \(most) files and connections open (`ulimit -Hn`); "
                + "\(hosts == 0 ? "at least \(needed) are needed" : "\(hosts) hosts need \(needed)")")
    }
}
