import Foundation
import Testing

/// Runs every reader that `scripts/fuzz` attacks on what it reads in real life, whole and a little damaged.
struct SeedTests {
    /// How many damaged copies of each seed are read.
    private static let copies = ProcessInfo.processInfo.environment["EIGENSWEEP_DAMAGED"].flatMap { Int($0) } ?? 100

    @Test(arguments: FuzzTarget.all.map(\.name))
    func damagedInputsAreReadOrRefused(name: String) throws {
        let target = try #require(FuzzTarget.all.first { $0.name == name })
        let scratch = FuzzScratch()
        var random = Draws(state: 1)
        for seed in try target.seeds() {
            target.run(seed, scratch)
            for _ in 0..<Self.copies * target.damages / 100 { target.run(random.damaged(seed), scratch) }
        }
    }
}

/// Inputs that once broke a promise.
struct FoundInputTests {
    @Test(arguments: [
        // A colleague's catalogue lacks two of its trainings.
        ("catalogues", "AIMHAwAAgwcDAAcF")
    ]) func whatOnceBrokeAPromiseDoesNot(name: String, input: String) throws {
        let target = try #require(FuzzTarget.all.first { $0.name == name })
        target.run(Array(try #require(Data(base64Encoded: input))), FuzzScratch())
    }
}

/// Draws that damage alike in every run (splitmix64).
private struct Draws: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    /// Exchanges, takes out or puts in one to four bytes, or cuts off everything behind a place.
    mutating func damaged(_ seed: [UInt8]) -> [UInt8] {
        var bytes = seed
        for _ in 0..<Int.random(in: 1...4, using: &self) where !bytes.isEmpty {
            let place = Int.random(in: bytes.indices, using: &self)
            let byte = UInt8.random(in: 0...255, using: &self)
            switch Int.random(in: 0..<8, using: &self) {
            case 0: bytes.removeSubrange(place...)
            case 1, 2: bytes.remove(at: place)
            case 3, 4: bytes.insert(byte, at: place)
            default: bytes[place] = byte
            }
        }
        return bytes
    }
}
