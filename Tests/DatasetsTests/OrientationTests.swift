import ContentStore
import Datasets
import Foundation
import SweepModel
import TestSupport
import Testing

@testable import DatasetPreparation

/// Photographs are read as viewers show them, turned as their Exif orientation says.
@Suite struct OrientationTests {
    /// A TIFF structure whose first directory has an orientation among other entries.
    static func exif(_ orientation: Int, isBigEndian: Bool, type: Int = 3, mark: Int = 42) -> [UInt8] {
        func number(_ value: Int, _ count: Int) -> [UInt8] {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
            return isBigEndian ? bytes.reversed() : bytes
        }
        func entry(_ tag: Int, _ type: Int, _ value: Int) -> [UInt8] {
            let size = [1: 1, 3: 2, 4: 4][type] ?? 4
            return number(tag, 2) + number(type, 2) + number(1, 4) + number(value, size)
                + [UInt8](repeating: 0, count: 4 - size)
        }
        return Array((isBigEndian ? "MM" : "II").utf8) + number(mark, 2) + number(8, 4) + number(2, 2)
            + entry(0x0100, 4, 3) + entry(0x0112, type, orientation) + number(0, 4)
    }

    static func segment(_ marker: UInt8, _ content: [UInt8]) -> [UInt8] {
        [0xFF, marker, UInt8((content.count + 2) >> 8), UInt8((content.count + 2) & 255)] + content
    }

    static func jpegSegments(_ exif: [UInt8]) -> [UInt8] {
        // Cameras and editors write other segments before and after it.
        segment(0xE1, Array("http://ns.adobe.com/xap/1.0/\0<x/>".utf8)) + [0xFF]
            + segment(0xE1, Array("Exif\0\0".utf8) + exif) + segment(0xFE, Array("made by hand".utf8))
    }

    /// The rows of the image "1 2 3 / 4 5 6" as it is seen with each orientation (Exif 3.0, 4.6.5.1.7: which side of the
    /// scene row 0 and column 0 are).
    static let seen: [(orientation: Int, rows: [[UInt8]])] = [
        (1, [[1, 2, 3], [4, 5, 6]]), (2, [[3, 2, 1], [6, 5, 4]]), (3, [[6, 5, 4], [3, 2, 1]]),
        (4, [[4, 5, 6], [1, 2, 3]]), (5, [[1, 4], [2, 5], [3, 6]]), (6, [[4, 1], [5, 2], [6, 3]]),
        (7, [[6, 3], [5, 2], [4, 1]]), (8, [[3, 6], [2, 5], [1, 4]]),
        // A number that is no orientation changes nothing.
        (0, [[1, 2, 3], [4, 5, 6]]), (9, [[1, 2, 3], [4, 5, 6]]),
    ]

    @Test(arguments: seen, [false, true]) func pngsAreTurned(
        seen: (orientation: Int, rows: [[UInt8]]), isBigEndian: Bool
    ) throws {
        let exif = Self.exif(seen.orientation, isBigEndian: isBigEndian)
        for depth in [8, 16] {
            let samples = (1...6).flatMap { [UInt8](repeating: $0, count: depth / 8) }
            let image = try ImageDecoder.decode(
                try ImageFiles.png(samples, width: 3, height: 2, channels: 1, depth: depth, exif: exif))
            #expect((image.width, image.height) == (seen.rows[0].count, seen.rows.count))
            let bytes = seen.rows.flatMap { $0 }.flatMap { [UInt8](repeating: $0, count: 3 * depth / 8) }
            #expect(image.rgb == bytes)
            #expect(image.isTurned == (2...8).contains(seen.orientation))
        }
    }

    @Test(arguments: seen, [1, 3, 4]) func jpegsAreTurned(
        seen: (orientation: Int, rows: [[UInt8]]), type: Int
    ) throws {
        // Blocks of 16 pixels with one grey level each survive compression.
        let side = 16
        var rgb: [UInt8] = []
        for y in 0..<2 * side {
            for x in 0..<3 * side {
                let level = y / side * 3 + x / side + 1
                rgb += [UInt8](repeating: UInt8(30 * level), count: 3)
            }
        }
        let exif = Self.exif(seen.orientation, isBigEndian: type != 3, type: type)
        let image = try ImageDecoder.decode(
            try ImageFiles.jpeg(
                rgb, width: 3 * side, height: 2 * side, segments: Self.jpegSegments(exif)))
        #expect((image.width, image.height) == (side * seen.rows[0].count, side * seen.rows.count))
        for (row, levels) in seen.rows.enumerated() {
            for (column, level) in levels.enumerated() {
                let (y, x) = (row * side + side / 2, column * side + side / 2)
                let place = 3 * (y * image.width + x)
                #expect(abs(Int(image.rgb[place]) - 30 * Int(level)) <= 2)
            }
        }
    }

    /// An Exif segment that cannot be read says nothing, to viewers too.
    @Test func damagedExifIsPassedOver() throws {
        let whole = Self.exif(6, isBigEndian: true)
        var damaged = (0..<whole.count).map { Array(whole.prefix($0)) }
        damaged += [
            Self.exif(6, isBigEndian: true, mark: 43), Self.exif(6, isBigEndian: false, type: 2),
            [0x4D, 0x4D, 0, 42, 255, 255, 255, 255], [0x4D, 0x4D, 0, 42, 0, 0, 0, 8, 255, 255],
        ]
        let tag = 8 + 2 + 12 + 10
        for exif in damaged where exif.count < tag || exif.count == whole.count {
            let png = try ImageFiles.png([1, 2], width: 2, height: 1, channels: 1, exif: exif)
            #expect(Orientation(png: png) == .upright)
            #expect(Orientation(jpeg: [0xFF, 0xD8] + Self.jpegSegments(exif)) == .upright)
        }
        #expect(Orientation(jpeg: [0xFF, 0xD8] + Self.jpegSegments(whole)) == .turnedLeft)
        // Neither a segment behind the scan's beginning counts, nor one that is cut off.
        #expect(Orientation(jpeg: [0xFF, 0xD8, 0xFF, 0xDA] + Self.jpegSegments(whole)) == .upright)
        #expect(Orientation(jpeg: [0xFF, 0xD8, 0xFF, 0xE1, 0xFF, 0xFF] + Array("Exif\0\0".utf8) + whole) == .upright)
    }

    @Test func whatIsTurnedIsSaidAndCropped() throws {
        let folder = try TestFolder()
        let store = try ContentStore(directory: "\(folder.path)/store")
        let upright = try ImageFiles.png([1, 2, 3, 4, 5, 6], width: 3, height: 2, channels: 1)
        let sideways = try ImageFiles.png(
            [1, 2, 3, 4, 5, 6], width: 3, height: 2, channels: 1, exif: Self.exif(6, isBigEndian: true))
        try folder.write(upright, "images/a.png")
        try folder.write(sideways, "images/b.png")
        let request = DatasetRequest(source: "\(folder.path)/images", resolution: 2, channels: 1)
        let prepared = try DatasetPreparer(depot: store).prepare(request)
        #expect(prepared.account.turned == 1)
        #expect(prepared.account.lines(request).contains { $0.contains("1 is turned") })
        let file = try DatasetFile(path: try #require(store.location(of: prepared.digest)))
        #expect(try file.pixels(of: [0, 1]) == [1, 2, 4, 5, 4, 1, 5, 2])
    }
}
