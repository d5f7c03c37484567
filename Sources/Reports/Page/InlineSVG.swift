/// Gnuplot's SVG as a part of a page that has others.
enum InlineSVG {
    /// Puts `prefix` before identifiers, so that no two figures share one. Leaves out blank text, and gnuplot's own titles,
    /// which browsers would show under the pointer.
    static func text(_ svg: String, prefix: String) -> String {
        var inline = ""
        var skipped: Substring?
        for piece in svg.split(separator: "<", omittingEmptySubsequences: true) {
            guard let end = piece.firstIndex(of: ">") else { continue }
            let tag = piece[..<end]
            let text = piece[piece.index(after: end)...]
            let name = tag.prefix { $0 != " " && $0 != "\n" }
            if let open = skipped {
                guard name == "/" + open else { continue }
                skipped = nil
            } else if name == "title" || name == "desc" {
                skipped = name
                continue
            } else {
                inline += "<" + own(String(tag), prefix) + ">"
            }
            if !text.allSatisfy(\.isWhitespace) { inline += text }
        }
        return inline
    }

    private static func own(_ tag: String, _ prefix: String) -> String {
        var tag = tag
        for lead in ["id='", "id=\"", "href='#", "href=\"#", "url(#"] where tag.contains(lead) {
            tag = tag.replacing(lead, with: lead + prefix + "-")
        }
        return tag
    }
}
