import JobContract

extension CatalogueReader {
    /// The latest starts of coordinators, the newest first: at most 64, since every host hears them all.
    package func coordinatorStarts() throws -> [CoordinatorStart] {
        try rows("SELECT generation, nonce FROM coordinator_start ORDER BY generation DESC LIMIT 64").rows.compactMap {
            guard let generation = $0[0].integer, let nonce = $0[1].text else { return nil }
            return CoordinatorStart(generation: generation, nonce: nonce)
        }
    }
}
