/// Names that people give and that become names of files: what they may be, and what stands for one that is none.
package enum PlainName {
    /// Whether a text names a file in a directory, and nothing else: no way to another, no control code, and no longer than
    /// file systems take.
    package static func isComponent(_ text: String) -> Bool {
        !["", ".", ".."].contains(text) && text.utf8.count <= 255 && !text.utf8.contains(UInt8(ascii: "/"))
            && !text.unicodeScalars.contains(where: ShownText.steers)
    }

    /// Why a text is no name for a sweep, a measure or what it makes; nil where it is one.
    ///
    /// Folders of figures are called so, beside the catalogue and its store, and names are words of command lines.
    package static func fault(_ text: String) -> String? {
        if text.isEmpty { return "it is empty" }
        if text.utf8.count > 200 { return "it is longer than 200 bytes" }
        if text.unicodeScalars.contains(where: ShownText.steers) { return "it holds a control character" }
        if text.utf8.contains(UInt8(ascii: "/")) { return "it holds \"/\"" }
        if text.hasPrefix(".") || text.hasPrefix("-") { return "it begins with \"\(text.prefix(1))\"" }
        if text.first?.isWhitespace == true || text.last?.isWhitespace == true {
            return "it begins or ends with a blank"
        }
        let word = text.lowercased()
        if word == "store" || word.contains(".sqlite") { return "files of the catalogue are called so" }
        return nil
    }

    /// The name of a file for what is called `text`: that itself where it is a name, else one of `kind`'s made of its digest.
    package static func file(for text: String, kind: String) -> String {
        fault(text) == nil ? text : "\(kind)-\(Digest(of: text.utf8).short)"
    }
}
