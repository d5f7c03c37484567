/// How wide text is in a figure's type, DejaVu Sans: gnuplot does not wrap text, and what reaches beyond the figure is cut.
enum TextWidth {
    /// The advances of U+0020 to U+007E, in thousandths of the type's size.
    private static let advances: [Double] = [
        318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337, 636, 636, 636, 636, 636, 636,
        636,
        636, 636, 636, 337, 337, 838, 838, 838, 531, 1000, 684, 686, 698, 770, 632, 575, 775, 752, 295, 295, 656, 557,
        863,
        748, 787, 603, 787, 695, 635, 611, 732, 684, 989, 685, 611, 685, 390, 337, 390, 838, 500, 500, 613, 635, 550,
        635,
        615, 352, 635, 634, 278, 278, 579, 278, 974, 634, 612, 635, 635, 411, 521, 392, 634, 592, 818, 592, 592, 525,
        636,
        337, 636, 838,
    ]

    /// The width of a line in points. Letters beyond ASCII count as wide as all but a few are, those of East Asia with their
    /// square.
    static func of(_ text: String, size: Double) -> Double {
        text.unicodeScalars.reduce(0) { $0 + of($1) } * size / 1000
    }

    private static func of(_ scalar: Unicode.Scalar) -> Double {
        switch scalar.value {
        case 0x20...0x7E: advances[Int(scalar.value) - 0x20]
        // A space that does not break.
        case 0xA0: advances[0]
        case 0x1100...: 1050
        default: 850
        }
    }

    /// The text with spaces that do not break between a number and its unit or what it counts, and around an equals sign.
    private static func bound(_ paragraph: String) -> String {
        let signs = paragraph.replacing(/([^ ]) ([=·∝]) (?=[^ ])/) { "\($0.1)\u{A0}\($0.2)\u{A0}" }
        let units = signs.replacing(/([0-9]) (?=%|(?:k|M|dB|images?|epochs?|steps?|trials?)\b)/) { "\($0.1)\u{A0}" }
        return units.replacing(/([0-9]\u{A0}[kM]) (?=(?:images?|epochs?|steps?)\b)/) { "\($0.1)\u{A0}" }
            .replacing(/\b(scale|length|[Ss]eed) (?=[0-9])/) { "\($0.1)\u{A0}" }
    }

    /// The words of a paragraph in lines at most so wide. A word wider than a line goes on in the next; "N = 8" and "66 k
    /// images" are words here.
    static func wrapped(_ paragraph: String, size: Double, width: Double) -> [String] {
        var lines = [""]
        for word in bound(paragraph).split(separator: " ") {
            let longer = (lines.last ?? "").isEmpty ? String(word) : "\(lines.last ?? "") \(word)"
            if of(longer, size: size) <= width {
                lines[lines.count - 1] = longer
                continue
            }
            if lines.last != "" { lines.append("") }
            for character in word {
                let longer = (lines.last ?? "") + String(character)
                if of(longer, size: size) > width, lines.last != "" {
                    lines.append(String(character))
                } else {
                    lines[lines.count - 1] = longer
                }
            }
        }
        return lines.filter { !$0.isEmpty }.map { $0.replacing("\u{A0}", with: " ") }
    }
}
