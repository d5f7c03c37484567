import ContentStore
import Foundation
import JobContract
import ResultCatalogue
import SweepModel

/// The store against the catalogue: files that are named and not there, damaged, or there and not named.
struct StoreCheckup {
    let reader: CatalogueReader
    let store: ContentStore
    /// Which prepared datasets are remembered.
    let cache: String
    let isThorough: Bool
    let mayRepair: Bool

    func findings() throws -> [Finding] {
        let referenced = try reader.referencedFiles()
        let stored = try store.digests()
        var findings = missing(referenced, among: Set(stored))
        if isThorough { findings += damaged(stored, referenced) }
        return findings + strays(stored, Set(referenced.map(\.digest)))
    }

    private func missing(_ referenced: [ReferencedFile], among stored: Set<Digest>) -> [Finding] {
        referenced.filter { !stored.contains($0.digest) }.map { file in
            Finding(about: subject(file), problem: "\(file.digest.short) is not in the store", remedy: remedy(file))
        }
    }

    private func damaged(_ stored: [Digest], _ referenced: [ReferencedFile]) -> [Finding] {
        let files = Dictionary(referenced.map { ($0.digest, $0) }, uniquingKeysWith: { first, _ in first })
        return stored.compactMap { digest in
            guard (try? store.verify(digest)) == nil else { return nil }
            let file = files[digest]
            let repair: (() throws -> Void)? = mayRepair ? { try store.remove(digest) } : nil
            return Finding(
                about: file.map(subject) ?? "a file that nothing names",
                problem: "\(digest.short) is damaged in the store",
                remedy: "removed by --repair" + (file.map { "; " + remedy($0) } ?? ""), repair: repair)
        }
    }

    /// What nothing names takes up room only. Programs are brought again when they are wanted.
    private func strays(_ stored: [Digest], _ referenced: Set<Digest>) -> [Finding] {
        let remembered = (FileManager.default.contents(atPath: cache)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        let strays = stored.filter { !referenced.contains($0) && !remembered.contains($0.hex) }
        guard !strays.isEmpty else { return [] }
        let bytes = strays.reduce(0) { $0 + (store.size(of: $1) ?? 0) }
        let repair: (() throws -> Void)? =
            mayRepair
            ? {
                for digest in strays { try store.remove(digest) }
                try store.removeTemporaries(olderThan: 3600)
            } : nil
        return [
            Finding(
                about: store.directory,
                problem: "\(strays.count) files (\(Readable.bytes(bytes))) that the catalogue does not name",
                remedy: "superseded states and programs; removed by --repair", isHarmless: true, repair: repair)
        ]
    }

    private func subject(_ file: ReferencedFile) -> String {
        "\(file.role.rawValue)" + (file.trial.map { " of trial \($0.short)" } ?? "")
    }

    private func remedy(_ file: ReferencedFile) -> String {
        switch file.role {
        case .weights: "its measures stand; where one is missing, `resume` trains the trial again"
        case .state, .recoveryPoint: "longer trials begin from an earlier state"
        case .artifact: "the numbers stand, the file is lost"
        case .dataset: "made again from its source when a training needs it"
        }
    }
}
