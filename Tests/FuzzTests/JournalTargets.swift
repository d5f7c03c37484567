import Foundation
import JobContract

@testable import Supervision

/// Files that an agent left for the next one.
let journalTargets = [
    FuzzTarget("journals", longest: 1 << 14, seeds: journals) { bytes, _ in
        check(bytes)
        // No input hits upon a checksum by chance, so lines that begin with `=` get the one they need.
        check(bytes.split(separator: 10, omittingEmptySubsequences: false).map(withChecksum).joined(separator: [10]))
    },
    FuzzTarget("journal-records", seeds: { try records().map(json) }) { bytes, _ in
        guard let record = try? JSONText.decode(JournalRecord.self, from: bytes) else { return }
        let line = JournalText.line(record)
        let text = JournalText(line)
        precondition(text.records == [record] && text.unreadable.isEmpty && text.end == line.count)
    },
]

private func check(_ bytes: some Sequence<UInt8>) {
    let bytes = Array(bytes)
    let text = JournalText(bytes)
    precondition(text.end >= 0 && text.end <= bytes.count, "it ends behind the file's end")
    precondition(text.end == 0 || bytes[text.end - 1] == 10, "it ends within a line")
    let lines = bytes.count { $0 == 10 }
    precondition(text.records.count + text.unreadable.count <= lines, "lines are made up")
    // A line that was being written when the machine stopped takes nothing away from those before it.
    let whole = JournalText(Array(bytes.prefix(text.end)))
    precondition(
        whole.records.count == text.records.count && whole.unreadable == text.unreadable && whole.end == text.end,
        "the torn end changes what is read before it")
}

private func withChecksum(_ line: ArraySlice<UInt8>) -> [UInt8] {
    guard line.first == UInt8(ascii: "=") else { return Array(line) }
    let json = line.dropFirst()
    return Array(Digest(of: json).hex.utf8.prefix(8)) + [32] + json
}

private func records() throws -> [JournalRecord] {
    [
        .ordered(try Samples.orders()[0], boot: "b"),
        .started(Samples.attempt, ProcessIdentity(boot: "b", pid: 7, start: 99)),
        .acknowledged(Samples.attempt, offset: 1234), .ended(Samples.attempt, .exited(code: 0)),
        .ended(Samples.attempt, .neverStarted(reason: "no memory")), .released(Samples.attempt),
    ]
}

@Sendable private func journals() throws -> [[UInt8]] {
    let records = try records()
    let lines = records.map(JournalText.line)
    let free = try records.map { [UInt8(ascii: "=")] + (try json($0)) + [10] }
    let whole = Array(lines.joined())
    return [whole, whole.dropLast(20), Array(free.joined()), Array((lines + [[48, 48, 10]] + lines).joined())]
        .map { Array($0) }
}
