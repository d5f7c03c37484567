import SweepModel

/// Both directions of a program's standard streams on a host. Used by one thread.
protocol ByteStream: AnyObject {
    /// Waits until something can be read, or written when `writing`, or the host's thread is woken, or the time is up.
    func wait(writing: Bool, seconds: Double) throws(HostFailure)
    /// What has arrived, possibly nothing; nil at the end.
    func read() throws(HostFailure) -> [UInt8]?
    /// Writes what there is room for and returns how much that was.
    func write(_ bytes: ArraySlice<UInt8>) throws(HostFailure) -> Int
    /// The program's input ends here.
    func finishWriting()
    /// The end of what the program said on standard error.
    var diagnostics: String { get }
    func close()
}

/// A way to reach one host. Used by one thread.
protocol Transport: AnyObject {
    /// Reaches the host and authenticates.
    func connect() throws(HostFailure)
    func open(_ line: RemoteLine) throws(HostFailure) -> any ByteStream
    /// Whether the agent's program must be brought there.
    var bringsAgent: Bool { get }
    func close()
}

/// The only command lines ever sent to a host. No value of ours or of the user's is in them.
enum RemoteLine: String, CaseIterable {
    /// Writes standard input under a fixed name; whole or not at all as far as the sender lives to see it.
    case receiveAgent =
        "exec /bin/sh -c 'umask 077; t=`mktemp \"$HOME/.eigensweep-agent.XXXXXX\"` || exit 1; cat > \"$t\" && chmod 700 \"$t\" && mv -f \"$t\" \"$HOME/.eigensweep-agent\" || { rm -f \"$t\"; exit 1; }'"
    case startAgent = "exec /bin/sh -c 'exec \"$HOME/.eigensweep-agent\" connect'"
}
