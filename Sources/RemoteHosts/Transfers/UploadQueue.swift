import Foundation
import JobContract
import SweepModel

/// Files on their way to a host, each once however many orders want it, and the orders that wait for them.
struct UploadQueue {
    private struct Upload {
        let transfer: UInt32
        let digest: Digest
        let file: FileHandle
        let bytes: Int
        var announced = false
        var sent = 0
        var received = 0
        var waiting: Set<AttemptNumber>
    }
    private struct Waiting {
        let order: AgentOrder
        var missing: Set<Digest> = []
        /// How often the host asked for files: it has them after the first time.
        var asked = 0
    }
    private let host: HostName
    private let depot: any FileDepot
    private var queue: [Upload] = []
    private var orders: [AttemptNumber: Waiting] = [:]
    private var lastTransfer: UInt32 = 0

    init(host: HostName, depot: any FileDepot) {
        self.host = host
        self.depot = depot
    }

    /// Keeps an order until it is accepted or refused.
    mutating func remember(_ order: AgentOrder) -> AgentOrder {
        if orders[order.attempt] == nil { orders[order.attempt] = Waiting(order: order) }
        return order
    }

    mutating func forget(_ attempt: AttemptNumber) { orders[attempt] = nil }

    mutating func forget(allBut held: Set<AttemptNumber>) { orders = orders.filter { held.contains($0.key) } }

    /// Takes what the host lacks for an order; a failure when it cannot be brought.
    mutating func enqueue(_ digests: [Digest], for attempt: AttemptNumber) -> HostFailure? {
        guard var waiting = orders[attempt] else { return nil }
        let wanted = Set(digests).intersection(waiting.order.files)
        waiting.asked += 1
        guard !wanted.isEmpty, waiting.asked <= 3 else {
            orders[attempt] = nil
            return HostFailure(
                .transferFailed, "\(host): files brought for attempt \(attempt) are missing there again and again")
        }
        for digest in wanted.sorted() {
            if let index = queue.firstIndex(where: { $0.digest == digest }) {
                queue[index].waiting.insert(attempt)
                continue
            }
            guard let path = depot.wholeFile(digest), let file = FileHandle(forReadingAtPath: path),
                let bytes = try? file.seekToEnd()
            else {
                orders[attempt] = nil
                return HostFailure(
                    .missingFile,
                    "\(host): the store beside the catalogue does not have the file \(digest.short) whole")
            }
            lastTransfer += 1
            queue.append(
                Upload(transfer: lastTransfer, digest: digest, file: file, bytes: Int(bytes), waiting: [attempt]))
        }
        waiting.missing = wanted
        orders[attempt] = waiting
        return nil
    }

    /// Sends of the first file as much as the windows allow.
    mutating func pump(into outgoing: inout OutgoingBytes) throws {
        guard !queue.isEmpty else { return }
        if !queue[0].announced {
            let first = queue[0]
            outgoing.append(
                try AgentProtocol.frame(
                    CoordinatorMessage.upload(transfer: first.transfer, digest: first.digest, bytes: first.bytes)))
            queue[0].announced = true
        }
        while outgoing.hasRoomForFiles, queue[0].sent < queue[0].bytes,
            queue[0].sent - queue[0].received < Chunk.window
        {
            let first = queue[0]
            try first.file.seek(toOffset: UInt64(first.sent))
            let count = min(Chunk.size, first.bytes - first.sent)
            guard let data = try? first.file.read(upToCount: count), !data.isEmpty else {
                // What is damaged is not tried again.
                _ = depot.wholeFileReadAnew(first.digest)
                throw HostFailure(.transferFailed, "the stored file \(first.digest.short) cannot be read to its end")
            }
            outgoing.append(Chunk(transfer: first.transfer, offset: first.sent, bytes: [UInt8](data)[...]).frame)
            queue[0].sent += data.count
        }
    }

    mutating func received(_ receipt: Received) {
        guard let index = queue.firstIndex(where: { $0.transfer == receipt.transfer }) else { return }
        queue[index].received = min(queue[index].sent, max(queue[index].received, receipt.bytes))
    }

    /// The orders that have all their files now.
    mutating func stored(_ transfer: UInt32) -> [AgentOrder] {
        guard let upload = remove(transfer) else { return [] }
        var ready: [AgentOrder] = []
        for attempt in upload.waiting.sorted() {
            orders[attempt]?.missing.remove(upload.digest)
            if let waiting = orders[attempt], waiting.missing.isEmpty { ready.append(waiting.order) }
        }
        return ready
    }

    /// The attempts that cannot be had because this file did not arrive, and why.
    mutating func failed(_ transfer: UInt32, _ failure: HostFailure) -> (attempts: [AttemptNumber], HostFailure) {
        guard let upload = remove(transfer) else { return ([], failure) }
        let affected = upload.waiting.filter { orders[$0] != nil }.sorted()
        for attempt in affected { orders[attempt] = nil }
        // What the host found other than its name says may have left here so.
        guard failure.kind == .transferFailed, depot.wholeFileReadAnew(upload.digest) == nil else {
            return (affected, failure)
        }
        return (affected, HostFailure(.missingFile, failure.message))
    }

    private mutating func remove(_ transfer: UInt32) -> Upload? {
        guard let index = queue.firstIndex(where: { $0.transfer == transfer }) else { return nil }
        try? queue[index].file.close()
        return queue.remove(at: index)
    }
}

extension AgentOrder {
    /// Throws what `AgentOrder` throws.
    /// - Parameter onDevice: whether the host is to have the program for GPUs too.
    init(_ order: StartOrder, inTurn: Bool, onDevice: Bool = false) throws {
        let program = onDevice ? order.onDevice : nil
        var uploads: [String: Digest] = [:]
        for upload in order.uploads + [program].compactMap(\.self) { uploads[upload.name] = upload.digest }
        try self.init(
            description: order.description, spec: order.specText, command: order.command, uploads: uploads,
            gpus: order.gpus == 0 ? nil : order.gpus, onDevice: program?.name, weights: order.weights,
            turn: inTurn ? order.turn : nil)
    }
}
