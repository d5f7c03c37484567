import SweepModel

/// A dataset that trainings of the catalogue read.
package struct KnownDataset: Hashable, Sendable {
    /// The prepared file's digest, or a generator's name.
    package var dataset: String?
    /// As a sweep asked for it; nil where none did.
    package var request: DatasetRequest?
    package var trainings: Int
    /// The sweeps whose last revisions ask for it, sorted.
    package var sweeps: [String]
}

extension CatalogueReader {
    /// The datasets of all trainings, those of most trainings first.
    package func datasets() throws -> [KnownDataset] {
        try rows(
            """
            SELECT r.dataset, d.request, count(DISTINCT r.key), group_concat(DISTINCT s.name)
            FROM training r LEFT JOIN wished_dataset x ON x.training = r.key LEFT JOIN dataset_request d ON d.key = x.dataset
            LEFT JOIN sweep s ON s.revision = x.revision
            WHERE EXISTS (SELECT 1 FROM trial t WHERE t.training = r.key)
            GROUP BY r.dataset, d.key ORDER BY 3 DESC, 1, 2
            """
        ).rows.map { row in
            KnownDataset(
                dataset: row[0].text, request: row[1].text.flatMap(StoredForms.dataset), trainings: row[2].integer ?? 0,
                sweeps: (row[3].text ?? "").split(separator: ",").map(String.init).sorted())
        }
    }
}
