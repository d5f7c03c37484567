import JobContract
import SweepFiles
import SweepModel
import Testing

/// Who says which images are for training.
@Suite struct SplitRuleTests {
    private static let weights = "model.weights: \(String(repeating: "0a", count: 32))\n"
    private static let base = "name: test\ndataset.source: faces\ndataset.size: 8\ntraining.steps: 1\n"

    /// Stands for prepared datasets of 100 images, of which 60 are given for training where that is asked for.
    private func identity(of request: DatasetRequest) -> DatasetIdentity {
        var identity = DatasetIdentity(keys: ["dataset.digest": .string(Digest(of: [1]).hex)], images: 100)
        if request.path("held_out_source") != nil || request.path("training_index") != nil {
            identity.account.training = 60
            identity.keys["dataset.split"] = "given"
        }
        return identity
    }

    private func expand(_ lines: String, worker: WorkerDescription = describedWorker()) throws -> Expansion {
        try SweepFile(text: Self.base + lines, file: "x.yaml", folder: "/sweeps").expand(worker: worker) {
            identity(of: $0)
        }
    }

    private func complaint(_ lines: String, worker: WorkerDescription = describedWorker()) -> String {
        do {
            _ = try expand(lines, worker: worker)
            return ""
        } catch { return "\(error)" }
    }

    @Test func pathsAreFromTheFilesFolderAndNoPartOfIdentity() throws {
        let sweep = try expand("dataset: {held_out_source: unseen, held_out: 40}").sweep
        #expect(sweep.datasets.values.first?.path("held_out_source") == "/sweeps/unseen")
        let spec = try #require(sweep.trainings.values.first?.spec)
        #expect(spec["dataset.split"] == "given" && spec["dataset.held_out_source"] == nil)
        let index = try expand("dataset: {training_index: /seen.txt, held_out: 40}").sweep
        #expect(index.datasets.values.first?.path("training_index") == "/seen.txt")
        #expect(index.trials.map(\.id) == sweep.trials.map(\.id))
    }

    @Test(
        arguments: [
            (
                "dataset: {held_out_source: a, training_index: b}",
                "x.yaml:5: dataset.training_index: dataset.held_out_source says"
            ),
            ("dataset: {held_out_source: a, split: drawn}", "x.yaml:5: dataset.split: dataset.held_out_source says"),
            ("dataset.split: given", "x.yaml:5: dataset.split: given without saying which images are for training"),
            ("dataset.split: unknown", "x.yaml:5: dataset.split: unknown is for networks that were trained elsewhere"),
            (
                "dataset: {held_out_source: a, held_out: 41}",
                "x.yaml:5: dataset.held_out: 41 images are to be held out, but only 40"
            ),
            (
                "dataset: {held_out_source: a, held_out: 1}\ngrid: {dataset.size: [60, 61]}",
                "dataset.size: 61 images are asked for, but 60"
            ),
            (
                "dataset: {held_out_source: a, held_out: 1, part: 0/2}\ngrid: {dataset.size: [31]}",
                "at most 30 in each of 2 parts"
            ),
        ])
    func complains(lines: String, message: String) throws {
        let text =
            lines.contains("grid") ? Self.base.replacing("dataset.size: 8\n", with: "") + lines : Self.base + lines
        let got: String
        do {
            _ = try SweepFile(text: text, file: "x.yaml", folder: "/").expand(worker: describedWorker()) {
                identity(of: $0)
            }
            got = ""
        } catch { got = "\(error)" }
        #expect(got.contains(message), "\(got)")
    }

    /// Where nobody says which images a network saw, measures that speak of training images are refused by name, before
    /// images are looked at: our own by what they are known to need, others by what their worker declares.
    @Test func measuresOfUnknownImagesAreRefused() throws {
        let unknown = Self.weights + "dataset: {split: unknown, held_out: 10}\n"
        let words = complaint(unknown + "measures:\n  - gaussian-distance\n  - memorization")
        #expect(
            words.hasPrefix("x.yaml:8: measures.gaussian-distance: gaussian-distance, memorization speak"), "\(words)")
        #expect(words.contains("--training-index"))

        var worker = describedWorker()
        worker.quantities = [
            "memorization": [
                QuantityDeclaration(name: "novelty", kind: .mean, fact: .network, needs: [.sampler]),
                QuantityDeclaration(name: "copied", kind: .share, fact: .network, needs: [.training]),
            ],
            "gaussian-distance": [
                QuantityDeclaration(name: "rmse", kind: .mean, fact: .network, needs: [.training]),
                QuantityDeclaration(name: "spectrum", kind: .mean, fact: .subset),
            ],
        ]
        #expect(complaint(unknown + "measures: [memorization]", worker: worker) == "")
        let theirs = complaint(unknown + "measures: [gaussian-distance]", worker: worker)
        #expect(theirs.contains("gaussian-distance speaks") && theirs.contains("(memorization)"), "\(theirs)")
        let spec = try #require(try expand(unknown).sweep.trainings.values.first?.spec)
        #expect(spec["dataset.split"] == "unknown")
    }
}
