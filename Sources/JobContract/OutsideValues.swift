/// What numbers and texts from another program may be. They are checked where they are read, so that whoever computes
/// with them need not fear the ends of `Int`.
package enum OutsideValues {
    /// Steps, rows, files and such: whole in a double.
    package static let counts = 0...(1 << 53)
    /// Sizes and offsets: no disk has more than this many bytes, and sums of many stay far from the end of `Int`.
    package static let bytes = 0...(1 << 56)
    /// Seconds since 1970 by a clock that may be set wrongly.
    package static let clock = -1e12...1e12
    /// Processors, slots, threads.
    package static let processors = 0...100_000
    /// Exit codes and signals, either of which may come with a minus.
    package static let statuses = -255...255
    /// Bytes of a name: of a machine, a CPU, a build.
    package static let nameLength = 1024
    /// Bytes of a sentence for people.
    package static let wordsLength = 16 << 10

    /// A size as it may be told: what the system says is boundless becomes the most.
    package static func bytes(_ size: Int) -> Int { min(max(size, bytes.lowerBound), bytes.upperBound) }
}

extension String {
    /// The beginning of it, at most so many bytes long; a character is not cut.
    package func cut(toBytes limit: Int) -> String {
        guard utf8.count > limit else { return self }
        var place = utf8.index(startIndex, offsetBy: limit)
        // By scalars: a single character of a hostile text may be as long as it likes.
        while place.samePosition(in: unicodeScalars) == nil { place = utf8.index(before: place) }
        return String(self[..<place])
    }
}
