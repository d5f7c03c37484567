import ContentStore
import Foundation
import JobContract
import ResultCatalogue
import ResultQueries
import SweepModel

/// Compares the store with the catalogue: files that are named but missing or damaged, and files that nothing names.
struct StoreCheckup {
    let reader: CatalogueReader
    let store: ContentStore
    /// The file that remembers prepared datasets.
    let cache: String
    /// Programs beside this one, which the store has for hosts.
    let programs: [String]
    let isThorough: Bool
    /// Nil while another process writes.
    let mending: StoreMending?
    /// The most bytes of a store that are read, unless the check is to be thorough: some seconds' worth.
    static let quickBytes = 4 << 30

    func findings() throws -> [Finding] {
        let referenced = Dictionary(grouping: try reader.referencedFiles(), by: \.digest)
        let stored = try store.digests()
        let names = PointNames(reader)
        return missing(referenced, among: Set(stored), names) + (try damaged(stored, referenced, names))
            + (try strays(stored, Set(referenced.keys)))
    }

    private func missing(
        _ referenced: [Digest: [ReferencedFile]], among stored: Set<Digest>, _ names: PointNames
    ) -> [Finding] {
        referenced.filter { !stored.contains($0.key) }.sorted { $0.key < $1.key }.map { digest, uses in
            finding(
                digest, uses, names, problem: "\(digest.short) is not in the store",
                remedy: "by --repair " + remedy(uses))
        }
    }

    private func damaged(
        _ stored: [Digest], _ referenced: [Digest: [ReferencedFile]], _ names: PointNames
    ) throws -> [Finding] {
        let report = try store.inspect(stored, limit: isThorough ? nil : Self.quickBytes, putsAside: false)
        var problems = Dictionary(report.damaged.map { ($0.digest, $0.words) }, uniquingKeysWith: { first, _ in first })
        // A file of another size than recorded need not be read.
        for (digest, uses) in referenced where problems[digest] == nil {
            guard let expected = uses.lazy.compactMap(\.bytes).first, let bytes = store.size(of: digest),
                bytes != expected
            else { continue }
            problems[digest] = "has \(bytes) bytes instead of \(expected)"
        }
        var findings = problems.sorted { $0.key < $1.key }.map { digest, problem in
            let uses = referenced[digest] ?? []
            return finding(
                digest, uses, names, problem: "\(digest.short) is damaged in the store: it \(problem)",
                remedy: "put aside by --repair" + (uses.isEmpty ? "" : " and " + remedy(uses)))
        }
        if report.unread > 0 {
            findings.append(
                Finding(
                    about: store.directory,
                    problem:
                        "not read: \(Readable.counted(report.unread, "file")) (\(Readable.bytes(report.unreadBytes)))",
                    remedy: "`eigensweep doctor --thorough` reads them", isHarmless: true))
        }
        if report.aside > 0 {
            findings.append(
                Finding(
                    about: store.damagedDirectory,
                    problem:
                        "put aside here: \(Readable.counted(report.aside, "damaged file")) (\(Readable.bytes(report.asideBytes)))",
                    remedy: "look at them, and remove the folder when you have", isHarmless: true))
        }
        return findings
    }

    private func finding(
        _ digest: Digest, _ uses: [ReferencedFile], _ names: PointNames, problem: String, remedy: String
    ) -> Finding {
        let others = uses.count > 1 ? " and \(uses.count - 1) more" : ""
        mending?.expect(digest)
        return Finding(
            about: (uses.first.map { subject($0, names) } ?? "a file that nothing names") + others, problem: problem,
            remedy: remedy,
            isHarmless: !store.contains(digest) && !uses.isEmpty && uses.allSatisfy(\.isOfOpenTrial),
            repair: mending.map { mending in { try mending.mend(digest, uses) } })
    }

    private func strays(_ stored: [Digest], _ referenced: Set<Digest>) throws -> [Finding] {
        let unneeded = try UnneededFiles(
            of: store, stored: stored, referenced: referenced, reader: reader, cache: cache, programs: programs)
        guard !unneeded.digests.isEmpty else { return [] }
        return [
            Finding(
                about: store.directory,
                problem:
                    "\(Readable.counted(unneeded.digests.count, "file")) (\(Readable.bytes(unneeded.bytes))) that the "
                    + "catalogue does not name",
                remedy: "superseded states and programs; removed by --repair", isHarmless: true,
                repair: mending.map { _ in { [store] in try unneeded.remove(from: store) } })
        ]
    }

    private func subject(_ file: ReferencedFile, _ names: PointNames) -> String {
        "\(file.role.rawValue)" + (file.trial.map { " of \(names.name($0))" } ?? "")
    }

    private func remedy(_ uses: [ReferencedFile]) -> String {
        guard let use = uses.first else { return "" }
        let otherwise =
            switch use.role {
            case .weights where use.isOfOpenTrial: "the trial waits, and `resume` trains it again"
            case .weights: "the trial waits again, and `resume` trains it to the same bits; its measures stand"
            case .state, .recoveryPoint: "longer trials begin from an earlier state"
            case .artifact: "the trial waits again, and `resume` measures it to the same bits"
            case .dataset: "it is made again from its source"
            }
        return "brought from a host that has it; else \(otherwise)"
    }
}
