import Foundation
import JobContract
import ResultCatalogue
import ResultQueries

/// The pictures that measures made, for each dataset size those of one trial: of the largest scale, then the longest
/// training, then the first seed.
package struct SweepPictures: Sendable {
    package struct Picture: Hashable, Sendable {
        /// The file's name without a directory, such as `jacobian-eigenvectors-16-images.png`.
        package var name: String
        package var digest: String
        /// The measure that made the picture, and the name that the measure gave it.
        var measure: String
        var file: String
        /// The ID of the trial.
        var trial: String
        /// The trial: its dataset size, model scale, length and seed.
        var size: Int
        var scale: Int?
        var steps: Int?
        var seed: Int?

        var title: String {
            "\(measure): \(file.hasSuffix(".png") ? String(file.dropLast(4)) : file), \(size) images"
                + (scale.map { ", scale \($0)" } ?? "") + (steps.map { ", \($0) steps" } ?? "")
                + (seed.map { ", seed \($0)" } ?? "")
        }

        private func path(in store: String) -> String { "\(store)/\(digest.prefix(2))/\(digest)" }

        /// The picture's bytes; nil where the store lacks it, or has it damaged.
        func bytes(in store: String) -> [UInt8]? {
            let path = path(in: store)
            var status = stat()
            guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= Self.mostBytes,
                let data = FileManager.default.contents(atPath: path)
            else { return nil }
            let bytes = [UInt8](data)
            return Digest(of: bytes).hex == digest ? bytes : nil
        }
        /// No measure makes a larger picture.
        private static let mostBytes = 256 << 20
    }

    package let pictures: [Picture]

    package init(_ reader: CatalogueReader, sweep: String) throws {
        struct Shown {
            var picture: Picture
            var rank: [Double]
        }
        var best = [String: Shown]()
        var order = [String]()
        let rows = try reader.rows(
            """
            SELECT a.measure, a.name, a.digest, t.dataset_size, t.model_scale, t.steps, t.seed, s.trial_id
            FROM sweep_trials s JOIN artifacts a ON a.trial_id = s.trial_id JOIN trials t ON t.trial_id = s.trial_id
            WHERE s.sweep = ? AND a.media_type = 'image/png' ORDER BY a.measure, a.name, t.dataset_size, s.position
            """, [.text(sweep)])
        for row in rows.rows {
            guard let measure = row[0].text, let name = row[1].text, let digest = Digest(hex: row[2].text ?? "")?.hex,
                let size = row[3].integer
            else { continue }
            // A name from a worker, or from somebody else's catalogue, must not lead out of the directory.
            let stem = name.hasSuffix(".png") ? String(name.dropLast(4)) : name
            let file = PlainName.file(for: "\(measure)-\(stem)", kind: "picture") + "-\(size)-images.png"
            let rank = [row[4].number ?? 0, row[5].number ?? 0, -(row[6].number ?? 0)]
            if let known = best[file], !known.rank.lexicographicallyPrecedes(rank) { continue }
            if best[file] == nil { order.append(file) }
            best[file] = Shown(
                picture: Picture(
                    name: file, digest: digest, measure: measure, file: name, trial: row[7].text ?? "", size: size,
                    scale: row[4].integer,
                    steps: row[5].integer, seed: row[6].integer), rank: rank)
        }
        pictures = order.compactMap { best[$0]?.picture }
    }

    /// Copies the pictures that are undamaged in the store into `directory` and returns their paths.
    package func copy(from store: String, into directory: String) throws -> [String] {
        try Self.copy(pictures, from: store, into: directory)
    }

    static func copy(_ pictures: [Picture], from store: String, into directory: String) throws -> [String] {
        let files = FileManager.default
        var copied = [String]()
        for picture in pictures {
            guard let bytes = picture.bytes(in: store) else { continue }
            do {
                try files.createDirectory(atPath: directory, withIntermediateDirectories: true)
                let path = "\(directory)/\(picture.name)"
                try Data(bytes).write(to: URL(fileURLWithPath: path), options: .atomic)
                copied.append(path)
            } catch {
                throw ReportError(
                    .environment,
                    "the picture \(picture.name) could not be written to \(directory): \(error.localizedDescription)")
            }
        }
        return copied
    }
}
