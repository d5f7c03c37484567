import Glibc
import JobContract

extension ContentStore {
    /// Compares stored files, all or the `wanted` ones, with their names. Reads at most `limit` bytes, small files first;
    /// what can be seen without reading is found in any case. Changes nothing unless it `putsAside`.
    package func inspect(
        _ wanted: [Digest]? = nil, limit: Int? = nil, putsAside: Bool
    ) throws(StoreError) -> InspectionReport {
        var report = InspectionReport()
        var left = limit ?? .max
        let asked: [Digest] = if let wanted { wanted } else { try digests() }
        let files = asked.map { (digest: $0, bytes: size(of: $0)) }
        for (digest, bytes) in files.sorted(by: { $0.bytes ?? 0 < $1.bytes ?? 0 }) {
            guard let bytes else { continue }
            guard bytes <= left || !contains(digest) else {
                report.unread += 1
                report.unreadBytes += bytes
                continue
            }
            if contains(digest) { left -= bytes }
            if putsAside {
                if let damage = putAsideIfDamaged(digest) {
                    report.damaged.append(.init(digest: digest, words: "\(damage)"))
                    continue
                }
            } else if let problem = examine(digest) {
                report.damaged.append(.init(digest: digest, words: problem))
                continue
            }
            if wanted != nil { report.whole.append(digest) }
        }
        (report.aside, report.asideBytes) = try aside()
        return report
    }
}
