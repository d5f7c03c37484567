import ContentStore
import DatasetPreparation
import Foundation
import ResultCatalogue

/// The catalogue opened for writing, the store beside it, and what prepares datasets into it.
struct Workplace {
    let catalogue: Catalogue
    let store: ContentStore
    let preparer: DatasetPreparer
    /// The damaged files that are found in the store.
    let damages = StoreDamages()

    init(_ options: CatalogueOptions) throws {
        catalogue = try Catalogue(path: options.path)
        store = try ContentStore(directory: options.store) { [damages] in damages.add($0) }
        // Transfers that were cut off leave files. These are in nobody's way: the sweep goes on where they cannot be removed.
        try? store.removeTemporaries(olderThan: 86_400)
        preparer = DatasetPreparer(
            depot: store, cache: options.datasets, progress: PreparationLine.show)
    }
}
