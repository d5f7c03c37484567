/// Sizes as people write them: `16G`, `512 MiB`, `1.5T`, plain bytes. Units are powers of 1024.
package enum ByteSize {
    /// Bytes, or nil for what is no size.
    package static func parse(_ text: String) -> Int? {
        let compact = text.filter { !$0.isWhitespace }
        let digits = compact.prefix(while: { $0.isASCII && ($0.isNumber || $0 == ".") })
        guard let number = Double(digits), number.isFinite, number > 0 else { return nil }
        var unit = compact.dropFirst(digits.count).uppercased()
        if unit.hasSuffix("B") { unit.removeLast() }
        if unit.hasSuffix("I"), unit.count > 1 { unit.removeLast() }
        guard let power = ["", "K", "M", "G", "T"].firstIndex(of: unit) else { return nil }
        let bytes = (0..<power).reduce(number) { bytes, _ in bytes * 1024 }
        guard bytes >= 1, bytes < 9e15 else { return nil }
        return Int(bytes.rounded())
    }

    static func read(_ tree: YAMLTree, key: String) throws(SweepFileError) -> Int {
        guard case .scalar(let text, _) = tree.content, let bytes = parse(text) else {
            throw tree.failure("expected a size such as 2G or 512M, got \(tree.kind)", key: key)
        }
        return bytes
    }
}
