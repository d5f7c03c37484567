import Foundation
import JobContract
import ResultCatalogue
import SweepModel

extension RealCatalogue {
    func merge(_ foreign: ForeignResults) throws -> [AttemptNumber: AttemptNumber] {
        let opened = try Catalogue(path: path, clock: wall.now)
        try opened.store(sweep)
        if foreign.isAdoption { return try adopt(foreign, in: opened) }
        let other = try self.foreign[foreign.number] ?? Self.holding(foreign, of: sweep)
        self.foreign[foreign.number] = other
        let reader = try CatalogueReader(path: other.path)
        let outcome = try opened.merge(reader, states: foreign.bringsFiles)
        guard outcome.refused.isEmpty, outcome.misnamed.isEmpty, outcome.otherSweeps.isEmpty, outcome.sweeps.isEmpty
        else { throw CatalogueRefusal(description: "a merge left something out: \(outcome)") }
        let pairs = try opened.reader.rows(
            "SELECT number, attempt FROM merged_attempt WHERE catalogue = '\(reader.id)'")
        return pairs.rows.reduce(into: [:]) {
            $0[AttemptNumber($1[0].integer ?? 0)] = AttemptNumber($1[1].integer ?? 0)
        }
    }

    /// A file with an empty catalogue, made once for all runs. Every foreign catalogue begins as a copy of it, so that all
    /// have one identity and differ by the numbers of their attempts.
    private static let empty = Result {
        let directory = try ByteLayer.newFolder()
        defer { try? FileManager.default.removeItem(at: directory) }
        let file = directory.appendingPathComponent("catalogue.sqlite")
        _ = try Catalogue(path: file.path)
        return try Data(contentsOf: file)
    }

    private static func holding(_ foreign: ForeignResults, of sweep: ExpandedSweep) throws -> RealCatalogue {
        let other = try RealCatalogue(sweep, diskSeed: nil)
        try empty.get().write(to: URL(fileURLWithPath: other.path))
        let opened = try Catalogue(path: other.path)
        try opened.store(sweep)
        for attempt in foreign.attempts {
            try opened.commit(foreign.changes(of: attempt, as: attempt.record.attempt))
        }
        return other
    }

    private func adopt(_ foreign: ForeignResults, in opened: Catalogue) throws -> [AttemptNumber: AttemptNumber] {
        for attempt in foreign.attempts {
            let training = attempt.record.training
            if try opened.reader.holdings(of: [training]).milestones[training] == nil {
                try opened.commit(foreign.changes(of: attempt, as: opened.reader.nextAttemptNumber()))
            }
            let left = try opened.reader.holdings(of: [training]).milestones[training]?.first?.attempt
            if let left { return [attempt.record.attempt: left] }
        }
        return [:]
    }
}
