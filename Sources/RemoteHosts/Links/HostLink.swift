import CPosix
import Foundation
import JobContract
import SweepModel

/// One host's thread: connects, runs the session, and connects again.
final class HostLink: Sendable {
    let mailbox = Mailbox()
    let host: HostSpec
    private let context: LinkContext
    private let started = Locked(false)
    private let ended = Locked(false)
    private let done = DispatchSemaphore(value: 0)

    /// The queue through which a seat's host is reached; nil: the host is reached by itself.
    private let queue: QueueLink?

    init(_ host: HostSpec, _ context: LinkContext, queue: QueueLink? = nil) {
        self.host = host
        self.queue = queue
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
            ended.with { $0 = true }
            done.signal()
        }
        thread.name = "host \(host.name)"
        thread.stackSize = 2 << 20
        thread.start()
    }

    /// Whether it has given the host up, or was closed.
    var isOver: Bool { ended.with { $0 } }

    /// Waits for the thread's end, but not for a host that is being connected to: nothing of it is reported any more.
    func join(until deadline: DispatchTime) {
        guard started.with({ $0 }) else { return }
        if done.wait(timeout: deadline) == .success { done.signal() }
    }

    /// Seconds of waiting that people hear of.
    private static let longPause = 10.0

    private func run() {
        var backOff = BackOff(context.options)
        var told: HostFailure?
        var wasEverConnected = false
        while !mailbox.isClosing {
            if let queue, let seat = host.seat, !queue.awaitAllocation(of: seat.number, mailbox) { break }
            let begun = posix_monotonic_seconds()
            var wasConnected = false
            do throws(SessionEnd) {
                try converse(connected: { wasConnected = true })
                break
            } catch {
                wasEverConnected = wasEverConnected || wasConnected
                guard case .failed(let found) = error else { continue }
                let failure = wasEverConnected ? found.afterGoodConnection : found
                // A failure that may pass by itself takes its time to pass.
                if failure != found { backOff.takeTime() }
                mailbox.setConnected(false)
                if mailbox.isClosing { break }
                if hasLeft() {
                    context.machines.release(host.name)
                    backOff.reset()
                    continue
                }
                if wasConnected || told != failure { context.deliver(host.name, .disconnected(failure)) }
                told = failure
                guard failure.isTransient else { break }
            }
            if wasConnected, posix_monotonic_seconds() - begun > 10 { backOff.reset() }
            let pause = backOff.next()
            if pause >= Self.longPause { context.deliver(host.name, .awaited(seconds: pause)) }
            mailbox.sleep(seconds: pause)
        }
        context.machines.release(host.name)
    }

    /// Seconds that a relay has to tell that an allocation has ended.
    private static let partingSeconds = 2.5

    /// Whether the connection ended because the allocation did, which is no failure.
    private func hasLeft() -> Bool {
        guard let queue, let seat = host.seat else { return false }
        let limit = posix_monotonic_seconds() + Self.partingSeconds
        while queue.allocation(of: seat.number)?.state == .running, posix_monotonic_seconds() < limit {
            if mailbox.isClosing { return true }
            mailbox.sleep(seconds: 0.1)
        }
        return queue.allocation(of: seat.number)?.state != .running && queue.isAnswering
    }

    private func transport() throws(HostFailure) -> any Transport {
        if let queue, let seat = host.seat {
            return SeatTransport(seat: seat.number, link: queue, wake: mailbox.wakeDescriptor)
        }
        return try context.connecting.transport(to: host, wake: mailbox.wakeDescriptor)
    }

    /// One connection, from the first byte until the fleet closes.
    private func converse(connected: () -> Void) throws(SessionEnd) {
        do {
            let transport = try transport()
            defer { transport.close() }
            var greeted = try Handshake(host: host, context: context.connecting, transport: transport, mailbox: mailbox)
                .run()
            defer { greeted.stream.close() }
            var visit = HostConversation(host: host.name, greeted: greeted, mailbox: mailbox, options: context.options)
            if let worker = context.worker {
                context.connecting.stages.set(host.name, "comparing what the worker computes there")
                try worker.verify(host, &visit)
            }
            let usesDevices = try findDevice(&visit)
            for words in visit.damages { context.deliver(host.name, .storeDamaged(words)) }
            greeted.reader = visit.reader
            let session = AgentSession(
                host: host, context: context, mailbox: mailbox, greeted: greeted, usesDevices: usesDevices)
            try session.run(connected: connected)
        } catch let failure as HostFailure {
            throw .failed(failure)
        } catch let end as SessionEnd {
            throw end
        } catch let error as ProtocolError {
            throw .failed(
                HostFailure(.protocolViolation, "\(host.name): not an agent's answer: \(explanation(of: error))"))
        } catch {
            throw .failed(HostFailure(.agentFailed, "\(host.name): \(explanation(of: error))"))
        }
    }
}

extension HostLink {
    /// Whether jobs there are to have the worker for GPUs. Where it will not do they have the CPU's, and people are told why.
    private func findDevice(_ visit: inout HostConversation) throws(HostFailure) -> Bool {
        guard let worker = context.worker, host.gpus != nil else { return false }
        context.connecting.stages.set(host.name, "comparing what its GPU computes")
        switch try worker.findDevice(on: host, &visit) {
        case .found(_, let words):
            if let words { context.connecting.asked.note("\(host.name): its GPU is not reached by CUDA: \(words)") }
            return true
        case .none(let words):
            context.connecting.asked.note("\(host.name): its jobs compute on the CPU: \(words)")
            return false
        }
    }
}

extension HostFailure {
    /// The same of a host that was good before in this run: a full disk, a lost SSH agent or a process limit may pass.
    var afterGoodConnection: HostFailure {
        switch kind {
        case .authenticationFailed, .noSpace, .noShell, .directory, .spawnFailed: HostFailure(.unreachable, message)
        case .unreachable, .hostKeyUnknown, .hostKeyChanged, .agentFailed, .transferFailed, .missingFile,
            .duplicateMachine, .protocolViolation, .configuration, .unsuitable:
            self
        }
    }
}

/// Why a session is over.
enum SessionEnd: Error {
    case failed(HostFailure)
    /// The agent made way for the program that was brought: connect again at once.
    case retired
}
