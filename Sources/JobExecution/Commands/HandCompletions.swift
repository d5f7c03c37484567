import ArgumentParser
import Measures
import SweepFiles

extension CompletionKind {
    /// Checkpoints, states, images.
    static let tensors = CompletionKind.file(extensions: ["safetensors"])
    /// The beginning of `key=value`.
    static let settings = CompletionKind.list(KeyTable.ours.all.map { $0.name + "=" })
    static let measures = CompletionKind.list(KnownMeasures.requests.map(\.measure))
}
