import ContentStore
import DatasetPreparation
import Datasets
import JobContract
import SweepModel
import TestSupport
import Testing

/// Enlarged and shuffled images.
@Suite struct ResamplingTests {
    let folder: TestFolder
    let store: ContentStore

    init() throws {
        folder = try TestFolder()
        store = try ContentStore(directory: "\(folder.path)/store")
    }

    func pixels(_ resolution: Int, channels: Int = 1, isShuffled: Bool = false) throws -> [UInt8] {
        let prepared = try DatasetPreparer(depot: store).prepare(
            DatasetRequest(
                source: "\(folder.path)/images", resolution: resolution, channels: channels,
                parameters: ["shuffle": .bool(isShuffled)]))
        let file = try DatasetFile(path: try #require(store.location(of: prepared.digest)))
        return try file.pixels(of: Array(0..<file.count))
    }

    /// Linear interpolation between pixel centres by its definition, in floating point.
    func interpolated(_ rgb: [UInt8], side: Int, size: Int, channel: Int) -> [Double] {
        func taps(_ o: Int) -> (Int, Int, Double) {
            let place = max(0, (Double(o) + 0.5) * Double(side) / Double(size) - 0.5)
            let near = min(Int(place), side - 1)
            return (near, min(near + 1, side - 1), place - Double(near))
        }
        func value(_ y: Int, _ x: Int) -> Double { Double(rgb[3 * (y * side + x) + channel]) }
        return (0..<size * size).map { place in
            let (top, bottom, down) = taps(place / size)
            let (left, right, across) = taps(place % size)
            return (1 - down) * ((1 - across) * value(top, left) + across * value(top, right))
                + down * ((1 - across) * value(bottom, left) + across * value(bottom, right))
        }
    }

    @Test(arguments: [(28, 32), (5, 64), (1, 8), (7, 8)]) func smallImagesAreEnlarged(side: Int, size: Int) throws {
        let rgb = ImageFiles.noise(3, count: 3 * side * side)
        try folder.write(try ImageFiles.png(rgb, width: side, height: side, channels: 3), "images/a.png")
        let colour = try pixels(size, channels: 3)
        let planes = (0..<3).map { interpolated(rgb, side: side, size: size, channel: $0) }
        for (found, wanted) in zip(colour, planes.joined()) { #expect(abs(Double(found) - wanted) <= 0.5 + 1e-9) }
        for (place, found) in try pixels(size).enumerated() {
            let mean = (planes[0][place] + planes[1][place] + planes[2][place]) / 3
            #expect(abs(Double(found) - mean) <= 0.5 + 1e-9)
        }
    }

    @Test func shufflingIsOnePermutationForAll() throws {
        let (first, second) = (ImageFiles.noise(1, count: 3 * 64), ImageFiles.noise(2, count: 3 * 64))
        try folder.write(try ImageFiles.png(first, width: 8, height: 8, channels: 3), "images/a.png")
        try folder.write(try ImageFiles.png(second, width: 8, height: 8, channels: 3), "images/b.png")
        let (plain, shuffled) = (try pixels(8, channels: 3), try pixels(8, channels: 3, isShuffled: true))
        // The values of each place in both images and all channels, wherever the place went.
        func columns(_ pixels: [UInt8]) -> [[UInt8]] { (0..<64).map { p in (0..<6).map { pixels[64 * $0 + p] } } }
        #expect(plain != shuffled)
        func ordered(_ columns: [[UInt8]]) -> [[UInt8]] { columns.sorted { $0.lexicographicallyPrecedes($1) } }
        #expect(ordered(columns(plain)) == ordered(columns(shuffled)))
        #expect(zip(columns(plain), columns(shuffled)).count { $0 == $1 } < 8)
    }
}
