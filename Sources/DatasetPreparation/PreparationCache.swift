import Foundation
import JobContract

/// Remembers what was prepared before, so that an unchanged source is not decoded again.
///
/// A lost or damaged file costs time only. An entry counts where its key, which covers the state of the source, is equal and
/// the prepared file is still in the depot; a file with another digest than it says has no entries.
struct PreparationCache {
    /// The file, or nil to remember nothing.
    let path: String?

    func find(_ key: Digest) -> PreparedDataset? { entries()[key.hex] }

    /// Remembers a dataset; where the file cannot be written, it is left as it is.
    func remember(_ key: Digest, _ prepared: PreparedDataset) {
        guard let path else { return }
        var all = entries()
        all[key.hex] = prepared
        guard let digest = try? Self.digest(of: all) else { return }
        let content = try? Self.encoder.encode(Content(datasets: all, digest: digest))
        try? content?.write(to: URL(fileURLWithPath: path), options: .atomic)
    }

    private func entries() -> [String: PreparedDataset] {
        guard let path, let data = FileManager.default.contents(atPath: path),
            let content = try? JSONDecoder().decode(Content.self, from: data),
            (try? Self.digest(of: content.datasets)) == content.digest
        else { return [:] }
        return content.datasets
    }

    /// The entries with their digest, which a number that a damaged disk has changed would not match.
    private struct Content: Codable {
        var datasets: [String: PreparedDataset]
        var digest: Digest
    }

    private static func digest(of datasets: [String: PreparedDataset]) throws -> Digest {
        Digest(of: try encoder.encode(datasets))
    }

    private static var encoder: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        return encoder
    }
}
