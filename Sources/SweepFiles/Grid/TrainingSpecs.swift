import JobContract
import SweepModel

/// The specs of a block's trainings, and their names: SHA-256 of the canonical JSON of the flat object of keys.
struct TrainingSpecs: Sendable {
    let table: PointTable
    private let columns: [PlaceFinder]

    init(constants: [String: JSONValue], columns: [PointTable.Column]) {
        table = PointTable(constants: constants, columns: columns, isWritten: true)
        self.columns = columns.map { PlaceFinder($0.digits) }
    }

    /// The names by place, of which only those at `places` mean something. Throws `CanonicalJSON.Failure` for values that
    /// have no canonical form.
    func identifiers(at places: [Int], count: Int) throws(CanonicalJSON.Failure) -> [TrainingID] {
        var identifiers = [TrainingID](repeating: TrainingID(Digest(of: [])), count: count)
        guard let texts = table.texts else {
            for place in places { identifiers[place] = try TrainingID(spec: table.values(at: place)) }
            return identifiers
        }
        identifiers.withUnsafeMutableBufferPointer { out in
            let out = UncheckedBuffer(out)
            InParallel.chunks(places.count) { range in
                let chosen = columns.map { $0.places(places[range]) }
                withUnsafeTemporaryAllocation(of: UInt8.self, capacity: texts.longest) { text in
                    for index in range {
                        let length = texts.write(to: text) { chosen[$0][index - range.lowerBound] }
                        let digest = Digest(
                            of: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(text)[..<length]))
                        out[places[index]] = TrainingID(digest)
                    }
                }
            }
        }
        return identifiers
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
