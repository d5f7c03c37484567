import JobContract
import SweepModel

/// What a host said in place of what was expected, for people: on one line, without control codes, and not without end.
struct HostWords {
    /// Nil where it said nothing.
    let quoted: String?

    /// - Parameters:
    ///   - output: the end of standard output.
    ///   - errors: the end of standard error.
    init(_ output: [UInt8], _ errors: String = "") {
        let said = [String(decoding: output, as: UTF8.self), errors].map(Self.line).filter { !$0.isEmpty }
        quoted = said.isEmpty ? nil : "\"" + said.joined(separator: " / ") + "\""
    }

    /// `and said "…"`, or `and said nothing`.
    var told: String { "and said " + (quoted ?? "nothing") }

    /// Most of it, from the end.
    private static let most = 600

    /// Text from outside as a part of one line.
    static func line(_ text: String) -> String {
        let lines = text.split { $0.isNewline || $0 == "\r" }.map { line in
            String(
                String.UnicodeScalarView(
                    line.unicodeScalars.filter { !ShownText.steers($0) })
            )
            .trimmingSpace
        }
        // What ssh frames its loudest words with says nothing.
        let whole = lines.filter { line in !line.allSatisfy { $0 == "@" } }.joined(separator: " / ")
        return whole.count > most ? "…" + whole.suffix(most) : whole
    }
}

extension String {
    fileprivate var trimmingSpace: String {
        String(drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
    }
}
