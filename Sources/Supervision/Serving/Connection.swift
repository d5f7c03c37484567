import CPosix
import Glibc
import JobContract

/// A coordinator's connection, through its bridge.
final class Connection {
    let descriptor: Int32
    private var reader = FrameReader()
    private var outgoing: [UInt8] = []
    private var start = 0
    private(set) var isOver = false
    /// Whether what was read may hold whole frames still.
    private(set) var hasFrames = false
    /// Closes when everything is sent.
    var isLeaving = false
    /// It said hello and was let in.
    var isServed = false
    var uploads = Uploads()
    var senders: [FileSender] = []
    let since = posix_monotonic_seconds()
    private static let mostUnsent = 256 << 20

    init(descriptor: Int32) {
        self.descriptor = descriptor
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    }

    deinit { close(descriptor) }

    var wantsToWrite: Bool { start < outgoing.count }
    /// Events and files wait while much is unsent.
    var hasRoom: Bool { outgoing.count - start < 512 << 10 }

    func send(_ message: AgentMessage) {
        // The messages are plain values: their encoding cannot fail.
        if let frame = try? AgentProtocol.frame(message) { send(frame) }
    }

    func send(_ answers: [UploadAnswer]) {
        for answer in answers { if let frame = try? answer.frame { send(frame) } }
    }

    func send(_ frame: Frame) {
        if start > 1 << 20 || !wantsToWrite {
            outgoing.removeFirst(start)
            start = 0
        }
        frame.append(to: &outgoing)
        // Who asks and asks, and does not read the answers, is not served.
        if outgoing.count - start > Self.mostUnsent { isOver = true }
    }

    func end() { isOver = true }

    /// Reads what there is, unless frames of what came before wait to be taken.
    func read() {
        guard !hasFrames, !isOver else { return }
        let bytes = [UInt8](unsafeUninitializedCapacity: 256 << 10) { buffer, count in
            let got = recv(descriptor, buffer.baseAddress, buffer.count, 0)
            if got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR) { isOver = true }
            count = max(0, got)
        }
        if bytes.isEmpty { return }
        reader.push(bytes)
        hasFrames = true
    }

    /// The next whole frame of what was read; nil: there is none.
    func next() throws(ProtocolError) -> Frame? {
        hasFrames = false
        guard !isLeaving, let frame = try reader.next() else { return nil }
        hasFrames = true
        return frame
    }

    func flush() {
        while wantsToWrite {
            let count = outgoing.withUnsafeBytes { bytes in
                Glibc.send(
                    descriptor, bytes.baseAddress.map { $0 + start }, outgoing.count - start, Int32(MSG_NOSIGNAL))
            }
            if count > 0 {
                start += count
            } else if count < 0, errno == EINTR {
                continue
            } else {
                if count < 0, errno != EAGAIN { isOver = true }
                return
            }
        }
        if isLeaving { isOver = true }
    }

    /// Sends pieces of the asked-for files, in turn.
    func pumpFiles() {
        var moved = true
        while hasRoom, moved {
            moved = false
            for sender in senders where hasRoom {
                do throws(AgentRefusal) {
                    guard let frame = try sender.next() else { continue }
                    send(frame)
                    moved = true
                } catch {
                    senders.removeAll { $0 === sender }
                    send(.notSending(transfer: sender.transfer, error))
                }
            }
            senders.removeAll(where: \.isDone)
        }
    }
}
