import Glibc
import JobContract

/// The one file in which an agent keeps what happened to its attempts, in the order in which it did.
///
/// What is appended survives the agent once it is written, and the machine once it is synchronised as well. That is
/// done on a thread of its own: workers are started and collected while the disk takes its time, and one wait serves
/// all orders that came meanwhile.
final class Journal {
    private let path: String
    private var descriptor: Int32 = -1
    private var unwritten: [UInt8] = []
    /// Lines of an earlier agent that this one cannot read; they are kept.
    private(set) var unreadable: [[UInt8]] = []
    /// Bytes in the file.
    private(set) var size = 0
    private var sizeOfKept = 0
    private var sync: BackgroundSync?
    /// Whether some of `unwritten` must become durable.
    private var isDemanded = false
    /// Below this it is not worth writing anew.
    private static let smallest = 16 << 20

    init(path: String) { self.path = path }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Reads what an earlier agent wrote. Nothing can be appended before `rewrite`.
    func replay() throws(AgentRefusal) -> [JournalRecord] {
        guard access(path, F_OK) == 0 else { return [] }
        guard let bytes = Files.read(path, limit: 1 << 30) else { throw Files.refusal("read \(path)") }
        let text = JournalText(bytes)
        if text.end < bytes.count {
            Files.say("eigensweep-agent: the last \(bytes.count - text.end) bytes of \(path) are cut off; left out")
        }
        if !text.unreadable.isEmpty {
            Files.say("eigensweep-agent: \(text.unreadable.count) lines of \(path) cannot be read; they are kept")
        }
        unreadable = text.unreadable
        return text.records
    }

    /// Replaces the file by one of these records, durable on return.
    func rewrite(_ records: [JournalRecord]) throws(AgentRefusal) {
        var bytes: [UInt8] = []
        for line in unreadable { bytes += line + [10] }
        for record in records { bytes += JournalText.line(record) }
        try Files.write(bytes, to: path)
        let opened = open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
        guard opened >= 0 else { throw Files.refusal("open \(path)") }
        if descriptor >= 0 { close(descriptor) }
        descriptor = opened
        size = bytes.count
        sizeOfKept = bytes.count
        unwritten = []
        isDemanded = false
        if sync == nil { sync = try BackgroundSync() }
    }

    /// Whether most of the file is about attempts that are no more, and it may be replaced now.
    var isWorthRewriting: Bool { !isDemanded && size > Self.smallest + 2 * sizeOfKept && sync?.isIdle == true }

    /// Adds a record, to be written with the next `write`: losing one of these is borne, for a later agent finds out, or
    /// asks again.
    func append(_ record: JournalRecord) { unwritten += JournalText.line(record) }

    /// Adds a record that must become durable; it counts once `synchronised` reaches the returned place.
    func demand(_ record: JournalRecord) -> Int {
        append(record)
        isDemanded = true
        return size + unwritten.count
    }

    /// Writes what was demanded since the last time and asks the disk for it, once for all. Throws when the disk refuses;
    /// then nothing that was appended is in the file.
    func writeDemanded() throws(AgentRefusal) {
        guard isDemanded else { return }
        isDemanded = false
        try write()
        sync?.ask(descriptor, upTo: size)
    }

    /// Hands what was appended to the system.
    func write() throws(AgentRefusal) {
        guard !unwritten.isEmpty else { return }
        defer { unwritten.removeAll(keepingCapacity: true) }
        guard Files.writeAll(descriptor, unwritten) else {
            let refusal = Files.refusal("write \(path)")
            // Half a line would spoil the next one.
            ftruncate(descriptor, off_t(size))
            throw refusal
        }
        size += unwritten.count
    }

    /// Becomes readable when more is synchronised.
    var wakeDescriptor: Int32 { sync?.answers ?? -1 }

    /// Up to where everything is durable now; nil when that is no news. Throws when the disk refused: what was written
    /// since the last time may or may not be there.
    func synchronised() throws(AgentRefusal) -> Int? { try sync?.synchronised(path) }
}
