import ContentStore
import JobContract
import ResultCatalogue
import SweepModel

/// Mends the store: puts damaged files aside, asks hosts for lost files, and has those that no host has made again.
final class StoreMending {
    private let workplace: Workplace
    private let recovery: FileRecovery
    private var lost: Set<Digest> = []
    private var isAsked = false

    init(_ workplace: Workplace, _ recovery: FileRecovery) {
        self.workplace = workplace
        self.recovery = recovery
    }

    /// Notes a file that is to be mended: hosts are asked for all of them at once.
    func expect(_ digest: Digest) { lost.insert(digest) }

    /// Throws when the file is lost and cannot be made again.
    func mend(_ digest: Digest, _ uses: [ReferencedFile]) throws {
        ask()
        guard !workplace.store.isWhole(digest) else { return }
        let catalogue = workplace.catalogue
        for use in uses {
            switch use.role {
            case .weights, .artifact:
                let reason = "its \(use.role.rawValue) \(digest.short) was lost and is to be made again"
                if let trial = use.trial { try catalogue.wantAgain([trial], because: reason) }
            case .state, .recoveryPoint: try catalogue.forgetState(digest)
            case .dataset: try prepare(digest)
            }
        }
    }

    private func ask() {
        guard !isAsked else { return }
        isAsked = true
        for digest in lost.sorted() { workplace.store.putAsideIfDamaged(digest) }
        let missing = lost.filter { !workplace.store.contains($0) }
        if !missing.isEmpty { recovery.bring(missing) }
    }

    /// Makes a prepared dataset again from the source that some sweep names.
    private func prepare(_ dataset: Digest) throws {
        let reader = workplace.catalogue.reader
        for summary in try reader.sweeps() {
            guard let sweep = try reader.sweep(named: summary.name) else { continue }
            let request = sweep.datasets.first { training, _ in
                sweep.trainings[training]?.spec["dataset.digest"]?.stringValue == dataset.hex
            }
            guard let request = request?.value else { continue }
            let found = try workplace.preparer.prepare(request).digest
            guard found != dataset else { return }
            throw CommandFailure(
                .catalogue, "\(request.source) has changed: it gives another dataset, \(found.short)")
        }
    }
}
