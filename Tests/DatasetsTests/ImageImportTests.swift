import ContentStore
import Datasets
import Foundation
import JobContract
import SweepModel
import TestSupport
import Testing

@testable import DatasetPreparation

/// What images in zips and folders become.
@Suite struct ImageImportTests {
    let folder: TestFolder
    let store: ContentStore

    init() throws {
        folder = try TestFolder()
        store = try ContentStore(directory: "\(folder.path)/store")
    }

    func load(_ source: String, _ resolution: Int, channels: Int = 1) throws -> (PreparedDataset, [UInt8]) {
        let prepared = try DatasetPreparer(depot: store).prepare(
            DatasetRequest(source: source, resolution: resolution, channels: channels))
        let file = try DatasetFile(path: try #require(store.location(of: prepared.digest)))
        #expect(file.count == prepared.images)
        #expect((file.channels, file.height, file.width) == (channels, resolution, resolution))
        return (prepared, try file.pixels(of: Array(0..<file.count)))
    }

    /// The area average by its definition: every result pixel sums the sub-pixels of a grid that is fine enough for both
    /// sizes.
    func average(_ rgb: [UInt8], width: Int, height: Int, size: Int, channels: Int) -> [UInt8] {
        let side = min(width, height)
        let (left, top) = ((width - side) / 2, (height - side) / 2)
        var result: [UInt8] = []
        for channel in 0..<channels {
            for y in 0..<size {
                for x in 0..<size {
                    var sum = 0
                    for fine in 0..<side * side {
                        let row = (y * side + fine / side) / size
                        let column = (x * side + fine % side) / size
                        let place = 3 * ((top + row) * width + left + column)
                        sum +=
                            channels == 3
                            ? 3 * Int(rgb[place + channel]) : rgb[place..<place + 3].reduce(0) { $0 + Int($1) }
                    }
                    result.append(UInt8((Double(sum) / Double(3 * side * side) + 0.5).rounded(.down)))
                }
            }
        }
        return result
    }

    @Test(arguments: [(8, 8, 8), (8, 8, 4), (13, 9, 4), (9, 14, 7), (25, 24, 5)], [1, 3])
    func squaresAreCroppedAndAveraged(sizes: (width: Int, height: Int, to: Int), channels: Int) throws {
        let rgb = ImageFiles.noise(3, count: 3 * sizes.width * sizes.height)
        let png = try ImageFiles.png(rgb, width: sizes.width, height: sizes.height, channels: 3)
        try folder.write(png, "images/a.png")
        let (_, pixels) = try load("\(folder.path)/images", sizes.to, channels: channels)
        #expect(
            pixels
                == average(rgb, width: sizes.width, height: sizes.height, size: sizes.to, channels: channels))
    }

    @Test func greyAndColourAreConverted() throws {
        // Grey to colour repeats; opaque alpha is ignored; colour to grey is the mean of the channels.
        try folder.write(try ImageFiles.png([7], width: 1, height: 1, channels: 1), "images/a.png")
        try folder.write(try ImageFiles.png([1, 2, 9, 255], width: 1, height: 1, channels: 4), "images/b.png")
        #expect(try load("\(folder.path)/images", 1, channels: 3).1 == [7, 7, 7, 1, 2, 9])
        #expect(try load("\(folder.path)/images", 1, channels: 1).1 == [7, 4])
    }

    @Test func jpegsAreRead() throws {
        var rgb: [UInt8] = []
        for y in 0..<32 {
            for x in 0..<32 { rgb += [UInt8(8 * x), UInt8(8 * y), 90] }
        }
        try folder.write(try ImageFiles.jpeg(rgb, width: 32, height: 32), "images/a.jpeg")
        let (_, pixels) = try load("\(folder.path)/images", 16, channels: 3)
        let expected = average(rgb, width: 32, height: 32, size: 16, channels: 3)
        // Quality 95 on a smooth ramp stays within a few levels.
        #expect(zip(pixels, expected).allSatisfy { abs(Int($0) - Int($1)) <= 6 })
    }

    @Test func zipsAndFoldersGiveTheSameFile() throws {
        var images: [(name: String, bytes: [UInt8])] = []
        for seed in 0..<6 {
            let pixels = ImageFiles.noise(UInt64(seed), count: 64)
            let name = (seed % 2 == 0 ? "b/" : "a/") + "\(9 - seed).png"
            images.append((name, try ImageFiles.png(pixels, width: 8, height: 8, channels: 1)))
        }
        for (name, bytes) in images { try folder.write(bytes, "images/\(name)") }
        try ImageFiles.zip(images, to: "\(folder.path)/deflated.zip")
        try ImageFiles.zip(images.reversed(), to: "\(folder.path)/stored.zip", stored: true)
        let (fromFolder, pixels) = try load("\(folder.path)/images", 8)
        #expect(try load("\(folder.path)/deflated.zip", 8).0 == fromFolder)
        #expect(try load("\(folder.path)/stored.zip", 8).0 == fromFolder)
        // The order is by name: a/4 (seed 5), a/6, a/8, b/5, b/7, b/9 (seed 0).
        #expect(pixels == [5, 3, 1, 4, 2, 0].flatMap { ImageFiles.noise($0, count: 64) })
    }

    @Test func exactDuplicatesAreDropped() throws {
        // A PNG of colour and one of grey are equal after conversion.
        let grey = ImageFiles.noise(4, count: 16)
        try folder.write(try ImageFiles.png(grey, width: 4, height: 4, channels: 1), "images/a.png")
        try folder.write(
            try ImageFiles.png(ImageFiles.noise(5, count: 16), width: 4, height: 4, channels: 1), "images/b.png")
        try folder.write(
            try ImageFiles.png(grey.flatMap { [$0, $0, $0] }, width: 4, height: 4, channels: 3), "images/c.png")
        let (prepared, pixels) = try load("\(folder.path)/images", 4)
        #expect(prepared.account.equal + prepared.account.alike == 1)
        #expect(pixels == grey + ImageFiles.noise(5, count: 16))
    }

    /// A brighter image of more contrast, a negative, and one with a little noise are all nearly the first.
    @Test func nearDuplicatesGoWhereThatIsAskedFor() throws {
        let side = 24
        let first = ImageFiles.noise(1, count: side * side).map { $0 / 4 + 60 }
        let images: [[UInt8]] = [
            first, ImageFiles.noise(2, count: side * side), first.map { 2 * ($0 - 50) }, first.map { 255 - $0 },
            zip(first, ImageFiles.noise(3, count: side * side)).map { $0 + $1 / 64 },
            [UInt8](repeating: 9, count: side * side), [UInt8](repeating: 99, count: side * side),
        ]
        for (number, image) in images.enumerated() {
            try folder.write(
                try ImageFiles.png(image, width: side, height: side, channels: 1), "images/\(number).png")
        }
        let request = DatasetRequest(source: "\(folder.path)/images", resolution: side, channels: 1)
        var thinned = request
        thinned.parameters["deduplicate"] = true
        let preparer = DatasetPreparer(depot: store)
        #expect(try preparer.prepare(request).images == 7)
        let prepared = try preparer.prepare(thinned)
        #expect(prepared.account.equal + prepared.account.alike == 3)
        let file = try DatasetFile(path: try #require(store.location(of: prepared.digest)))
        #expect(try file.pixels(of: Array(0..<file.count)) == [0, 1, 5, 6].flatMap { images[$0] })
    }

    /// Compares what stays with correlations by their definition, over several blocks of the kernel.
    @Test func thoseThatStayAreAllUnlike() throws {
        var rows = NearDuplicates()
        var images: [[Double]] = []
        for number in 0..<100 {
            // The pixels are of seven kinds, with noise: many images are alike.
            let pixels = zip(
                ImageFiles.noise(UInt64(number % 7) + 1, count: 400), ImageFiles.noise(UInt64(number) + 9, count: 400)
            )
            .map { $0 / 2 + $1 / UInt8(7 + number % 5) }
            images.append(pixels.map { Double($0) })
            rows.add(.init(width: 20, height: 20, rgb: pixels.flatMap { [$0, $0, $0] }))
        }
        func correlation(_ a: Int, _ b: Int) -> Double {
            let (x, y) = (images[a], images[b])
            let (mx, my) = (x.reduce(0, +) / 400, y.reduce(0, +) / 400)
            let product = zip(x, y).reduce(0) { $0 + ($1.0 - mx) * ($1.1 - my) }
            return product
                / (x.reduce(0) { $0 + ($1 - mx) * ($1 - mx) } * y.reduce(0) { $0 + ($1 - my) * ($1 - my) }).squareRoot()
        }
        var expected: [Int] = []
        for number in 0..<100 where !expected.contains(where: { abs(correlation($0, number)) > 0.95 }) {
            expected.append(number)
        }
        #expect(rows.kept(Array(0..<100)) == expected)
        #expect((8..<99).contains(expected.count))
    }

    /// Images that are alike at 20×20 pixels are alike whatever size they are kept at: these differ by what 8×8 pixels
    /// hardly show.
    @Test(arguments: [8, 20, 40]) func nearDuplicatesAreFoundAlikeAtEveryResolution(resolution: Int) throws {
        let side = 40
        let coarse = ImageFiles.noise(1, count: 64)
        // An image has blocks of 5×5 pixels, and on them a pattern that vanishes in blocks of 5×5 but not in those of 2×2.
        func image(_ detail: Int) -> [UInt8] {
            let fine = ImageFiles.noise(UInt64(detail) + 2, count: 64)
            return (0..<side * side).map { place in
                let (y, x) = place.quotientAndRemainder(dividingBy: side)
                let wave = [2, -1, -1, 2, -2][(x + detail) % 5] * 50
                let block = y / 5 * 8 + x / 5
                return UInt8(100 + Int(coarse[block] / 16) + Int(fine[block] / 128) + wave)
            }
        }
        for detail in 0..<3 {
            try folder.write(
                try ImageFiles.png(image(detail), width: side, height: side, channels: 1), "images/\(detail).png")
        }
        var request = DatasetRequest(source: "\(folder.path)/images", resolution: resolution, channels: 1)
        request.parameters["deduplicate"] = true
        let prepared = try DatasetPreparer(depot: store).prepare(request)
        #expect(prepared.images == 3)
    }

    /// Samples of 16 bits are averaged first, then rounded to the nearest byte, a byte b being the word 257·b.
    @Test(arguments: [1, 2], [1, 3]) func deepSamplesAreRounded(factor: Int, channels: Int) throws {
        let side = 8
        let bytes = ImageFiles.noise(5, count: 2 * channels * side * side)
        let png = try ImageFiles.png(bytes, width: side, height: side, channels: channels, depth: 16)
        try folder.write(png, "images/a.png")
        let small = side / factor
        let (_, pixels) = try load("\(folder.path)/images", small, channels: channels)
        var expected: [UInt8] = []
        for channel in 0..<channels {
            for y in 0..<small {
                for x in 0..<small {
                    var sum = 0
                    for part in 0..<factor * factor {
                        let (row, column) = (y * factor + part / factor, x * factor + part % factor)
                        let place = 2 * ((row * side + column) * channels + channel)
                        sum += Int(bytes[place]) << 8 | Int(bytes[place + 1])
                    }
                    expected.append(UInt8((Double(sum) / Double(257 * factor * factor) + 0.5).rounded(.down)))
                }
            }
        }
        #expect(pixels == expected)
        if factor == 1 && channels == 1 {
            #expect(pixels != stride(from: 0, to: bytes.count, by: 2).map { bytes[$0] }, "as if cut off")
        }
    }

    @Test func deepSamplesAreEnlarged() throws {
        // 0.2 and 0.9 of a byte above 100: a quarter and three quarters of the way between them.
        let words = [25751, 25931].flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] }
        try folder.write(
            try ImageFiles.png(words + words, width: 2, height: 2, channels: 1, depth: 16), "images/a.png")
        #expect(
            try load("\(folder.path)/images", 4).1 == Array(repeating: [100, 100, 101, 101], count: 4).flatMap { $0 })
    }

    @Test func imagesThatAreEnlargedAreCounted() throws {
        for (number, side) in [8, 4, 16].enumerated() {
            let pixels = ImageFiles.noise(UInt64(number), count: side * side)
            try folder.write(try ImageFiles.png(pixels, width: side, height: side, channels: 1), "images/\(number).png")
        }
        let source = "\(folder.path)/images"
        for (resolution, count) in [(4, 0), (8, 1), (12, 2)] {
            let request = DatasetRequest(source: source, resolution: resolution, channels: 1)
            #expect(try DatasetPreparer(depot: store).identify(request).account.enlarged == count)
        }
    }

    @Test func companionsAreSkippedByName() throws {
        let png = try ImageFiles.png([1, 2, 3, 4], width: 2, height: 2, channels: 1)
        try ImageFiles.zip(
            [
                ("faces/", []), ("faces/1.png", png), ("faces/.DS_Store", [0]), ("__MACOSX/faces/._1.png", [1]),
                ("faces/Thumbs.db", [3]), ("README", [65]), ("README.md", [65]), ("list.txt", [66]),
                ("labels.csv", [66]), ("dataset.json", [67]),
            ], to: "\(folder.path)/faces.zip")
        #expect(try load("\(folder.path)/faces.zip", 2).1 == [1, 2, 3, 4])
    }
}
