import Foundation
import JobContract
import SweepModel

/// One host's thread: connects, runs the session, and connects again.
final class HostLink: Sendable {
    let mailbox = Mailbox()
    private let host: HostSpec
    private let context: LinkContext
    private let started = Locked(false)
    private let done = DispatchSemaphore(value: 0)

    init(_ host: HostSpec, _ context: LinkContext) {
        self.host = host
        self.context = context
    }

    func start() {
        guard
            started.with({ started in
                defer { started = true }; return !started
            })
        else { return }
        let thread = Thread { [self] in
            run()
            done.signal()
        }
        thread.name = "host \(host.name)"
        thread.stackSize = 2 << 20
        thread.start()
    }

    /// Waits for the thread's end, but not for a host that is being connected to: nothing of it is reported any more.
    func join() {
        guard started.with({ $0 }) else { return }
        if done.wait(timeout: .now() + .seconds(4)) == .success { done.signal() }
    }

    private func run() {
        var pause = context.options.firstRetrySeconds
        var told: HostFailure?
        while !mailbox.isClosing {
            let begun = monotonicSeconds()
            var wasConnected = false
            do throws(SessionEnd) {
                try converse(connected: { wasConnected = true })
                break
            } catch {
                guard case .failed(let failure) = error else { continue }
                mailbox.setConnected(false)
                if mailbox.isClosing { break }
                if wasConnected || told != failure { context.deliver(host.name, .disconnected(failure)) }
                told = failure
                guard failure.isTransient else { break }
            }
            if wasConnected, monotonicSeconds() - begun > 10 { pause = context.options.firstRetrySeconds }
            mailbox.sleep(seconds: pause * Double.random(in: 0.5...1))
            pause = min(pause * 2, context.options.lastRetrySeconds)
        }
        context.machines.release(host.name)
    }

    /// One connection, from the first byte until the fleet closes.
    private func converse(connected: () -> Void) throws(SessionEnd) {
        do {
            let transport = makeTransport()
            defer { transport.close() }
            let greeted = try context.gate.pass { () throws(HostFailure) in
                try transport.connect()
                return try Handshake(host: host, context: context, transport: transport, mailbox: mailbox).run()
            }
            defer { greeted.stream.close() }
            let session = AgentSession(host: host, context: context, mailbox: mailbox, greeted: greeted)
            try session.run(connected: connected)
        } catch let failure as HostFailure {
            throw .failed(failure)
        } catch let end as SessionEnd {
            throw end
        } catch {
            throw .failed(HostFailure(.agentFailed, "\(host.name): \(error)"))
        }
    }

    private func makeTransport() -> any Transport {
        switch host.transport {
        case .local: LocalTransport(agent: context.agent, wake: mailbox.wakeDescriptor)
        case .ssh: SSHProgramTransport(host, context.options, wake: mailbox.wakeDescriptor)
        case .libssh: LibSSHTransport(host, context.options, wake: mailbox.wakeDescriptor)
        }
    }
}

/// Why a session is over.
enum SessionEnd: Error {
    case failed(HostFailure)
    /// The agent made way for the program that was brought: connect again at once.
    case retired
}
