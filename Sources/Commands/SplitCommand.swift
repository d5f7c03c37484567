import ArgumentParser
import ContentStore
import DatasetPreparation
import Foundation
import JobContract
import ResultCatalogue
import ResultQueries
import SweepFiles
import SweepModel

struct SplitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "split",
        abstract: "Show which image is trained on, held out or unused, by its file's name.",
        discussion: """
            eigensweep split demo --format csv
            eigensweep split '@demo: dataset.size=256, model.scale=8, training.images=32768, seed=0'

            A row for each image, dataset, subset seed and number of parts. `size` is the least dataset.size of the sweep \
            whose subset has the image: subsets are nested. The images are read again, and are refused where they are not \
            those of the trials any more. `--format csv` is for programs.
            """)

    @Argument(
        help: "A sweep file, a sweep of the catalogue, or a trial, as `logs` takes it.", completion: .trialsAndSweeps)
    var subject: String
    @OptionGroup var settings: SetOptions
    @OptionGroup var catalogue: CatalogueOptions
    @OptionGroup var output: FormatOptions

    func run() throws {
        let trainings = try trainings()
        var table = ResultTable(
            name: "images", columns: ["dataset", "subset_seed", "part", "role", "size", "image"])
        try withTemporaryDirectory { directory in
            let preparer = DatasetPreparer(
                depot: try ContentStore(directory: directory.path), progress: PreparationLine.show)
            var listings: [DatasetRequest: DatasetListing] = [:]
            for group in SplitGroup.groups(of: trainings) {
                let listing = try listings[group.request] ?? preparer.listing(group.request, version: group.version)
                listings[group.request] = listing
                table.rows += try group.rows(listing)
            }
        }
        output.print(table)
    }

    /// The subject's trainings, each with the images that it asks for.
    private func trainings() throws -> [SplitGroup.Member] {
        let isFile = subject.hasSuffix(".yaml") || subject.hasSuffix(".yml") || subject.contains("/")
        if isFile {
            let read = try ReadSweepFile(subject, overrides: settings.overrides)
            return members(of: try read.expandAside(in: catalogue).sweep) { _ in true }
        }
        guard settings.overrides.isEmpty else {
            throw CommandFailure(.usage, "--set changes a sweep file: expected one, got \(subject)")
        }
        let reader = try CatalogueReader(path: catalogue.path)
        if let sweep = try reader.sweep(named: subject) { return members(of: sweep) { _ in true } }
        let isTrial = subject.hasPrefix("@") || !subject.isEmpty && subject.allSatisfy(\.isHexDigit)
        if !isTrial { _ = try reader.sweepName(subject) }
        let naming = TrialNaming(reader)
        let id = try naming.trial(subject)
        for name in try reader.sweeps().map(\.name) {
            guard let sweep = try reader.sweep(named: name),
                let trial = sweep.trials.first(where: { $0.id == id })
            else { continue }
            return members(of: sweep) { $0 == trial.training }
        }
        throw CommandFailure(
            .usage, "no sweep of the catalogue has \(naming.names.name(id)), so where its images lie is not known")
    }

    private func members(of sweep: ExpandedSweep, _ isWanted: (TrainingID) -> Bool) -> [SplitGroup.Member] {
        sweep.trainings.values.filter { isWanted($0.id) }.compactMap { training in
            sweep.datasets[training.id].map { SplitGroup.Member(request: $0, spec: training.spec) }
        }
    }
}
