/// Text from outside, of hosts, workers, files, catalogues, as people may be shown it: nothing in it steers a terminal.
package enum ShownText {
    /// Several lines. What would steer a terminal stands as its number, such as `\x1b`; tabs and ends of lines stay, and a
    /// carriage return, by which a line would be written over, ends one.
    package static func lines(_ text: String) -> String {
        if isPlain(text) { return text }
        var shown = String.UnicodeScalarView()
        var last: Unicode.Scalar?
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n" where last == "\r", "\t": if scalar == "\t" { shown.append(scalar) }
            case "\n", "\r": shown.append("\n")
            case _ where steers(scalar): shown.append(contentsOf: number(scalar).unicodeScalars)
            default: shown.append(scalar)
            }
            last = scalar
        }
        return String(shown)
    }

    /// One line: what would steer a terminal is a space, and so is every end of a line.
    package static func line(_ text: String) -> String {
        if text.utf8.allSatisfy({ $0 >= 32 && $0 < 127 }) { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.map { steers($0) ? " " : $0 }))
    }

    /// A JSON text that says the same and steers nothing: what would stands as an escape, in the strings where alone it can
    /// stand.
    package static func json(_ text: String) -> String {
        if text.utf8.allSatisfy({ $0 < 127 }) { return text }
        var shown = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            guard scalar.value >= 127, steers(scalar) else {
                shown.append(scalar)
                continue
            }
            for unit in String(scalar).utf16 {
                let digits = String(unit, radix: 16)
                let zeros = String(repeating: "0", count: 4 - digits.count)
                shown.append(contentsOf: "\\u\(zeros)\(digits)".unicodeScalars)
            }
        }
        return String(shown)
    }

    /// Whether it is no character that is seen, but one that does something: control codes of either half, among them ends
    /// of lines and tabs, marks that turn the direction of writing or cannot be seen at all, and separators of lines. Those
    /// that join letters are part of words.
    package static func steers(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value < 127 { return scalar.value < 32 }
        return switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: true
        case .format: scalar != "\u{200C}" && scalar != "\u{200D}"
        default: false
        }
    }

    private static func isPlain(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 >= 32 && $0 < 127 || $0 == 10 || $0 == 9 }
    }

    private static func number(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16)
        if scalar.value < 256 { return "\\x" + (digits.count < 2 ? "0" : "") + digits }
        return "\\u{\(digits)}"
    }
}
