import JobContract

/// One thing that happened to an attempt and that a later agent must know.
enum JournalRecord: Hashable, Codable {
    /// With the boot it came in: attempts do not outlive their machine's boot.
    case ordered(AgentOrder, boot: String)
    case started(AttemptNumber, ProcessIdentity)
    case acknowledged(AttemptNumber, offset: Int)
    /// It is asked to stop; written before its end is told, so that a later agent knows who sent the signal.
    case stopping(AttemptNumber, StopReason)
    case ended(AttemptNumber, AttemptEnd)
    /// Nothing of it is kept any more.
    case released(AttemptNumber)
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

    static func line(_ record: JournalRecord) -> [UInt8] {
        // Without numbers that JSON has not, and a job's text is copied: nothing of a record can fail to be written.
        guard let json = try? JSONText.encode(record) else { preconditionFailure("a record of the journal is no JSON") }
        return checksum(of: json[...]) + [32] + json + [10]
    }

    /// The first digits of the record's SHA-256.
    private static func checksum(of json: ArraySlice<UInt8>) -> [UInt8] {
        let bits = json.withUnsafeBytes { Digest(of: $0) }.prefixBits
        return (1...digits).map { place in
            let digit = UInt8(truncatingIfNeeded: bits >> (64 - 4 * UInt64(place))) & 15
            return digit < 10 ? digit + 48 : digit + 87
        }
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
