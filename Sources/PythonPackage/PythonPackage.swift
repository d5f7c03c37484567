import Foundation

/// The Python package of `python/`, as it lies beside workers on hosts: one file, which is what `python/one_file.py` prints.
package enum PythonPackage {
    /// The file's name: what `import eigensweep` looks for.
    package static let fileName = "eigensweep.py"

    /// The file.
    package static let file: String = {
        let texts = modules.map { "\(json($0.0)): \(json(text($0.1)))" }
        let object = Data("{\(texts.joined(separator: ", "))}".utf8)
        return text(template).replacingOccurrences(of: "@TEXTS@", with: object.base64EncodedString())
    }()

    private static func text(_ base64: String) -> String {
        String(decoding: Data(base64Encoded: base64) ?? Data(), as: UTF8.self)
    }

    /// As Python's `json` writes a text.
    private static func json(_ text: String) -> String {
        var written = "\""
        for unit in text.utf16 {
            switch unit {
            case 0x22: written += "\\\""
            case 0x5C: written += "\\\\"
            case 0x0A: written += "\\n"
            case 0x0D: written += "\\r"
            case 0x09: written += "\\t"
            case 0x20...0x7F: written.unicodeScalars.append(Unicode.Scalar(UInt8(unit)))
            default: written += "\\u" + String(format: "%04x", unit)
            }
        }
        return written + "\""
    }
}
