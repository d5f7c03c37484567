import CPosix
import Foundation
import JobContract
import SweepModel

/// One queue host's thread: keeps a relay on its login node, asks it for allocations, and carries bytes between the seats'
/// threads and their allocations, all over one connection.
final class QueueLink: Sendable {
    private struct State {
        /// Hosts by their seats' numbers.
        var seats: [Int: HostSpec] = [:]
        var book: SeatBook
        var streams: [UInt32: RelayStream] = [:]
        var lastChannel: UInt32 = 0
        var outgoing = OutgoingBytes()
        /// Refusals of the queue since it last took an allocation.
        var refusals = 0
        /// Every allocation is to end, those too of which a relay tells later.
        var isDismissing = false
    }
    private let state: Locked<State>
    /// The queue host's.
    private let name: HostName
    /// The login node.
    private let gate: HostSpec
    private let kind: QueueSettings.Kind
    private let context: LinkContext
    private let mailbox = Mailbox()
    private let started = Locked(false)
    private let done = DispatchSemaphore(value: 0)
    /// Bytes that may wait for the connection before seats' threads must wait.
    private static let mostUnsent = 8 << 20
    /// Refusals in a row after which this run does not ask the queue any more.
    private static let mostRefusals = 10

    init(_ seat: HostSpec, _ queue: QueueSeat, _ context: LinkContext) {
        gate = seat.gate
        name = gate.name
        kind = queue.settings.kind
        self.context = context
        state = Locked(State(book: SeatBook(catalogue: context.catalogue)))
    }

    /// Replaces the seats, ends allocations that belong to none of them, and starts the thread if it has not begun.
    func update(_ seats: [HostSpec]) {
        state.with { state in
            state.seats = [:]
            for seat in seats { if let number = seat.seat?.number { state.seats[number] = seat } }
        }
        start()
        tellAll()
    }

    private func start() {
        guard
            started.with({ started in
                defer { started = true }; return !started
            })
        else { return }
        let thread = Thread { [self] in
            run()
            done.signal()
        }
        thread.name = "queue \(name)"
        thread.stackSize = 2 << 20
        thread.start()
    }

    // MARK: For the seats' threads

    /// How a seat's allocation stands that has begun and is not gone; nil: there is none.
    func allocation(of seat: Int) -> AllocationStanding? {
        state.with { state in
            state.book.allocation(of: seat).flatMap { $0.state == .running || $0.state == .over ? $0 : nil }
        }
    }

    /// Whether a relay answers and has told of all allocations.
    var isAnswering: Bool { state.with { $0.book.allocations != nil } }

    /// Sleeps until the seat has an allocation that has begun. False once `mailbox` closes.
    func awaitAllocation(of seat: Int, _ mailbox: Mailbox) -> Bool {
        while !mailbox.isClosing {
            if allocation(of: seat) != nil { return true }
            mailbox.sleep(seconds: 0.2)
        }
        return false
    }

    /// Opens a channel to the agent of the seat's allocation.
    /// - Parameter wake: a descriptor that wakes the seat's thread.
    func open(_ seat: Int, wake: Int32) throws(HostFailure) -> RelayStream {
        let opened: RelayStream? = state.with { state in
            guard let allocation = state.book.allocation(of: seat) else { return nil }
            state.lastChannel += 1
            let stream = RelayStream(channel: state.lastChannel, link: self, wake: wake)
            state.streams[state.lastChannel] = stream
            say(.open(channel: state.lastChannel, name: allocation.name), in: &state)
            return stream
        }
        mailbox.wake()
        guard let opened else { throw HostFailure(.unreachable, "\(name): there is no allocation any more") }
        return opened
    }

    /// Takes as many bytes as there is room for, and returns how many those are.
    func send(_ bytes: ArraySlice<UInt8>, over channel: UInt32) -> Int {
        let count = state.with { state in
            let count = min(bytes.count, Self.mostUnsent - state.outgoing.count, 1 << 20)
            guard count > 0, state.streams[channel] != nil else { return 0 }
            var payload: [UInt8] = []
            payload.reserveCapacity(4 + count)
            payload.append(little: channel)
            payload += bytes.prefix(count)
            state.outgoing.append(Frame(.relayed, payload))
            return count
        }
        if count > 0 { mailbox.wake() }
        return count
    }

    func close(_ channel: UInt32) {
        state.with { state in
            if state.streams.removeValue(forKey: channel) != nil { say(.close(channel: channel), in: &state) }
        }
        mailbox.wake()
    }

    // MARK: For the coordination loop

    /// Asks the queue for an allocation for a seat, unless the seat has one.
    func call(_ seat: HostSpec, _ queue: QueueSeat) {
        state.with { state in
            guard let name = state.book.call(queue.number, random: UInt32.random(in: 1 ... .max)) else { return }
            say(.submit(name: name, queue.settings), in: &state)
        }
        mailbox.wake()
    }

    /// Ends the seat's allocation, if it has one.
    func dismiss(_ seat: Int) {
        state.with { state in
            if let allocation = state.book.allocation(of: seat) { say(.cancel(name: allocation.name), in: &state) }
        }
        mailbox.wake()
    }

    /// Ends every allocation, and waits until the relay has said that none is left, for so many seconds at most.
    func dismissAll(seconds: Double) {
        state.with { state in
            state.isDismissing = true
            cancelAll(in: &state)
        }
        mailbox.wake()
        let limit = posix_monotonic_seconds() + seconds
        while posix_monotonic_seconds() < limit, state.with({ $0.book.allocations?.isEmpty != true }) {
            usleep(50_000)
        }
    }

    private func cancelAll(in state: inout State) {
        for name in (state.book.allocations ?? [:]).keys { say(.cancel(name: name), in: &state) }
    }

    /// Ends the connection and waits for the thread. Allocations go on.
    func close(until deadline: DispatchTime) {
        mailbox.close()
        guard started.with({ $0 }) else { return }
        if done.wait(timeout: deadline) == .success { done.signal() }
    }

    // MARK: The thread

    private func say(_ request: RelayRequest, in state: inout State) {
        if let frame = try? AgentProtocol.frame(CoordinatorMessage.relay(request)) { state.outgoing.append(frame) }
    }

    private func run() {
        var backOff = BackOff(context.options)
        while !mailbox.isClosing {
            let begun = posix_monotonic_seconds()
            do {
                try converse()
            } catch let failure as HostFailure {
                lose(failure)
                guard failure.isTransient else { break }
            } catch {
                lose(HostFailure(.protocolViolation, "\(name): not a relay's answer: \(explanation(of: error))"))
                break
            }
            if posix_monotonic_seconds() - begun > 10 { backOff.reset() }
            mailbox.sleep(seconds: backOff.next())
        }
        lose(nil)
    }

    /// Forgets what the relay has said, and ends the streams. Allocations go on without it.
    /// - Parameter failure: what the seats are told; nil: the run ends.
    private func lose(_ failure: HostFailure?) {
        let (streams, seats) = state.with { state in
            defer {
                state.book.lose()
                state.streams = [:]
                state.outgoing = OutgoingBytes()
            }
            return (Array(state.streams.values), Array(state.seats.values))
        }
        for stream in streams { stream.end(failure?.message ?? "the run ends") }
        guard let failure, !mailbox.isClosing else { return }
        for seat in seats { context.deliver(seat.name, .disconnected(failure)) }
    }

    private func converse() throws {
        let transport = try context.connecting.transport(to: gate, wake: mailbox.wakeDescriptor)
        defer { transport.close() }
        let greeted = try Handshake(host: gate, context: context.connecting, transport: transport, mailbox: mailbox)
            .run()
        defer { greeted.stream.close() }
        guard greeted.greeting.version == AgentProtocol.version else {
            throw HostFailure(
                .protocolViolation,
                "\(name): the agent speaks protocol \(greeted.greeting.version), this program \(AgentProtocol.version); "
                    + "remove eigensweep-agent from \(gate.directory) there; it is brought again")
        }
        var visit = HostConversation(host: name, greeted: greeted, mailbox: mailbox, options: context.options)
        let place = RelayPlace(directory: gate.directory, catalogue: context.catalogue, kind: kind)
        switch try visit.ask(.relay(place), seconds: 120) {
        case .relaying: break
        case .refused(let refusal): throw HostFailure(refusal, host: name)
        default: throw HostFailure(.protocolViolation, "\(name): the agent answered something else than was asked")
        }
        try serve(greeted.stream, visit.reader)
    }

    private func serve(_ stream: any ByteStream, _ received: FrameReader) throws {
        var reader = received
        var found: [String: AllocationStanding]? = [:]
        while true {
            while let frame = try reader.next() { try handle(frame, &found) }
            var outgoing = state.with { state in
                defer { state.outgoing = OutgoingBytes() }
                return state.outgoing
            }
            while !outgoing.isEmpty {
                try outgoing.flush(to: stream)
                if !outgoing.isEmpty { try stream.wait(writing: true, seconds: 1) }
                if let bytes = try stream.read() { reader.push(bytes) } else { throw ended(stream) }
            }
            // What was asked before the run closed is still sent.
            if mailbox.isClosing, state.with({ $0.outgoing.isEmpty }) { return }
            try stream.wait(writing: false, seconds: 1)
            _ = mailbox.takeCommands()
            guard let bytes = try stream.read() else { throw ended(stream) }
            reader.push(bytes)
        }
    }

    private func ended(_ stream: any ByteStream) -> HostFailure {
        let words = stream.diagnostics
        return HostFailure(.unreachable, "\(name): the connection ended\(words.isEmpty ? "" : ": \(words)")")
    }

    /// - Parameter found: allocations of which the relay has told before it is ready; nil from then on.
    private func handle(_ frame: Frame, _ found: inout [String: AllocationStanding]?) throws {
        switch frame.kind {
        case .relayed where frame.payload.count > 4:
            let channel = frame.payload.little(UInt32.self, at: 0)
            state.with { $0.streams[channel] }?.receive(frame.payload[4...])
        case .control:
            guard case .relayed(let report) = try AgentProtocol.message(AgentMessage.self, in: frame) else {
                throw ProtocolError("a relay said what only agents say")
            }
            if case .standing(let standing) = report, found != nil {
                found?[standing.name] = standing
            } else if case .ready = report {
                let all = Array((found ?? [:]).values)
                found = nil
                state.with { state in
                    state.book.replaceAll(with: all)
                    if state.isDismissing { cancelAll(in: &state) }
                }
                tellAll()
            } else {
                handle(report)
            }
        case .relayed, .chunk, .received, .event, .attempt: throw ProtocolError("a relay sent what it does not carry")
        }
    }

    private func handle(_ report: RelayReport) {
        switch report {
        case .standing(let standing):
            let seat = state.with { state in
                let seat = state.book.record(standing)
                if standing.state == .waiting { state.refusals = 0 }
                if state.isDismissing, standing.state != .gone { say(.cancel(name: standing.name), in: &state) }
                return seat
            }
            guard let seat else { return }
            tell(seat, lastWords: standing.state == .gone ? standing.words : "")
        case .refused(let name, let words):
            guard let seat = state.with({ $0.book.remove(name) }) else { return }
            refused(seat, words)
        case .closed(let channel, let words):
            state.with { $0.streams.removeValue(forKey: channel) }?.end(words)
        case .mute(let words): context.connecting.asked.note("\(name): the queue does not answer: \(words)")
        case .ready: break
        }
    }

    private func refused(_ seat: Int, _ words: String) {
        let (spec, count) = state.with { state in
            state.refusals += 1
            return (state.seats[seat], state.refusals)
        }
        guard let spec else { return }
        guard count < Self.mostRefusals else {
            return context.deliver(
                spec.name,
                .disconnected(
                    HostFailure(.unsuitable, "\(name): the queue took no allocation \(count) times: \(words)")))
        }
        let pause = min(1800, 30 * Double(1 << min(count - 1, 6)))
        context.deliver(spec.name, .seat(.refused(words: words, seconds: pause)))
    }

    /// Reports how every seat stands, and ends allocations that belong to none.
    private func tellAll() {
        let seats = state.with { state in
            let seats = state.seats
            for name in state.book.strays(exists: { seats[$0] != nil }) { say(.cancel(name: name), in: &state) }
            return state.book.allocations == nil ? [] : Array(state.seats.keys)
        }
        mailbox.wake()
        for seat in seats.sorted() { tell(seat, lastWords: "") }
    }

    /// Reports how a seat stands.
    /// - Parameter lastWords: why its last allocation was of no use; empty: it was.
    private func tell(_ seat: Int, lastWords: String) {
        let (spec, allocation) = state.with { ($0.seats[seat], $0.book.allocation(of: seat)) }
        guard let spec else { return }
        let news: SeatNews =
            switch allocation?.state {
            case nil, .gone: .vacant(words: lastWords)
            case .waiting: .waiting(job: allocation?.job ?? "", words: allocation?.words ?? "")
            case .running, .over: .begun
            }
        context.deliver(spec.name, .seat(news))
    }
}
