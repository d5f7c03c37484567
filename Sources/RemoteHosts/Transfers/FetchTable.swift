import CPosix
import Foundation
import JobContract
import SweepModel

/// Files on their way from a host into the coordinator's store.
struct FetchTable {
    struct Step {
        var frames: [Frame] = []
        /// Some file is here now, or will not come: events may go on.
        var settled = false
    }
    private struct Fetch {
        let file: OutputFile
        let path: String
        var handle: FileHandle?
        var received = 0
        var isWanted = true
    }
    private let host: HostName
    private let depot: any FileDepot
    private var active: [UInt32: Fetch] = [:]
    private var queue: [OutputFile] = []
    private var wanted: Set<Digest> = []
    private var failures: [Digest: String] = [:]
    private var lastTransfer: UInt32 = 0
    private static let width = 4
    private var rate = TransferRate()

    init(host: HostName, depot: any FileDepot) {
        self.host = host
        self.depot = depot
    }

    /// Seconds that a file of so many bytes takes, as earlier ones did; nil before the first.
    func seconds(forBytes bytes: Int) -> Double? { rate.bytesPerSecond.map { Double(bytes) / $0 } }

    /// Why a file that was asked for does not come.
    func failure(of digest: Digest) -> String? { failures[digest] }

    /// Files that did not come may be asked for again: the host may have them from a later attempt.
    mutating func forgetFailures() { failures = [:] }

    mutating func want(_ file: OutputFile) throws -> [Frame] {
        guard wanted.insert(file.digest).inserted else { return [] }
        queue.append(file)
        return try startNext()
    }

    /// Nobody waits for the file any more: what of it is on its way is not kept.
    mutating func drop(_ digest: Digest) {
        guard wanted.remove(digest) != nil else { return }
        queue.removeAll { $0.digest == digest }
        for transfer in active.keys where active[transfer]?.file.digest == digest { active[transfer]?.isWanted = false }
    }

    private mutating func startNext() throws -> [Frame] {
        var frames: [Frame] = []
        while active.count < Self.width, !queue.isEmpty {
            let file = queue.removeFirst()
            lastTransfer += 1
            if active.isEmpty { rate.startClock(at: posix_monotonic_seconds()) }
            active[lastTransfer] = Fetch(file: file, path: try depot.temporaryPath())
            frames.append(
                try AgentProtocol.frame(CoordinatorMessage.fetch(transfer: lastTransfer, digest: file.digest)))
        }
        return frames
    }

    mutating func open(_ transfer: UInt32, bytes: Int) throws -> Step {
        guard var fetch = active[transfer] else { return Step() }
        guard bytes == fetch.file.bytes else {
            return try fail(
                transfer,
                "\(host): the file \(fetch.file.digest.short) has \(bytes) bytes there, the event says "
                    + "\(fetch.file.bytes)")
        }
        guard FileManager.default.createFile(atPath: fetch.path, contents: nil),
            let handle = FileHandle(forWritingAtPath: fetch.path)
        else { throw HostFailure(.transferFailed, "cannot write \(fetch.path): \(String(cString: strerror(errno)))") }
        fetch.handle = handle
        active[transfer] = fetch
        return bytes == 0 ? try finish(transfer, fetch) : Step()
    }

    mutating func write(_ chunk: Chunk) throws -> Step {
        guard var fetch = active[chunk.transfer], let handle = fetch.handle else { return Step() }
        guard chunk.offset == fetch.received, fetch.received + chunk.bytes.count <= fetch.file.bytes else {
            throw ProtocolError("\(host): a piece of \(fetch.file.digest.short) came out of place")
        }
        do { try handle.write(contentsOf: Data(chunk.bytes)) } catch {
            throw HostFailure(.transferFailed, "cannot write \(fetch.path): \(explanation(of: error))")
        }
        fetch.received += chunk.bytes.count
        rate.add(chunk.bytes.count)
        active[chunk.transfer] = fetch
        let receipt = Received(transfer: chunk.transfer, bytes: fetch.received).frame
        var step = Step(frames: [receipt])
        if fetch.received == fetch.file.bytes {
            let last = try finish(chunk.transfer, fetch)
            step.frames += last.frames
            step.settled = last.settled
        }
        return step
    }

    mutating func missing(_ transfer: UInt32, _ refusal: AgentRefusal) throws -> Step {
        guard active[transfer] != nil else { return Step() }
        return try fail(transfer, "\(host): \(refusal.message)")
    }

    mutating func abandon() {
        for fetch in active.values {
            try? fetch.handle?.close()
            try? FileManager.default.removeItem(atPath: fetch.path)
        }
        active = [:]
    }

    private mutating func finish(_ transfer: UInt32, _ fetch: Fetch) throws -> Step {
        try? fetch.handle?.close()
        active[transfer]?.handle = nil
        do {
            if fetch.isWanted {
                try depot.adopt(fetch.path, as: fetch.file.digest)
            } else {
                try FileManager.default.removeItem(atPath: fetch.path)
            }
        } catch let error as any DepotError where error.isMismatch {
            return try fail(
                transfer, "\(host): the file \(fetch.file.digest.short) that came has other content than its event says"
            )
        } catch {
            throw HostFailure(
                .transferFailed,
                "\(host): the file \(fetch.file.digest.short) could not be stored: \(explanation(of: error))")
        }
        active[transfer] = nil
        if fetch.isWanted { wanted.remove(fetch.file.digest) }
        if active.isEmpty { rate.stopClock(at: posix_monotonic_seconds()) }
        return Step(frames: try startNext(), settled: true)
    }

    private mutating func fail(_ transfer: UInt32, _ words: String) throws -> Step {
        if let fetch = active.removeValue(forKey: transfer) {
            if active.isEmpty { rate.stopClock(at: posix_monotonic_seconds()) }
            try? fetch.handle?.close()
            if fetch.isWanted {
                failures[fetch.file.digest] = words
                wanted.remove(fetch.file.digest)
            }
            try? FileManager.default.removeItem(atPath: fetch.path)
        }
        return Step(frames: try startNext(), settled: true)
    }
}
