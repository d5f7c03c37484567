import JobContract
import Tensors

/// Says in a training state whose it is, so that no other training goes on from it: the spec, which is what the training's
/// identity is made of.
struct TrainingMark {
    private let spec: [String: JSONValue]

    init(_ spec: [String: JSONValue]) { self.spec = spec }

    /// Metadata of the state.
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
