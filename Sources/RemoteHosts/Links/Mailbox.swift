import CPosix
import Foundation
import SweepModel

/// Commands on their way to a host's thread, and the descriptor that wakes it.
final class Mailbox: Sendable {
    private struct State {
        var commands: [HostCommand] = []
        var inquiries: [LogInquiry] = []
        var closing = false
        var connected = false
        /// The host's thread is woken and has not looked since.
        var isWoken = false
    }
    private let state = Locked(State())
    let wakeDescriptor: Int32 = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))

    deinit { Glibc.close(wakeDescriptor) }

    /// Keeps the command until the host's thread takes it, which it may not do before `wake`; without a connection it is
    /// dropped. Whether it is the first one that waits.
    func post(_ command: HostCommand) -> Bool {
        state.with { state in
            guard state.connected, !state.closing else { return false }
            state.commands.append(command)
            return state.commands.count == 1
        }
    }

    /// Keeps a question until the host's thread takes it; without a connection it is answered at once.
    func post(_ inquiry: LogInquiry) {
        let kept = state.with { state in
            guard state.connected, !state.closing else { return false }
            state.inquiries.append(inquiry)
            return true
        }
        if kept { wake() } else { inquiry.answer(nil) }
    }

    func takeInquiries() -> [LogInquiry] {
        state.with { state in
            defer { state.inquiries = [] }
            return state.inquiries
        }
    }

    func takeCommands() -> [HostCommand] {
        state.with { state in
            if state.isWoken {
                var count: UInt64 = 0
                _ = Glibc.read(wakeDescriptor, &count, 8)
                state.isWoken = false
            }
            defer { state.commands = [] }
            return state.commands
        }
    }

    /// Opens or shuts the box; what was in it is dropped.
    func setConnected(_ connected: Bool) {
        state.with {
            $0.connected = connected
            $0.commands = []
        }
        for inquiry in takeInquiries() { inquiry.answer(nil) }
    }

    var isClosing: Bool { state.with { $0.closing } }

    func close() {
        state.with { $0.closing = true }
        wake()
    }

    /// Sleeps, or less when the fleet closes.
    func sleep(seconds: Double) {
        let end = posix_monotonic_seconds() + seconds
        while !isClosing {
            let left = end - posix_monotonic_seconds()
            guard left > 0 else { return }
            var poll = pollfd(fd: wakeDescriptor, events: Int16(POLLIN), revents: 0)
            _ = Glibc.poll(&poll, 1, Int32(min(left, 3600) * 1000) + 1)
            _ = takeCommands()
        }
    }

    func wake() {
        state.with { state in
            guard !state.isWoken else { return }
            var one: UInt64 = 1
            _ = Glibc.write(wakeDescriptor, &one, 8)
            state.isWoken = true
        }
    }
}
