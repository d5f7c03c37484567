import ArgumentParser
import Foundation
import JobContract
import ResultCatalogue

/// What says that results stay the same though a worker's files changed.
struct SameNumericsOptions: ParsableArguments {
    @Flag(
        name: .long,
        help: "The worker's files changed since results of it were recorded, and still give the same ones.")
    var sameNumerics = false
}

extension WorkerProgram {
    /// Throws `CommandFailure` where a file that the sweep uploads is another one than when results of this worker, by name
    /// and numerics, were recorded, or trainings of it began that may still run: an edited network must not be taken for the
    /// old one.
    func requireSameFiles(as reader: CatalogueReader, sweep: String) throws {
        let changed = try reader.changedFiles(files, of: description)
        guard !changed.isEmpty else { return }
        let (verb, they) = changed.count == 1 ? ("is another file", "it gives") : ("are other files", "they give")
        throw CommandFailure(
            .invalidInput,
            "sweep \(sweep): \(changed.joined(separator: ", ")) \(verb) than when results of the worker \(description.name), "
                + "numerics \(description.numerics), were recorded in \(reader.path), or trainings of it began that are not "
                + "over. Raise the worker's numerics above "
                + "\(description.numerics), which makes other trials; or, if \(they) the same results, launch the sweep's "
                + "file with --same-numerics")
    }
}
