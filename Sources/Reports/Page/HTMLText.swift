import JobContract

/// Text from sweep files, hosts and errors as HTML: nothing in it is markup.
package enum HTMLText {
    /// Escapes text for contents of elements, and for attributes in double quotes. Characters that would steer a
    /// terminal (`ShownText`) or turn the direction of writing are left out, except newline and tab.
    package static func escaped(_ text: some StringProtocol) -> String {
        var escaped = ""
        escaped.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            case "\n", "\t": escaped.unicodeScalars.append(scalar)
            default: if !ShownText.steers(scalar) { escaped.unicodeScalars.append(scalar) }
            }
        }
        return escaped
    }
}
