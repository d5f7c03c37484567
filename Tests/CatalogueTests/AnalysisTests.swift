import Foundation
import JobContract
import SweepModel
import Testing

@testable import Reports
@testable import ResultCatalogue
@testable import ResultQueries

@Suite(.serialized) struct AnalysisTests {
    let scratch: Scratch
    let sweep: ExpandedSweep

    /// A sweep in which copying falls and the distance to the Gaussian shrinks with dataset size; the larger scale copies
    /// longer.
    init() throws {
        scratch = try Scratch()
        let catalogue = try Catalogue(path: scratch.catalogue)
        sweep = Fixture.sweep(name: "it's a sweep", sizes: [16, 64, 256, 1024], scales: [4, 8], seeds: [0, 1])
        try catalogue.store(sweep)
        let sigmas = [80.0, 21.1087, 4.0661, 1.5017, 0.46998, 0.11664, 0.002]
        for (index, trial) in sweep.trials.enumerated() {
            let spec = try #require(sweep.trainings[trial.training]).spec
            let size = Double(spec["dataset.size"]?.integerValue ?? 1)
            let scale = Double(spec["model.scale"]?.integerValue ?? 1)
            let seed = Double(spec["seed"]?.integerValue ?? 0)
            let pull = size / (4 * scale) * (trial.steps == 256 ? 2 : 1)
            let copied = pull > 24 ? 0 : 1 / (1 + pull / 4) + seed / 100
            let share = 0.6 - 0.55 * copied
            var distances = Fixture.distances(trial)
            distances.rows = sigmas.map {
                MeasureRow(
                    quantity: "rmse", sigma: $0,
                    value: 0.3 / (1 + size / 64) * exp(-pow(log($0), 2) / 4) + 0.01, n: 256)
            }
            try catalogue.commit([
                .attemptIntended(Fixture.attempt(index + 1, [trial])),
                .measured(AttemptNumber(index + 1), Fixture.memorized(trial, glScore: share, copied: copied)),
                .measured(AttemptNumber(index + 1), distances),
            ])
        }
    }

    private func analysis() throws -> Analysis {
        Analysis(try CatalogueReader(path: scratch.catalogue), sweep: sweep.name, store: scratch.path)
    }

    @Test func figuresShowEveryLineWithItsLabel() throws {
        let out = ProcessInfo.processInfo.environment["EIGENSWEEP_FIGURES"] ?? scratch.path + "/figures"
        let result = try analysis().run(into: out)
        #expect(result.problem == nil)
        let names = result.figures.map { URL(fileURLWithPath: $0).lastPathComponent }
        let expected = ["gl-score", "gaussian-distance", "phase-map", "phase-map-by-length", "crossing-times"].flatMap {
            name in
            ["svg", "png", "gnuplot", "csv"].map { "\(name).\($0)" }
        }
        #expect(Set(names) == Set(expected))
        let score = try String(contentsOfFile: out + "/gl-score.svg", encoding: .utf8)
        for label in [
            "scale 4, length 256 steps", "scale 8, length 1024 steps", "held-out images", "GL score", "copied samples",
            "training images", "Sweep it's a sweep, 32 trials", "Mean over seed",
        ] {
            #expect(score.contains(label) || score.contains(label.replacing("'", with: "&apos;")), "\(label)")
        }
        let distance = try String(contentsOfFile: out + "/gaussian-distance.svg", encoding: .utf8)
        for label in ["scale 4, length 1024 steps", "scale 8", "N = 16", "N = 1024", "RMSE", "noise level σ"] {
            #expect(distance.contains(label), "\(label)")
        }
        for name in ["gl-score", "gaussian-distance"] {
            let png = try #require(FileManager.default.contents(atPath: "\(out)/\(name).png"))
            #expect(png.starts(with: [0x89, 0x50, 0x4E, 0x47]))
        }
        let csv = try String(contentsOfFile: out + "/gl-score.csv", encoding: .utf8).split(separator: "\n")
        #expect(csv.count == 17)
        #expect(csv[0].hasPrefix("dataset_size,model_scale,steps,trials,gl_score"))
    }

    @Test func theSummaryAgreesWithTheMeasurements() throws {
        let result = try analysis().run(into: scratch.path, figures: [])
        let table = try #require(result.tables.first)
        #expect(table.rows.count == 16)
        // Scale 8 after 1024 steps on 16 images: pull 0.5, copied 1/1.125 = 0.8889 and 0.8989, mean 0.8939.
        let row = try #require(
            table.rows.first { Array($0[0...2]) == [.integer(16), .integer(8), .number(1024)] })
        guard case .number(let copied) = row[6] else {
            Issue.record("copied is \(row[6])")
            return
        }
        #expect(abs(copied - (1 / 1.125 + 0.005)) < 1e-12)
        // Scale 4: copied 0.8 and 0.81 on 16 images, 0.5 and 0.51 on 64, 0.2 and 0.21 on 256.
        #expect(result.sentences.first == "What is said of a place is the mean over seed.")
        #expect(
            result.sentences[1] == """
                After 1024 steps of training scale 4 copies 81 % of its samples when trained on N = 16 images (GL score \
                0.16); at N = 1024 none (GL score 0.6). Half of the samples are copies somewhere between N = 64 and 256.
                """)
        #expect(
            result.sentences.contains {
                $0.hasPrefix("At scale 8, length 1024 steps the distance to the Gaussian denoiser at sigma")
            })
    }

    /// 10 and 40 epochs of 20 and of 50 images, in whole steps of 32 images: 6 and 25 steps (9.6 and 40 epochs),
    /// 16 and 63 (10.24 and 40.32).
    @Test(arguments: [true, false])
    func equalLengthsAskedForLieTogetherThoughStepsAreWhole(_ isAxis: Bool) throws {
        let catalogue = try Catalogue(path: scratch.path + "/epochs.sqlite")
        var epochs = Fixture.sweep(name: "epochs", sizes: [20, 50], scales: [4], steps: [1])
        let trainings = epochs.trials.map(\.training)
        epochs.trials = []
        for (training, lengths) in zip(trainings, [[6, 25], [16, 63]]) {
            for (steps, asked) in zip(lengths, isAxis ? [10.0, 40.0] : [10.0]) {
                let model = try #require(epochs.trainings[training])
                epochs.trials.append(
                    Trial(
                        id: Fixture.trialID(model, steps: steps), training: training, steps: steps,
                        position: epochs.trials.count, asked: isAxis ? ["training.epochs": .number(asked)] : [:]))
            }
        }
        try catalogue.store(epochs)
        for (index, trial) in epochs.trials.enumerated() {
            try catalogue.commit([
                .attemptIntended(Fixture.attempt(index + 1, [trial])),
                .measured(AttemptNumber(index + 1), Fixture.memorized(trial, glScore: 0.1, copied: 1)),
            ])
        }
        let result = try Analysis(catalogue.reader, sweep: "epochs", store: scratch.path).run(
            into: scratch.path, figures: [])
        let table = try #require(result.tables.first)
        #expect(table.columns[2] == "epochs")
        let lengths = Set(table.rows.map { $0[2] })
        #expect(lengths == (isAxis ? [.number(10), .number(40)] : [.number(10.24)]))
        #expect(result.sentences.contains { $0.contains("at N = 50 ") })
    }

    /// The threshold of 0.6 was found on faces of 64 × 64 at scale 128, and is drawn there alone.
    @Test(arguments: [(64, 128, true), (64, 64, false), (32, 128, false)])
    func theThresholdIsDrawnWhereItHolds(resolution: Int, scale: Int, isDrawn: Bool) throws {
        let catalogue = try Catalogue(path: scratch.path + "/faces.sqlite")
        var faces = Fixture.sweep(name: "faces", scales: [scale], steps: [256])
        for (id, training) in faces.trainings {
            var spec = training.spec
            spec["dataset.generator"] = nil
            spec["dataset.digest"] = .string(Fixture.digest("faces").hex)
            spec["dataset.resolution"] = .integer(Int64(resolution))
            faces.trainings[id] = Training(id: id, spec: spec)
        }
        try catalogue.store(faces)
        for (index, trial) in faces.trials.enumerated() {
            try catalogue.commit([
                .attemptIntended(Fixture.attempt(index + 1, [trial])),
                .measured(AttemptNumber(index + 1), Fixture.memorized(trial, glScore: 0.7, copied: 0)),
            ])
        }
        let figure = try GLScoreFigure(try SweepPoints(catalogue.reader, sweep: "faces"))
        #expect(figure.script.contains("0.6 (Li et al. 2024)") == isDrawn)
    }

    @Test func aMissingGnuplotNamesThePackage() throws {
        let reader = try CatalogueReader(path: scratch.catalogue)
        let analysis = Analysis(reader, sweep: sweep.name, store: scratch.path, searchPath: scratch.path + ":/nowhere")
        let result = try analysis.run(into: scratch.path + "/f")
        #expect(result.problem?.kind == .environment)
        #expect(result.problem?.message.contains("gnuplot-nox") == true)
        #expect(result.figures.isEmpty)
        // The analysis says what is known without it.
        let whole = try analysis.run(into: scratch.path, figures: [])
        #expect(result.tables == whole.tables && result.sentences.starts(with: whole.sentences))
        #expect(whole.problem == nil && !whole.sentences.isEmpty)
    }

    @Test func aSweepWithoutResultsSaysSo() throws {
        let catalogue = try Catalogue(path: scratch.path + "/empty.sqlite")
        try catalogue.store(Fixture.sweep())
        let result = try Analysis(catalogue.reader, sweep: "dataset-size", store: scratch.path).run(
            into: scratch.path + "/f")
        #expect(result.figures.isEmpty)
        #expect(
            result.sentences.count == 1
                && result.sentences[0].contains(
                    "as the sweep does not ask for their measures, mode-times (modes), distances, linearity")
        )
        #expect(throws: ReportError.self) {
            try Analysis(catalogue.reader, sweep: "x", store: scratch.path).run(into: scratch.path)
        }
    }

    @Test func aDirectoryThatCannotBeMadeIsAnError() throws {
        let result = try analysis().run(into: scratch.catalogue + "/figures")
        #expect(result.problem?.kind == .environment)
        #expect(result.tables.first?.rows.isEmpty == false)
    }
}
