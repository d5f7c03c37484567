import Glibc
import JobContract

/// What the host keeps of one attempt on disk.
struct AttemptDirectory {
    let path: String

    /// The order and the boot it came in: attempts do not outlive their machine's boot.
    struct Record: Codable {
        var order: AgentOrder
        var boot: String
    }

    /// Where the worker runs.
    var work: String { "\(path)/work" }
    var events: String { "\(path)/events.ndjson" }
    var errors: String { "\(path)/stderr.log" }
    var job: String { "\(path)/job.json" }

    func create(_ record: Record) throws(AgentRefusal) {
        try Files.makeDirectory(work)
        try write(record, "order.json")
        Files.synchronizeDirectory(of: path)
    }

    func remove() {
        // The order goes first: without it a half removed directory is no attempt.
        unlink("\(path)/order.json")
        Files.removeTree(path)
    }

    /// Whether there is an order, readable or not.
    var hasOrder: Bool { access("\(path)/order.json", F_OK) == 0 || errno != ENOENT }
    var record: Record? { read(Record.self, "order.json") }
    var identity: ProcessIdentity? { read(ProcessIdentity.self, "pid.json") }
    var end: AgentAttempt.End? { read(AgentAttempt.End.self, "end.json") }
    var acknowledged: Int { max(0, read(Int.self, "acknowledged.json") ?? 0) }

    // A process does not outlive the machine, and events told twice are known: neither needs the disk.
    func write(identity: ProcessIdentity) throws(AgentRefusal) { try write(identity, "pid.json", durably: false) }
    func write(end: AgentAttempt.End) throws(AgentRefusal) { try write(end, "end.json") }
    func write(acknowledged: Int) throws(AgentRefusal) {
        try write(acknowledged, "acknowledged.json", durably: false)
    }

    /// The last of what the worker said on standard error.
    var diagnostics: String { Files.tail(errors, bytes: 4096) }

    /// Bytes of events; nil before the worker's start was tried.
    var eventBytes: Int? {
        var status = stat()
        return stat(events, &status) == 0 ? Int(status.st_size) : nil
    }

    private func write(_ value: some Encodable, _ name: String, durably: Bool = true) throws(AgentRefusal) {
        let bytes: [UInt8]
        do { bytes = try JSONText.encode(value) } catch {
            throw AgentRefusal(.agentFailed, "cannot write \(name): \(error)")
        }
        try Files.write(bytes, to: "\(path)/\(name)", durably: durably)
    }

    private func read<Value: Decodable>(_: Value.Type, _ name: String) -> Value? {
        Files.read("\(path)/\(name)").flatMap { try? JSONText.decode(Value.self, from: $0) }
    }
}
