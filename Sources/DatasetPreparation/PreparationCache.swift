import Foundation
import JobContract

/// What was prepared before, so that an unchanged source is not decoded again.
///
/// Losing or damaging the file costs time only: an entry counts when its key, which covers the state of the source,
/// is equal and the prepared file is still in the depot.
struct PreparationCache {
    /// The file, or nil to remember nothing.
    let path: String?

    func find(_ key: Digest) -> PreparedDataset? { entries()[key.hex] }

    /// Remembers; a file that cannot be written is left as it is.
    func remember(_ key: Digest, _ prepared: PreparedDataset) {
        guard let path else { return }
        var all = entries()
        all[key.hex] = prepared
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        try? encoder.encode(all).write(to: URL(fileURLWithPath: path), options: .atomic)
    }

    private func entries() -> [String: PreparedDataset] {
        guard let path, let data = FileManager.default.contents(atPath: path) else { return [:] }
        return (try? JSONDecoder().decode([String: PreparedDataset].self, from: data)) ?? [:]
    }
}
