import Foundation
import JobContract
import ResultCatalogue
import Testing

@testable import Reports

/// The boundary's law as it is drawn, of sweeps in which it is known where copying ends.
@Suite struct GivenLawTests {
    /// A sweep of one length, in whose rows copying ends at `at`, a logarithm of the dataset size.
    private func law(_ at: @escaping (_ scale: Double, _ seed: Int) -> Double) throws -> BoundaryLaw {
        let sweep = try GivenSweep(
            [
                ("dataset.size", [2, 4, 8, 16, 32, 64, 128, 256]), ("model.scale", [4, 8, 16]),
                ("seed", [0, 1, 2, 3]),
            ],
            [
                .of("memorization") { spec in
                    let at = at(Double(spec.integer("model.scale")), spec.integer("seed"))
                    let share = 1 / (1 + exp(-4 * (at - log(Double(spec.integer("dataset.size"))))))
                    return [MeasureRow(quantity: "copied", value: share, n: 256)]
                }
            ])
        return try BoundaryLaw(try SweepPoints(try sweep.reader, sweep: sweep.name))
    }

    private static let odd = [0.1, -0.1, 0.05, -0.05]

    /// N* = 3.3 to 4.8 in half of the rows, below 2 in the others: the likeliest line lies at the edge of the sizes, where
    /// nothing was measured.
    @Test func aLineBesideThePointsIsNotDrawn() throws {
        let law = try law { scale, seed in seed < 2 ? log(3.3 * pow(scale / 4, 0.27)) + Self.odd[seed] / 2 : -2 }
        #expect(law.inside.count == 6 && law.ofParameters != nil)
        #expect(law.line == nil && law.rows.allSatisfy { law.size(of: $0) == nil })
        let sentence = try #require(law.sentences.first)
        #expect(sentence.hasPrefix("The boundary's law is not determined: the best fit to all rows lies beside"))
        #expect(sentence.contains("before the smallest in 6") && !sentence.contains("P^"))
        let figure = BoundaryLawFigure(law: law)
        #expect(figure.absence == nil && figure.script.contains("The law is not determined."))
        #expect(!figure.script.contains("with lines") && !figure.script.contains("filledcurves"))
    }

    /// The line follows what was put in, though some of the largest scale's rows end beyond the sizes swept.
    @Test(arguments: [0.0, 0.2, 0.4]) func theLineGoesThroughThePoints(_ exponent: Double) throws {
        let law = try law { scale, seed in log(150) + exponent * log(scale * scale / 64) + 3 * Self.odd[seed] }
        #expect(law.inside.count == 12 - Int((exponent * 5).rounded()))
        #expect(abs(try #require(law.ofParameters).value - exponent) < 0.03)
        let line = try #require(law.line)
        for row in law.rows {
            let due = log(150) + exponent * log(Double(row.scale * row.scale) / 64)
            #expect(abs(due - (line.logarithm(of: row) ?? .infinity)) < 0.05)
        }
    }

    @Test func theBandHoldsTheLaw() throws {
        let law = try law { scale, seed in log(24) + 0.4 * log(scale * scale / 64) + Self.odd[seed] }
        for row in law.rows {
            let due = 24 * pow(Double(row.scale * row.scale) / 64, 0.4)
            let interval = try #require(law.interval(of: row))
            #expect(interval.low < due && due < interval.high && interval.high < 1.5 * interval.low)
            #expect(abs(try #require(law.size(of: row)) / due - 1) < 0.03)
        }
        let figure = BoundaryLawFigure(law: law)
        // One line, over the parameters, with its band; none over the length, of which there is one.
        #expect(figure.script.components(separatedBy: "with lines").count == 2)
        #expect(figure.script.components(separatedBy: "filledcurves").count == 2)
        #expect(figure.script.contains("bands: their 95 % intervals over replicates."))
        #expect(figure.script.contains("Rows lie"))
        #expect(abs(try #require(law.misfit) - 1.08) < 0.02)
        #expect(figure.table.columns.suffix(3) == ["law", "law_low", "law_high"])
    }

    /// The line ends where what was measured ends.
    @Test func theLineIsNotDrawnBeyondThePoints() throws {
        let law = try law { scale, seed in
            log(24) + 0.4 * log(scale * scale / 64) + Self.odd[seed] + (scale == 16 ? 9 : 0)
        }
        #expect(law.inside.count == 8 && law.rows.count == 12)
        guard law.line != nil else { return }
        let script = BoundaryLawFigure(law: law).script
        let line = try #require(script.firstMatch(of: /\$l0n0o0 << EOD\n((.|\n)*?)EOD/)).1.split(separator: "\n")
        #expect(line.compactMap { $0.split(separator: " ").first }.compactMap { Double($0) } == [1600, 6400])
    }

    // MARK: Why a figure is not drawn

    @Test func aFigureThatIsNotDrawnSaysWhy() throws {
        let sweep = try GivenSweep(
            [("dataset.size", [16, 64]), ("training.steps", [128, 256]), ("seed", [0, 1])],
            [
                .of("memorization") { _ in [MeasureRow(quantity: "copied", value: 0.9, n: 256)] },
                .of("linearity") { _ in [] },
            ])
        let analysis = Analysis(try sweep.reader, sweep: sweep.name, store: sweep.scratch.path)
        let result = try analysis.run(
            into: sweep.scratch.path, figures: [.phaseMap, .boundaryLaw, .linearity, .distances, .psnr, .trainingLoss])
        #expect(
            result.sentences.last == """
                Not drawn: phase-map (there are measurements of one model.scale only; see phase-map-by-length), boundary-law \
                (copying ends within the sizes swept nowhere), linearity (the measure linearity has given no ls yet), \
                training-loss (no worker has sent losses with its checkpoints), and, as the sweep does not ask for their \
                measures, distances, psnr (denoising).
                """)
        #expect(
            try analysis.run(into: sweep.scratch.path, figures: [.psnr]).sentences.last
                == "Not drawn: psnr (the sweep does not ask for the measure denoising).")
        #expect(
            try analysis.run(into: sweep.scratch.path, figures: [.psnr, .jacobian]).sentences.last
                == "Not drawn: as the sweep does not ask for their measures, psnr (denoising), jacobian.")
        #expect(result.missing == [.phaseMap, .boundaryLaw, .distances, .linearity, .psnr, .trainingLoss])
    }
}
