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

extension JournalRecord {
    /// As the compiler's coding reads it. Written by hand: there are five for every attempt.
    func append(to text: inout [UInt8]) {
        switch self {
        case .ordered(let order, let boot):
            text.append(literal: #"{"ordered":{"_0":"#)
            order.append(to: &text)
            text.append(member: #","boot":"#, boot)
        case .started(let attempt, let process):
            text.append(member: #"{"started":{"_0":"#, attempt.value)
            text.append(member: #","_1":{"boot":"#, process.boot)
            text.append(member: #","pid":"#, Int(process.pid))
            text.append(literal: #","start":"#)
            text.append(contentsOf: String(process.start).utf8)
            text.append(UInt8(ascii: "}"))
        case .acknowledged(let attempt, let offset):
            text.append(member: #"{"acknowledged":{"_0":"#, attempt.value)
            text.append(member: #","offset":"#, offset)
        case .stopping(let attempt, let reason):
            text.append(member: #"{"stopping":{"_0":"#, attempt.value)
            text.append(member: #","_1":"#, reason.rawValue)
        case .ended(let attempt, let end):
            text.append(member: #"{"ended":{"_0":"#, attempt.value)
            text.append(literal: #","_1":"#)
            switch end {
            case .exited(let code): text.append(member: #"{"exited":{"code":"#, code)
            case .signalled(let signal): text.append(member: #"{"signalled":{"signal":"#, signal)
            case .stopped(let reason, let exit):
                text.append(member: #"{"stopped":{"_0":"#, reason.rawValue)
                if let exit { text.append(member: #","exit":"#, exit) }
            case .vanished: text.append(literal: #"{"vanished":{"#)
            case .neverStarted(let reason): text.append(member: #"{"neverStarted":{"reason":"#, reason)
            }
            text.append(literal: "}}")
        case .released(let attempt): text.append(member: #"{"released":{"_0":"#, attempt.value)
        }
        text.append(literal: "}}")
    }
}

extension AgentOrder {
    fileprivate func append(to bytes: inout [UInt8]) {
        bytes.append(member: #"{"attempt":"#, attempt.value)
        bytes.append(member: #","job":"#, job.digest)
        bytes.append(literal: #","inputs":["#)
        for (index, digest) in inputs.enumerated() { bytes.append(member: index > 0 ? "," : "", digest) }
        bytes.append(member: #"],"output":"#, output)
        bytes.append(literal: #","command":["#)
        for (index, word) in command.enumerated() { bytes.append(member: index > 0 ? "," : "", word) }
        bytes.append(literal: #"],"uploads":{"#)
        for (index, upload) in uploads.enumerated() {
            bytes.append(member: index > 0 ? "," : "", upload.key)
            bytes.append(member: ":", upload.value)
        }
        bytes.append(literal: #"},"text":"#)
        bytes.append(contentsOf: text.bytes)
        if let gpus { bytes.append(member: #","gpus":"#, gpus) }
        bytes.append(UInt8(ascii: "}"))
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

    static func line(_ record: JournalRecord) -> [UInt8] {
        var line = [UInt8](repeating: 32, count: digits + 1)
        record.append(to: &line)
        line.replaceSubrange(..<digits, with: checksum(of: line[(digits + 1)...]))
        line.append(10)
        return line
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
