import Foundation
import SweepModel

/// Agents at the other ends of sockets that whoever made the fleet connects: `eigensweep-bench` plays hosts there.
final class DialledTransport: Transport {
    private let host: HostName
    private let dial: @Sendable (HostName) -> Int32
    private let wake: Int32

    init(_ host: HostName, wake: Int32, dial: @escaping @Sendable (HostName) -> Int32) {
        self.host = host
        self.wake = wake
        self.dial = dial
    }

    let bringsAgent = false

    func connect() throws(HostFailure) {}

    func open(_ line: RemoteLine) throws(HostFailure) -> any ByteStream {
        let descriptor = dial(host)
        guard descriptor >= 0 else {
            throw HostFailure(.unreachable, "\(host): nobody answers: \(String(cString: strerror(errno)))")
        }
        return DialledStream(StreamSocket(descriptor, wake: wake))
    }

    func close() {}
}

private final class DialledStream: ByteStream {
    private var socket: StreamSocket

    init(_ socket: StreamSocket) { self.socket = socket }

    deinit { Glibc.close(socket.descriptor) }

    let longestWait = Double.infinity
    func wait(writing: Bool, seconds: Double) throws(HostFailure) { socket.wait(writing: writing, seconds: seconds) }
    func read() throws(HostFailure) -> [UInt8]? { socket.read() }
    func write(_ bytes: ArraySlice<UInt8>) throws(HostFailure) -> Int { socket.write(bytes) }
    func finishWriting() { shutdown(socket.descriptor, Int32(SHUT_WR)) }
    let diagnostics = ""
    let ending: ProgramEnding? = nil
    let isConnected = false
    func close() { shutdown(socket.descriptor, Int32(SHUT_RDWR)) }
}
