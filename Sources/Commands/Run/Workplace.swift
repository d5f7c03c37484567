import ContentStore
import DatasetPreparation
import Foundation
import ResultCatalogue

/// The catalogue opened for writing, the store beside it, and what prepares datasets into it.
struct Workplace {
    let catalogue: Catalogue
    let store: ContentStore
    let preparer: DatasetPreparer
    /// What is found damaged in the store.
    let damages = StoreDamages()

    init(_ options: CatalogueOptions) throws {
        catalogue = try Catalogue(path: options.path)
        store = try ContentStore(directory: options.store) { [damages] in damages.add($0) }
        // What transfers left that were cut off. It is in nobody's way: the sweep goes on where it cannot be removed.
        try? store.removeTemporaries(olderThan: 86_400)
        preparer = DatasetPreparer(
            depot: store, cache: options.datasets, progress: PreparationLine.show)
    }
}
