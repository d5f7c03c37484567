import Foundation
import JobContract
import SweepModel

/// The specs of a block's trainings, and their names: SHA-256 of the canonical JSON of the flat object of keys.
///
/// Each key's text is rendered once for each value it takes; a training's canonical form is then a matter of copying.
struct TrainingSpecs {
    let table: PointTable
    /// Fragments in the order of canonical keys.
    private let fragments: [Fragment]

    /// `,"key":value` by choice of its column; empty where the choice lacks the key.
    private struct Fragment {
        var column: Int?
        var texts: [[UInt8]]
    }
    private let columns: [PointTable.Column]

    init(constants: [String: JSONValue], columns: [PointTable.Column]) {
        table = PointTable(constants: constants, columns: columns)
        self.columns = columns
        var owners: [String: Int?] = constants.mapValues { _ in nil }
        for (index, column) in columns.enumerated() {
            for choice in column.choices { for key in choice.keys { owners[key] = .some(index) } }
        }
        var fragments: [Fragment] = []
        for key in owners.keys.sorted(by: { $0.utf16.lexicographicallyPrecedes($1.utf16) }) {
            if let column = owners[key] ?? nil {
                let texts = columns[column].choices.map { Self.text(key, $0[key] ?? constants[key]) }
                fragments.append(Fragment(column: column, texts: texts))
            } else if let last = fragments.last, last.column == nil {
                fragments[fragments.count - 1].texts[0] += Self.text(key, constants[key])
            } else {
                fragments.append(Fragment(column: nil, texts: [Self.text(key, constants[key])]))
            }
        }
        self.fragments = fragments
    }

    private static func text(_ key: String, _ value: JSONValue?) -> [UInt8] {
        guard let value else { return [] }
        // Admitted values are finite and safe, so nothing is without canonical form.
        guard var member = try? CanonicalJSON.encode(.object([key: value])) else { return [] }
        member.removeLast()
        member[0] = UInt8(ascii: ",")
        return member
    }

    /// The canonical JSON of one training's spec.
    func canonical(at place: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        render(place, into: &bytes)
        return bytes
    }

    private func render(_ place: Int, into bytes: inout [UInt8]) {
        bytes.removeAll(keepingCapacity: true)
        for fragment in fragments {
            bytes.append(contentsOf: fragment.texts[fragment.column.map { columns[$0].choice(at: place) } ?? 0])
        }
        if bytes.isEmpty { bytes.append(0) }
        bytes[0] = UInt8(ascii: "{")
        bytes.append(UInt8(ascii: "}"))
    }

    /// The names at `places`; others of the `count` are of no meaning.
    func identifiers(at places: [Int], count: Int) -> [TrainingID] {
        var identifiers = [TrainingID](repeating: TrainingID(Digest(of: [])), count: count)
        identifiers.withUnsafeMutableBufferPointer { out in
            let out = UncheckedBuffer(out)
            InParallel.chunks(places.count) { range in
                var bytes: [UInt8] = []
                for index in range {
                    render(places[index], into: &bytes)
                    out[places[index]] = TrainingID(Digest(of: bytes))
                }
            }
        }
        return identifiers
    }
}

/// The names of trials: SHA-256 of `{"steps":…,"training":"…"}`.
enum TrialIdentifiers {
    /// One name for each of `points`.
    static func compute(
        _ points: [Int], trainings: [TrainingID], trainingOf: PlaceFinder, steps: [Int], stepsOf: PlaceFinder
    ) -> [TrialID] {
        let heads = steps.map { Array("{\"steps\":\($0),\"training\":\"".utf8) }
        var identifiers = [TrialID](repeating: TrialID(Digest(of: [])), count: points.count)
        identifiers.withUnsafeMutableBufferPointer { out in
            let out = UncheckedBuffer(out)
            InParallel.chunks(points.count) { range in
                var bytes: [UInt8] = []
                for index in range {
                    bytes.removeAll(keepingCapacity: true)
                    bytes.append(contentsOf: heads[stepsOf.place(points[index])])
                    trainings[trainingOf.place(points[index])].digest.appendHex(to: &bytes)
                    bytes.append(UInt8(ascii: "\""))
                    bytes.append(UInt8(ascii: "}"))
                    out[index] = TrialID(Digest(of: bytes))
                }
            }
        }
        return identifiers
    }
}

extension Identifier where Kind == TrialKind {
    /// The name of the trial that a training's first `steps` steps are.
    package init(training: TrainingID, steps: Int) throws(CanonicalJSON.Failure) {
        self.init(try Digest(canonical: ["steps": .integer(Int64(steps)), "training": .string(training.hex)]))
    }
}

extension Identifier where Kind == TrainingKind {
    /// The name of the training with these keys and values.
    package init(spec: [String: JSONValue]) throws(CanonicalJSON.Failure) {
        self.init(try Digest(canonical: .object(spec)))
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

/// Work on disjoint ranges of 0..<count, on all cores where there is enough of it.
enum InParallel {
    static func chunks(_ count: Int, _ body: @Sendable (Range<Int>) -> Void) {
        let size = 4096
        let chunks = (count + size - 1) / size
        guard chunks > 1 else { return body(0..<count) }
        DispatchQueue.concurrentPerform(iterations: chunks) { chunk in
            body(chunk * size..<min(count, (chunk + 1) * size))
        }
    }
}
