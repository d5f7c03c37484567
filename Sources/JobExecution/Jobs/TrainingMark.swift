import JobContract
import Tensors

/// The spec of a training, which makes its identity, written into a training state, so that no other training goes on from
/// that state.
struct TrainingMark {
    private let spec: [String: JSONValue]

    init(_ spec: [String: JSONValue]) { self.spec = spec }

    /// The metadata with which the state is stored.
    var metadata: [String: String] {
        get throws { ["training": try CanonicalJSON.text(.object(spec))] }
    }

    /// Throws SafetensorsError, naming the first key that differs, unless `state` is of this training.
    func check(_ state: SafetensorsFile) throws {
        guard let text = state.metadata["training"],
            let found = try? decodeJSON([String: JSONValue].self, from: Array(text.utf8))
        else { throw state.error(nil, "does not say which training it is a state of") }
        for key in Set(spec.keys).union(found.keys).sorted() {
            let (here, there) = (try self.text(spec[key]), try self.text(found[key]))
            guard here == there else {
                throw state.error(nil, "is the state of another training: its \(key) is \(there), not \(here)")
            }
        }
    }

    private func text(_ value: JSONValue?) throws -> String {
        try value.map { try CanonicalJSON.text($0) } ?? "absent"
    }
}
