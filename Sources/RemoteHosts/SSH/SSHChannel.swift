import CPosix
import CSSH
import Foundation
import SweepModel

/// A command's standard streams over one SSH channel. Data comes by callback while the session is polled.
final class SSHChannel: ByteStream {
    private let session: ssh_session
    private let channel: ssh_channel
    private let event: ssh_event
    private let host: HostName
    private let wake: Int32
    private let callbacks: UnsafeMutablePointer<ssh_channel_callbacks_struct>
    private let incoming = Incoming()
    /// Bytes that came since the window was last widened, and somewhere for libssh to read nothing into.
    private var sinceWidened = 0
    private var nowhere: UnsafeMutableRawBufferPointer?
    private var isOpen = false
    private var isClosed = false

    /// What the callbacks bring.
    private final class Incoming {
        var bytes: [UInt8] = []
        var errors: [UInt8] = []
        var ended = false
        var closed = false
        var ending: ProgramEnding?
    }

    /// Runs `command` on the host; fails when the server has not agreed within `seconds`.
    init(_ session: ssh_session, _ command: String, host: HostName, wake: Int32, seconds: Double) throws(HostFailure) {
        guard let channel = ssh_channel_new(session) else {
            throw HostFailure(.unreachable, "\(host): no SSH channel: \(lastError(of: session))")
        }
        guard let event = ssh_event_new() else {
            ssh_channel_free(channel)
            throw HostFailure(.unreachable, "\(host): no memory for an SSH channel")
        }
        self.session = session
        self.channel = channel
        self.event = event
        self.host = host
        self.wake = wake
        callbacks = .allocate(capacity: 1)
        callbacks.initialize(to: ssh_channel_callbacks_struct())
        callbacks.pointee.size = MemoryLayout<ssh_channel_callbacks_struct>.size
        callbacks.pointee.userdata = Unmanaged.passUnretained(incoming).toOpaque()
        callbacks.pointee.channel_data_function = { _, _, data, count, isError, user in
            guard let user, let data else { return 0 }
            let incoming = Unmanaged<Incoming>.fromOpaque(user).takeUnretainedValue()
            let bytes = UnsafeRawBufferPointer(start: data, count: Int(count))
            if isError != 0 {
                incoming.errors = Array((incoming.errors + bytes).suffix(4096))
            } else {
                incoming.bytes += bytes
            }
            return Int32(count)
        }
        callbacks.pointee.channel_eof_function = { _, _, user in
            if let user { Unmanaged<Incoming>.fromOpaque(user).takeUnretainedValue().ended = true }
        }
        callbacks.pointee.channel_close_function = { _, _, user in
            guard let user else { return }
            let incoming = Unmanaged<Incoming>.fromOpaque(user).takeUnretainedValue()
            (incoming.ended, incoming.closed) = (true, true)
        }
        callbacks.pointee.channel_exit_status_function = { _, _, code, user in
            if let user { Unmanaged<Incoming>.fromOpaque(user).takeUnretainedValue().ending = .exited(Int(code)) }
        }
        callbacks.pointee.channel_exit_signal_function = { _, _, name, _, _, _, user in
            guard let user, let name else { return }
            Unmanaged<Incoming>.fromOpaque(user).takeUnretainedValue().ending = .signalled(String(cString: name))
        }
        ssh_set_channel_callbacks(channel, callbacks)
        ssh_event_add_session(event, session)
        if wake >= 0 { ssh_event_add_fd(event, wake, Int16(POLLIN), { _, _, _ in 0 }, nil) }
        let limit = posix_monotonic_seconds() + seconds
        do throws(HostFailure) {
            try repeatedly(until: limit) { ssh_channel_open_session(channel) }
            isOpen = true
            try repeatedly(until: limit) { ssh_channel_request_exec(channel, command) }
        } catch {
            close()
            throw error
        }
    }

    private func repeatedly(until limit: Double, _ step: () -> Int32) throws(HostFailure) {
        while true {
            switch step() {
            case SSH_OK: return
            case SSH_AGAIN:
                guard posix_monotonic_seconds() < limit else {
                    throw HostFailure(.unreachable, "\(host): the SSH server does not answer")
                }
                _ = ssh_event_dopoll(event, 100)
            default:
                throw HostFailure(.unreachable, "\(host): no SSH channel: \(lastError(of: session))")
            }
        }
    }

    func wait(writing: Bool, seconds: Double) throws(HostFailure) {
        guard incoming.bytes.isEmpty, !incoming.ended, ssh_is_connected(session) == 1 else { return }
        _ = ssh_event_dopoll(event, Int32(seconds * 1000))
    }

    func read() throws(HostFailure) -> [UInt8]? {
        if incoming.bytes.isEmpty {
            return incoming.ended || ssh_is_connected(session) == 0 ? nil : []
        }
        defer { incoming.bytes = [] }
        widenWindow(after: incoming.bytes.count)
        return incoming.bytes
    }

    /// How much the server may send unanswered: enough for 200 MB/s at a round trip of 40 ms.
    private static let window = 8 << 20

    /// libssh lets 1.2 MB be under way, which a distant host sends in a moment and then waits. It widens the window
    /// for whoever asks to read more at once, so some is asked for while files come; all there is was taken by callback.
    private func widenWindow(after count: Int) {
        sinceWidened += count
        guard sinceWidened > Self.window / 16, isOpen, ssh_is_connected(session) == 1 else { return }
        sinceWidened = 0
        let nowhere = self.nowhere ?? .allocate(byteCount: Self.window, alignment: 16)
        self.nowhere = nowhere
        let read = ssh_channel_read_timeout(channel, nowhere.baseAddress, UInt32(nowhere.count), 0, 0)
        if read > 0 { incoming.bytes += nowhere.prefix(Int(read)) }
    }

    func write(_ bytes: ArraySlice<UInt8>) throws(HostFailure) -> Int {
        // What libssh could not give to the socket at once it keeps, without limit: add nothing to that.
        guard ssh_get_poll_flags(session) & SSH_WRITE_PENDING == 0 else { return 0 }
        let count = min(bytes.count, Int(ssh_channel_window_size(channel)), 128 << 10)
        guard count > 0 else { return 0 }
        let written = bytes.withUnsafeBytes { ssh_channel_write(channel, $0.baseAddress, UInt32(count)) }
        return max(0, Int(written))
    }

    func finishWriting() { ssh_channel_send_eof(channel) }

    var diagnostics: String {
        let words = String(decoding: incoming.errors, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        return words.isEmpty && ssh_is_connected(session) == 0 ? lastError(of: session) : words
    }

    /// The server tells it after the program's last bytes, and then closes the channel.
    var ending: ProgramEnding? {
        let limit = posix_monotonic_seconds() + 2
        while incoming.ending == nil, !incoming.closed, !isClosed, isConnected, posix_monotonic_seconds() < limit {
            _ = ssh_event_dopoll(event, 50)
        }
        return incoming.ending
    }

    var isConnected: Bool { ssh_is_connected(session) == 1 }

    func close() {
        guard !isClosed else { return }
        isClosed = true
        // Closing a channel that never opened makes servers drop the whole session.
        if isOpen, ssh_is_connected(session) == 1 {
            ssh_channel_close(channel)
            let limit = posix_monotonic_seconds() + 1
            while !incoming.ended, posix_monotonic_seconds() < limit, ssh_is_connected(session) == 1 {
                _ = ssh_event_dopoll(event, 50)
            }
        }
        ssh_remove_channel_callbacks(channel, callbacks)
        if wake >= 0 { ssh_event_remove_fd(event, wake) }
        ssh_event_remove_session(event, session)
        ssh_event_free(event)
        ssh_channel_free(channel)
        callbacks.deallocate()
        nowhere?.deallocate()
    }

    deinit { close() }
}
