import JobContract

/// One thing that happened to an attempt and that a later agent must know.
enum JournalRecord: Codable {
    /// With the boot it came in: attempts do not outlive their machine's boot.
    case ordered(AgentOrder, boot: String)
    case started(AttemptNumber, ProcessIdentity)
    case acknowledged(AttemptNumber, offset: Int)
    case ended(AttemptNumber, AgentAttempt.End)
    /// Nothing of it is kept any more.
    case released(AttemptNumber)
}

/// `JournalRecord.ordered` of an order whose description was written before.
struct OrderedRecord: Encodable {
    struct Content: Encodable {
        enum CodingKeys: String, CodingKey {
            case order = "_0"
            case boot
        }
        var order: Order
        var boot: String
    }
    struct Order: Encodable {
        var description: EncodedJSON
        var command: [String]
        var uploads: [String: Digest]
    }
    var ordered: Content

    init(_ order: AgentOrder, description: [UInt8], boot: String) {
        ordered = Content(
            order: Order(
                description: EncodedJSON(bytes: description), command: order.command, uploads: order.uploads),
            boot: boot)
    }
}

/// A journal's text: a line is a checksum, a space, and a record as JSON.
struct JournalText {
    /// In the order in which they were written.
    var records: [JournalRecord] = []
    /// Whole lines that this agent cannot read: of another version, or damaged.
    var unreadable: [[UInt8]] = []
    /// Bytes up to the last whole line. What stands behind was being written when the machine stopped.
    var end = 0

    private static let digits = 8

    static func line(_ record: some Encodable) throws -> [UInt8] {
        let json = try JSONText.encode(record)
        var line: [UInt8] = []
        line.reserveCapacity(json.count + digits + 2)
        line += checksum(of: json)
        line.append(32)
        line += json
        line.append(10)
        return line
    }

    private static func checksum(of json: some Sequence<UInt8>) -> [UInt8] {
        Array(Digest(of: json).hex.utf8.prefix(digits))
    }

    init(_ bytes: [UInt8]) {
        var start = 0
        // Lines of a wrong checksum are damage if a right one follows, else the torn end.
        var doubtful: [[UInt8]] = []
        while let newline = bytes[start...].firstIndex(of: 10) {
            let line = Array(bytes[start..<newline])
            start = newline + 1
            let json = line.dropFirst(Self.digits + 1)
            guard line.count > Self.digits, line.starts(with: Self.checksum(of: json)) else {
                doubtful.append(line)
                continue
            }
            unreadable += doubtful
            doubtful = []
            end = start
            if let record = try? JSONText.decode(JournalRecord.self, from: json) {
                records.append(record)
            } else {
                unreadable.append(line)
            }
        }
    }
}
