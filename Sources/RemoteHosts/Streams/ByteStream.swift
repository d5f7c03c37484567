import SweepModel

/// Both directions of a program's standard streams on a host. Used by one thread.
protocol ByteStream: AnyObject {
    /// Waits until something can be read, or written when `writing`, or the host's thread is woken, or the time is up.
    func wait(writing: Bool, seconds: Double) throws(HostFailure)
    /// Seconds after which it is looked at though nothing woke its thread.
    var longestWait: Double { get }
    /// What has arrived, possibly nothing; nil at the end.
    func read() throws(HostFailure) -> [UInt8]?
    /// Writes what there is room for and returns how much that was.
    func write(_ bytes: ArraySlice<UInt8>) throws(HostFailure) -> Int
    /// The program's input ends here.
    func finishWriting()
    /// The end of what the program said on standard error.
    var diagnostics: String { get }
    /// How the program ended, once nothing more can be read; nil where that is not known, as when the connection broke.
    var ending: ProgramEnding? { get }
    /// False once the connection itself has ended, not only the program at its other end.
    var isConnected: Bool { get }
    func close()
}

extension ByteStream {
    /// What lies in a library's buffers wakes nobody.
    var longestWait: Double { 1 }
}

enum ProgramEnding: Hashable, CustomStringConvertible {
    case exited(Int)
    case signalled(String)

    var description: String {
        switch self {
        case .exited(let code): "ended with exit status \(code)"
        case .signalled(let name): "was ended by signal \(name)"
        }
    }
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
