import Foundation
import JobContract
import SweepModel
import Testing

@testable import ResultCatalogue

/// Copies of a catalogue with a damaged stretch of 1 to 4 096 bytes, and what they answer.
struct DamagedCopies {
    private static let questions = [
        "SELECT count(*), sum(value), sum(stderr) FROM measurements",
        "SELECT dataset_size, quantity, sigma, avg(value), count(*) FROM measurements JOIN trials USING (trial_id) "
            + "GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
        "SELECT trial_id, state, spec FROM trials ORDER BY 1",
        "SELECT value FROM measurements WHERE quantity = 'gl_score' ORDER BY 1 DESC LIMIT 5",
    ]

    private let folder: String
    private let whole: Data
    private let answers: [[[CatalogueValue]]]

    init(in folder: String) throws {
        self.folder = folder
        let path = folder + "/whole.sqlite"
        do {
            let catalogue = try Catalogue(path: path)
            let sweep = Fixture.sweep(sizes: Array(1...100), scales: [4], steps: [256])
            try catalogue.store(sweep)
            for (index, trial) in sweep.trials.enumerated() {
                try catalogue.commit(Self.measured(trial, attempt: index + 1))
            }
        }
        whole = try #require(FileManager.default.contents(atPath: path))
        answers = try Self.ask(path)
    }

    static func measured(_ trial: Trial, attempt: Int) -> [CatalogueChange] {
        [
            .attemptIntended(Fixture.attempt(attempt, [trial])),
            .milestone(trial.training, trial.id, AttemptNumber(attempt), Fixture.checkpoint(trial)),
            .measured(AttemptNumber(attempt), Fixture.memorized(trial, glScore: Double(attempt) / 7, copied: 0.25)),
            .measured(AttemptNumber(attempt), Fixture.distances(trial, scale: Double(attempt) / 300)),
        ]
    }

    private static func ask(_ path: String) throws -> [[[CatalogueValue]]] {
        let reader = try CatalogueReader(path: path)
        return try questions.map { try reader.rows($0).rows }
    }

    /// Records an issue for each copy that answers otherwise than the whole one, and for copies that fail in other words
    /// than those for people.
    func tryOut(_ copies: Int, seed: UInt64) throws {
        var random = SeededNumbers(state: seed)
        let path = folder + "/copy.sqlite"
        var refused = 0
        for copy in 0..<copies {
            var bytes = whole
            damage(&bytes, &random)
            try bytes.write(to: URL(fileURLWithPath: path))
            do {
                let found = try Self.ask(path)
                #expect(found == answers, "copy \(copy) of seed \(seed) answers wrongly")
            } catch is CatalogueError {
                refused += 1
            }
        }
        // Most stretches touch a page that is read; some do not.
        #expect(refused > copies / 2)
    }

    /// Damages a stretch: by noise, by zeros, by a piece of another place, or in one bit.
    private func damage(_ bytes: inout Data, _ random: inout SeededNumbers) {
        let count = Int.random(in: 1...4096, using: &random)
        let start = Int.random(in: 0...bytes.count - count, using: &random)
        let stretch = start..<start + count
        switch Int.random(in: 0..<5, using: &random) {
        case 0, 1:
            for place in stretch { bytes[place] = UInt8.random(in: 0...255, using: &random) }
        case 2: bytes.replaceSubrange(stretch, with: Data(count: count))
        case 3:
            let other = Int.random(in: 0...bytes.count - count, using: &random)
            bytes.replaceSubrange(stretch, with: Data(bytes[other..<other + count]))
        default: bytes[start] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        }
    }
}

/// Numbers that are the same for a seed in every run.
struct SeededNumbers: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return (state ^ state >> 31) &* 0x9E37_79B9_7F4A_7C15
    }
}
