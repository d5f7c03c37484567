import CPowerLoss
import Foundation
import JobContract
import SweepModel
import Testing

@testable import ResultCatalogue

/// A commit survives a loss of power, after which only what was synchronised is left.
@Suite struct CataloguePowerLossTests {
    let scratch: Scratch

    init() throws {
        scratch = try Scratch()
        try FileManager.default.createDirectory(atPath: scratch.path + "/disk", withIntermediateDirectories: true)
    }

    @Test(arguments: ["", "/home/sweeps"]) func everyCommitOfANewCatalogueIsThere(directory: String) throws {
        let disk = try #require(power_loss_watch(scratch.path + "/disk"))
        defer { power_loss_end(disk) }
        let name = directory + "/catalogue.sqlite"
        let catalogue = try Catalogue(path: scratch.path + "/disk" + name)
        let sweep = Fixture.sweep()
        try catalogue.store(sweep)
        try catalogue.beginGeneration()
        for (index, trial) in sweep.trials.enumerated() {
            let attempt = AttemptNumber(index + 1)
            try catalogue.commit([
                .attemptIntended(Fixture.attempt(index + 1, [trial])),
                .milestone(trial.training, trial.id, attempt, Fixture.checkpoint(trial)),
                .measured(attempt, Fixture.memorized(trial, glScore: 0.2, copied: 0.9)),
            ])
            let left = scratch.path + "/left-\(index)"
            #expect(power_loss_restore(disk, left) == 0)
            let reopened = try Catalogue(path: left + name)
            #expect(reopened.id == catalogue.id && reopened.generation == catalogue.generation)
            #expect(try reopened.reader.nextAttemptNumber() == AttemptNumber(index + 2))
            for table in ["milestone", "measured"] {
                #expect(
                    try reopened.reader.rows("SELECT count(*) FROM \(table)").rows == [[.integer(Int64(index + 1))]])
            }
        }
    }
}
