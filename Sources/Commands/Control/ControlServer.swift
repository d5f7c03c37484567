import CPosix
import Foundation
import JobContract
import RemoteHosts
import ResultCatalogue

/// The Unix socket at which the coordinator listens: commands of the same account ask there for changes and views.
///
/// Threads of its own read and answer; changes of the catalogue wait in `changes` for the run's thread.
final class ControlServer: Sendable {
    let changes = PendingChanges()
    let broadcast = RunBroadcast()
    private let socket: String
    private let descriptor: Int32
    private let launches:
        @Sendable (_ file: String, _ overrides: [String], _ folder: String, _ sameNumerics: Bool) throws -> RunningSweep
    private let reader = Locked<(@Sendable (LogQuestion) -> LogPiece)?>(nil)
    private let stop = Locked<(@Sendable () -> Void)?>(nil)
    private let connections = Locked(0)
    private let isOver = Locked(false)
    private static let mostConnections = 64
    /// How often it looks whether its socket still has its name.
    private static let lookSeconds = 5

    /// Listens for the catalogue, whose lock the caller holds: a socket of a dead coordinator is replaced.
    ///
    /// `launches` reads and prepares a sweep that another command hands over, on the connection's thread. Nil where a socket
    /// can be made in no directory.
    init?(
        _ catalogue: Catalogue,
        launches:
            @escaping @Sendable (_ file: String, _ overrides: [String], _ folder: String, _ sameNumerics: Bool) throws
            -> RunningSweep
    ) {
        var found: (String, Int32)?
        for path in RuntimeDirectory.sockets(catalogue: catalogue.id, at: catalogue.path) where found == nil {
            guard RuntimeDirectory.prepare(for: path) != nil else { continue }
            unlink(path)
            let descriptor = posix_listen_local(path)
            if descriptor >= 0 { found = (path, descriptor) }
        }
        guard let found else { return nil }
        (socket, descriptor) = found
        self.launches = launches
        catalogue.announce(socket: socket)
    }

    deinit {
        close(descriptor)
        unlink(socket)
    }

    /// Begins to answer.
    func start() {
        let thread = Thread { [self] in accept() }
        thread.name = "control"
        thread.start()
    }

    /// Lets logs of running attempts be read with `read` from now on.
    func serveLogs(_ read: @escaping @Sendable (LogQuestion) -> LogPiece) { reader.with { $0 = read } }

    /// Lets the run be stopped with `stop` from now on.
    func serveStop(_ stop: @escaping @Sendable () -> Void) { self.stop.with { $0 = stop } }

    /// Ends with the run: tells viewers, refuses the changes that still wait, and gives connections a moment to close.
    func end(status: Int32) {
        changes.close()
        broadcast.end(status: status)
        isOver.with {
            $0 = true
            unlink(socket)
            shutdown(descriptor, Int32(SHUT_RDWR))
        }
        let patience = Date(timeIntervalSinceNow: 1)
        while connections.with({ $0 }) > 0, Date() < patience { usleep(5_000) }
    }

    /// Makes the socket anew where somebody has removed it, as who clears `/tmp` does: no command would reach this run.
    private func renew() {
        isOver.with { isOver in
            guard !isOver, access(socket, F_OK) != 0, RuntimeDirectory.prepare(for: socket) != nil else { return }
            let fresh = posix_listen_local(socket)
            guard fresh >= 0 else { return }
            dup2(fresh, descriptor)
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            close(fresh)
        }
    }

    private func accept() {
        while true {
            var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let count = Glibc.poll(&poll, 1, Int32(Self.lookSeconds * 1000))
            guard count >= 0 || errno == EINTR else { return }
            if count == 0 {
                renew()
                continue
            }
            // After `end` no connection comes any more, and accept would only say to try again.
            if Int32(poll.revents) & (POLLHUP | POLLERR | POLLNVAL) != 0 { return }
            let connection = Glibc.accept(descriptor, nil, nil)
            if connection < 0 {
                if [EAGAIN, EINTR, ECONNABORTED].contains(errno) { continue }
                guard [EMFILE, ENFILE, ENOMEM].contains(errno) else { return }
                usleep(200_000)
                continue
            }
            _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
            guard let stream = LineStream(descriptor: connection),
                connections.with({ count in
                    guard count < Self.mostConnections else { return false }
                    count += 1
                    return true
                })
            else { continue }
            let thread = Thread { [self] in
                serve(stream)
                connections.with { $0 -= 1 }
            }
            thread.name = "control connection"
            thread.start()
        }
    }

    /// Reads one request and writes all answers to it.
    private func serve(_ stream: LineStream) {
        guard let line = stream.read(limit: ControlMessages.requestLimit, seconds: 10) else { return }
        let request: ControlRequest
        do throws(ControlError) { request = try ControlMessages.read(ControlRequest.self, line) } catch {
            return say(.refused(status: ExitStatus.usage.rawValue, message: error.words), to: stream)
        }
        switch request {
        case .change(let change): say(answer(change), to: stream)
        case .look: say(.view(broadcast.look()), to: stream)
        case .watch: watch(stream)
        case .read(let question):
            guard let read = reader.with({ $0 }) else { return say(.ending, to: stream) }
            say(.log(read(question)), to: stream)
        case .stop:
            guard let stop = stop.with({ $0 }) else { return say(.ending, to: stream) }
            stop()
            say(.done(WishChange.Outcome(count: 1)), to: stream)
        }
    }

    private func answer(_ change: WishChange) -> ControlAnswer {
        guard case .launch(let file, let overrides, let folder, let sameNumerics) = change else {
            return changes.submit(.wish(change)).wait()
        }
        do { return changes.submit(.launch(try launches(file, overrides, folder, sameNumerics ?? false))).wait() } catch
        {
            return ControlAnswer(refusing: error)
        }
    }

    private func watch(_ stream: LineStream) {
        var place = RunBroadcast.Place()
        while stream.isOpen {
            guard let answer = broadcast.next(&place) else { continue }
            guard let line = try? ControlMessages.line(answer), stream.write(line) else { return }
            if case .ended = answer { return }
            // Five views a second are enough for people.
            usleep(200_000)
        }
    }

    private func say(_ answer: ControlAnswer, to stream: LineStream) {
        if let line = try? ControlMessages.line(answer) { _ = stream.write(line) }
    }
}

extension ControlAnswer {
    /// The refusal that an error of the layers below means.
    init(refusing error: any Error) {
        let failure = CommandFailure(describing: error) ?? CommandFailure(.internalError, explanation(of: error))
        self = .refused(status: failure.status.rawValue, message: failure.description)
    }
}

extension ControlError {
    var words: String {
        switch self {
        case .damaged(let text): "expected a message of this program, got \(text)"
        case .otherVersion(let version):
            "the other side speaks version \(version) of the control protocol, this program "
                + "\(ControlMessages.version); use the release that runs the coordinator"
        }
    }
}
