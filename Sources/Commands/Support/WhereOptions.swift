import ArgumentParser
import ResultCatalogue
import SweepModel

/// The options that select the trials of a sweep that a command changes.
struct WhereOptions: ParsableArguments {
    @Option(
        name: .customLong("where"),
        help:
            "Only trials of which this holds, such as 'dataset.size >= 1024 and state = failed'; over measurements too."
    )
    var filter: String?

    /// Has the change that `make` makes of the sweep's name and the condition done by whoever writes the catalogue, and
    /// returns its outcome.
    func change(
        _ sweep: String, in catalogue: CatalogueOptions, _ make: (String, String?) -> WishChange
    ) throws -> WishChange.Outcome {
        if let filter { _ = try WhereExpression(filter) }
        let name = try CatalogueReader(path: catalogue.path).sweepName(sweep)
        return try WishChange.deliver(make(name, filter), to: catalogue)
    }
}
