import CPosix
import Foundation
import SweepModel

/// A channel to an allocation's agent, which the relay carries. The seat's thread reads and writes it; the queue's thread
/// brings what comes.
final class RelayStream: ByteStream, Sendable {
    private struct State {
        var came: [UInt8] = []
        /// Why it ended; nil while it goes on.
        var ending: String?
    }
    private let state = Locked(State())
    private let bell: Int32 = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
    private let wake: Int32
    private let channel: UInt32
    private let link: QueueLink

    init(channel: UInt32, link: QueueLink, wake: Int32) {
        self.channel = channel
        self.link = link
        self.wake = wake
    }

    deinit { Glibc.close(bell) }

    /// Adds bytes that the agent has sent.
    func receive(_ bytes: ArraySlice<UInt8>) {
        state.with { $0.came += bytes }
        ring()
    }

    /// Ends the stream behind what has come, for a reason in words.
    func end(_ words: String) {
        state.with { $0.ending = $0.ending ?? words }
        ring()
    }

    private func ring() {
        var one: UInt64 = 1
        _ = Glibc.write(bell, &one, 8)
    }

    func wait(writing: Bool, seconds: Double) throws(HostFailure) {
        var polls = [
            pollfd(fd: bell, events: Int16(POLLIN), revents: 0), pollfd(fd: wake, events: Int16(POLLIN), revents: 0),
        ]
        // Nothing rings when the relay's connection has room again: soon is soon enough.
        _ = poll(&polls, 2, Int32((writing ? min(seconds, 0.05) : seconds) * 1000))
        var count: UInt64 = 0
        _ = Glibc.read(bell, &count, 8)
    }

    func read() throws(HostFailure) -> [UInt8]? {
        state.with { state in
            guard state.came.isEmpty else {
                defer { state.came = [] }
                return state.came
            }
            return state.ending == nil ? [] : nil
        }
    }

    func write(_ bytes: ArraySlice<UInt8>) throws(HostFailure) -> Int {
        guard state.with({ $0.ending == nil }) else { return 0 }
        return link.send(bytes, over: channel)
    }

    func finishWriting() {}
    var diagnostics: String { state.with { $0.ending ?? "" } }
    var ending: ProgramEnding? { nil }
    var isConnected: Bool { state.with { $0.ending == nil } }
    func close() { link.close(channel) }
}

/// The way to the agent of a seat's allocation.
final class SeatTransport: Transport {
    private let seat: Int
    private let link: QueueLink
    private let wake: Int32

    init(seat: Int, link: QueueLink, wake: Int32) {
        self.seat = seat
        self.link = link
        self.wake = wake
    }

    let bringsAgent = false
    func connect() throws(HostFailure) {}
    func open(_ line: RemoteLine) throws(HostFailure) -> any ByteStream { try link.open(seat, wake: wake) }
    func close() {}
}
