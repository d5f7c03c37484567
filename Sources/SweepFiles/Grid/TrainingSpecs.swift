import JobContract
import SweepModel

/// The specs of a block's trainings, and their names: SHA-256 of the canonical JSON of the flat object of keys.
///
/// Each key's text is rendered once for each value it takes; a training's canonical form is then a matter of copying.
struct TrainingSpecs: Sendable {
    let table: PointTable
    private let columns: [PlaceFinder]
    private let fragments: [Fragment]
    /// The texts of all fragments, one after the other.
    private let bytes: [UInt8]
    private let longest: Int

    /// A run of keys, in canonical order, that one column determines: `,"key":value…` for each of its choices.
    private struct Fragment {
        /// nil: the same in all trainings.
        var column: Int?
        /// The text of choice i is `bytes[starts[i]..<starts[i + 1]]`.
        var starts: [Int]
    }

    init(constants: [String: JSONValue], columns: [PointTable.Column]) {
        table = PointTable(constants: constants, columns: columns, isWritten: true)
        self.columns = columns.map { PlaceFinder($0.digits) }
        var owners: [String: Int] = [:]
        for (index, column) in columns.enumerated() {
            for choice in column.choices { for key in choice.keys { owners[key] = index } }
        }
        let keys = Set(constants.keys).union(owners.keys)
            .sorted { $0.utf16.lexicographicallyPrecedes($1.utf16) }
        var runs: [(column: Int?, texts: [[UInt8]])] = []
        for key in keys {
            let column = owners[key]
            let texts =
                column.map { columns[$0].choices.map { Self.text(key, $0[key] ?? constants[key]) } }
                ?? [Self.text(key, constants[key])]
            if let last = runs.last, last.column == column {
                for index in texts.indices { runs[runs.count - 1].texts[index] += texts[index] }
            } else {
                runs.append((column, texts))
            }
        }
        var bytes: [UInt8] = []
        var longest = 2
        fragments = runs.map { run in
            var starts = [bytes.count]
            for text in run.texts {
                bytes += text
                starts.append(bytes.count)
            }
            longest += run.texts.map(\.count).max() ?? 0
            return Fragment(column: run.column, starts: starts)
        }
        self.bytes = bytes
        self.longest = longest
    }

    private static func text(_ key: String, _ value: JSONValue?) -> [UInt8] {
        // Admitted values are finite and safe, so nothing is without canonical form.
        guard let value, var member = try? CanonicalJSON.encode(.object([key: value])) else { return [] }
        member.removeLast()
        member[0] = UInt8(ascii: ",")
        return member
    }

    /// The names at `places`; others of the `count` are of no meaning.
    func identifiers(at places: [Int], count: Int) -> [TrainingID] {
        var identifiers = [TrainingID](repeating: TrainingID(Digest(of: [])), count: count)
        identifiers.withUnsafeMutableBufferPointer { out in
            let out = UncheckedBuffer(out)
            InParallel.chunks(places.count) { range in
                let chosen = columns.map { $0.places(places[range]) }
                withUnsafeTemporaryAllocation(of: UInt8.self, capacity: longest) { text in
                    for index in range {
                        let length = render(text) { chosen[$0][index - range.lowerBound] }
                        let digest = Digest(
                            of: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(text)[..<length]))
                        out[places[index]] = TrainingID(digest)
                    }
                }
            }
        }
        return identifiers
    }

    /// Writes the canonical JSON of one training's spec, and returns its length.
    private func render(_ text: UnsafeMutableBufferPointer<UInt8>, choice: (Int) -> Int) -> Int {
        var length = 0
        bytes.withUnsafeBufferPointer { bytes in
            for fragment in fragments {
                let chosen = fragment.column.map(choice) ?? 0
                let start = fragment.starts[chosen]
                let count = fragment.starts[chosen + 1] - start
                guard count > 0 else { continue }
                _ = text[length...].update(fromContentsOf: bytes[start..<start + count])
                length += count
            }
        }
        // Every member begins with a comma: the first one's place is the brace's.
        if length == 0 { length = 1 }
        text[0] = UInt8(ascii: "{")
        text[length] = UInt8(ascii: "}")
        return length + 1
    }
}

/// The names of trials: SHA-256 of `{"steps":…,"training":"…"}`.
enum TrialIdentifiers {
    /// One name for each of `points`, whose training and steps stand at `trainingOf` and `stepsOf`.
    static func compute(
        _ points: [Int], trainings: [TrainingID], trainingOf: PlaceFinder, steps: [Int], stepsOf: PlaceFinder
    ) -> [TrialID] {
        let heads = steps.map { Array("{\"steps\":\($0),\"training\":\"".utf8) }
        let longest = (heads.map(\.count).max() ?? 0) + 66
        var identifiers = [TrialID](repeating: TrialID(Digest(of: [])), count: points.count)
        identifiers.withUnsafeMutableBufferPointer { out in
            let out = UncheckedBuffer(out)
            InParallel.chunks(points.count) { range in
                let trainingPlaces = trainingOf.places(points[range])
                let stepPlaces = stepsOf.places(points[range])
                withUnsafeTemporaryAllocation(of: UInt8.self, capacity: longest) { text in
                    for index in range {
                        let head = heads[stepPlaces[index - range.lowerBound]]
                        var length = text.update(fromContentsOf: head)
                        let training = trainings[trainingPlaces[index - range.lowerBound]]
                        training.digest.writeHex(to: UnsafeMutableBufferPointer(rebasing: text[length...]))
                        text[length + 64] = UInt8(ascii: "\"")
                        text[length + 65] = UInt8(ascii: "}")
                        length += 66
                        let bytes = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(text)[..<length])
                        out[index] = TrialID(Digest(of: bytes))
                    }
                }
            }
        }
        return identifiers
    }
}

/// A buffer whose elements are written by one thread each.
private struct UncheckedBuffer<Element>: @unchecked Sendable {
    private let base: UnsafeMutableBufferPointer<Element>
    init(_ base: UnsafeMutableBufferPointer<Element>) { self.base = base }
    subscript(index: Int) -> Element {
        get { base[index] }
        nonmutating set { base[index] = newValue }
    }
}
