import Foundation
import JobContract
import SweepModel
import Testing

@testable import Reports
@testable import ResultCatalogue
@testable import ResultQueries

/// Figures over noise levels, of a sweep over dataset size, length and seed.
@Suite struct CurveFigureTests {
    let scratch: Scratch
    let points: SweepPoints
    let sweep: ExpandedSweep
    private static let sigmas = [0.02, 0.2, 0.5, 1.5, 6, 20]

    init() throws {
        scratch = try Scratch()
        let catalogue = try Catalogue(path: scratch.catalogue)
        let requests = ["linearity", "distances", "denoising", "jacobian", "agreement"].map {
            MeasureRequest(measure: $0, version: 1, parameters: [:])
        }
        sweep = Fixture.sweep(
            name: "curves", sizes: [16, 128, 1024], scales: [8], steps: [1024, 16384], seeds: [0, 1, 2],
            measures: requests)
        try catalogue.store(sweep)
        for (index, trial) in sweep.trials.enumerated() {
            let spec = try #require(sweep.trainings[trial.training]).spec
            let size = Double(spec["dataset.size"]?.integerValue ?? 1)
            let noise = Double((index * 37) % 11) / 400
            let few = 1 / (1 + size / 100)
            var rows = [[MeasureRow]](repeating: [], count: 5)
            for sigma in Self.sigmas {
                let middle = exp(-pow(log(sigma / 3), 2) / 3)
                func row(_ quantity: String, _ value: Double) -> MeasureRow {
                    MeasureRow(quantity: quantity, sigma: sigma, value: value, n: 100)
                }
                rows[0] += [row("ls", 1 - middle * (0.03 + 0.25 * few) - noise), row("gaussian_ls", 1 - 0.01 * middle)]
                rows[1] += [
                    row("rmse_network_gaussian", middle * (0.05 + 0.3 * few) + noise / 4),
                    row("rmse_network_multi_delta", middle * (0.4 - 0.35 * few) + noise / 4),
                ]
                let input = -20 * log10(sigma / 2)
                rows[2] += [
                    row("psnr_training", 14 + 0.6 * input + 8 * few + 40 * noise),
                    row("psnr_held_out", 14 + 0.6 * input - 4 * few + 40 * noise),
                    row("wiener_gain_db", 1 - 4 * few + 40 * noise),
                ]
            }
            for sigma in [0.3, 2.0] {
                for position in 0..<25 {
                    rows[3].append(
                        MeasureRow(
                            quantity: "eigenvalue", sigma: sigma, position: position,
                            value: 1 / (1 + Double(position + 1) * sigma * (0.1 + few)) + noise))
                    rows[3].append(
                        MeasureRow(
                            quantity: "oracle_shrinkage", sigma: sigma, position: position,
                            value: 1 / (Double(position + 1) * size)))
                }
            }
            for (quantity, middle) in [("cosine", 45.0 - 20 * few), ("cosine_training", 25 + 20 * few)] {
                for bin in 0..<50 {
                    rows[4].append(
                        MeasureRow(
                            quantity: quantity + "_histogram", position: bin,
                            value: exp(-pow((Double(bin) - middle) / 3, 2) / 2) / 7.5, n: 256))
                }
            }
            var checkpoint = Fixture.checkpoint(trial)
            checkpoint.losses = [1, 4, 16, 64, 256, 1024, 4096, 16384].filter { $0 <= trial.steps }.map { step in
                LossPoint(steps: step, mean: 0.3 / (1 + Double(step) / 4000 * few) + noise)
            }
            let number = AttemptNumber(index + 1)
            try catalogue.commit(
                [
                    .attemptIntended(Fixture.attempt(index + 1, [trial])),
                    .milestone(trial.training, trial.id, number, checkpoint),
                ]
                    + zip(requests, rows).map { request, rows in
                        .measured(
                            number,
                            WorkerEvent.Measured(
                                trial: trial.id, request: request, checkpoint: Fixture.digest("c"), rows: rows,
                                artifacts: request.measure == "jacobian"
                                    ? [
                                        Artifact(
                                            name: "eigenvectors.png", mediaType: "image/png",
                                            file: OutputFile(path: "e", digest: Fixture.digest("\(index)"), bytes: 9))
                                    ] : [], seconds: 1))
                    })
        }
        points = try SweepPoints(catalogue.reader, sweep: "curves")
    }

    /// The lines go over dataset size, with a panel for each length. Each point has three seeds, and Student's interval in
    /// the CSV.
    @Test func linesPanelsAndBands() throws {
        let figure = try points.linearityFigure()
        #expect(figure.panels.map(\.title) == ["scale 8, length 1024 steps", "scale 8, length 16 k steps"])
        let lines = figure.panels[0].lines
        #expect(lines.filter { !$0.isReference }.map(\.title) == ["N = 16", "N = 128", "N = 1024"])
        #expect(lines.filter(\.isReference).map(\.title) == ["Gaussian", "", ""])
        #expect(lines[0].points.map(\.x) == Self.sigmas)
        let row = figure.table.rows[0]
        let values = try points.all("linearity", "ls").filter {
            $0.sigma == 0.02 && $0.point == GridPoint(scale: 8, length: 1024, size: 16)
        }.map(\.value)
        let interval = try #require(ConfidenceInterval(ofTheMeanOf: values))
        #expect(values.count == 3 && row[3] == .number(values.mean))
        #expect(row[4] == .number(interval.low) && row[5] == .number(interval.high))
        #expect(row[6] == .text("3 replicates") && row[7] == .integer(3))
    }

    @Test func panelsOfSeveralQuantitiesAreAtTheLongestTraining() throws {
        let figure = try points.distancesFigure()
        #expect(figure.panels.map(\.title) == ["to the Gaussian denoiser", "to the multi-delta denoiser"])
        #expect(figure.panels[0].lines.count == 3)
        #expect(figure.panels[0].lines[0].points[0].y.replicates == 3)
        let psnr = try points.psnrFigure()
        #expect(abs(psnr.panels[1].lines[0].points[0].x - -20) < 1e-9)
        #expect(psnr.panels[0].lines.last?.points.count == 2)
        // What a network reaches, less what it gains on the Gaussian, is the same for each network.
        let gaussian = try #require(psnr.panels[1].lines.last)
        #expect(gaussian.title == "Gaussian" && gaussian.isReference)
        #expect(gaussian.points.count == Self.sigmas.count)
        #expect(gaussian.points.allSatisfy { abs($0.y.mean - (13 + 0.6 * $0.x)) < 1e-9 })
        #expect(psnr.caption[1].hasPrefix("At scale 8, length 16 k steps. "))
        let spectra = try points.jacobianFigure()
        let oracle = (1...25).map { 1 / (Double($0) * 1024) }
        let found = try #require(spectra.panels[0].lines.last?.points.map(\.y.mean))
        #expect(found.count == 25 && zip(found, oracle).allSatisfy { abs($0 - $1) < 1e-15 })
        #expect(spectra.panels.map(\.title) == ["σ = 2", "σ = 0.3"])
        #expect(spectra.panels[0].lines[2].points.map(\.x) == (1...25).map(Double.init))
        let cosines = try points.cosinesFigure()
        #expect(cosines.panels.map(\.title) == [16, 128, 1024].map { "N = \($0) each" })
        #expect(cosines.panels[0].lines.map(\.points.count) == [50, 50, 0])
        #expect(abs(cosines.panels[0].lines[0].points[0].x - -0.98) < 1e-12)
        let loss = try points.lossFigure().panels[0].lines[0].points
        #expect(loss.map(\.x) == [1, 4, 16, 64, 256, 1024, 4096, 16384] && loss[0].y.replicates == 3)
    }

    /// As in a sweep that still runs: the first panel lacks a line, and one before it all lines.
    @Test func theLegendNamesLinesThatOnlyLaterPanelsHave() throws {
        var figure = try points.linearityFigure()
        figure.panels[0].lines.removeAll { $0.title == "N = 1024" }
        #expect(figure.script.components(separatedBy: "title 'N = 1024'").count == 3)
        #expect(figure.script.contains("NaN with linespoints"))
        figure.panels[0].lines = []
        #expect(figure.script.components(separatedBy: "set key at").count == 2)
        #expect(figure.script.components(separatedBy: "plot $p1l").count == 2)
    }

    @Test func allAreDrawn() throws {
        let out = ProcessInfo.processInfo.environment["EIGENSWEEP_FIGURES"] ?? scratch.path + "/figures"
        let names: [FigureName] = [.linearity, .distances, .psnr, .cosines, .jacobian, .trainingLoss]
        let reader = try CatalogueReader(path: scratch.catalogue)
        let result = try Analysis(reader, sweep: "curves", store: scratch.path).run(into: out, figures: names)
        #expect(result.problem == nil && result.figures.count == 4 * names.count)
        let linearity = try String(contentsOfFile: out + "/linearity.svg", encoding: .utf8)
        for label in ["N = 1024", "scale 8, length 16 k steps", "noise level σ", "Gaussian", "Bands: 95 %"] {
            #expect(linearity.contains(label), "\(label)")
        }
        #expect(result.sentences.contains { $0.contains("linearity (LS) at sigma") && $0.contains("(N = 1024)") })
    }

    /// The figure shows for each size the picture of the longest training's first seed.
    @Test func picturesOfTheTrialsThatShowMost() throws {
        let reader = try CatalogueReader(path: scratch.catalogue)
        let pictures = try SweepPictures(reader, sweep: "curves").pictures
        #expect(pictures.map(\.name) == [16, 128, 1024].map { "jacobian-eigenvectors-\($0)-images.png" })
        let first = try #require(sweep.trials.firstIndex { $0.steps == 16384 })
        #expect(pictures[0].digest == Fixture.digest("\(first)").hex)
        #expect(try SweepPictures(reader, sweep: "curves").copy(from: scratch.path, into: scratch.path).isEmpty)
    }
}
