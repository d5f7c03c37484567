import ContentStore
import ResultCatalogue
import SweepModel

/// Commits to the catalogue, then removes the full states that nothing needs any more from the store beside it.
final class StatePruner: CatalogueWriter {
    private let catalogue: Catalogue
    private let store: ContentStore

    init(_ workplace: Workplace) {
        catalogue = workplace.catalogue
        store = workplace.store
    }

    func commit(_ changes: [CatalogueChange]) throws {
        for state in try catalogue.record(changes) {
            // The commit stands; a file that cannot be removed only takes up room.
            try? store.remove(state)
        }
    }
}
