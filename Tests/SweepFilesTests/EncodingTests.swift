import Foundation
import SweepModel
import Testing

@testable import SweepFiles

/// Files that people write are read as their editors save them.
@Suite struct EncodingTests {
    static let text = "name: café\ndataset: {source: sines, size: 16}\ntraining: {steps: 5}\nmodel: {scale: 4}\n"

    static func units<Unit: FixedWidthInteger>(_ units: some Sequence<Unit>, big: Bool) -> [UInt8] {
        units.flatMap { unit in
            withUnsafeBytes(of: big ? unit.bigEndian : unit.littleEndian) { Array($0) }
        }
    }

    static func marked(_ text: String) -> [(name: String, bytes: [UInt8])] {
        let scalars = text.unicodeScalars.map(\.value)
        return [
            ("UTF-8", [0xEF, 0xBB, 0xBF] + Array(text.utf8)),
            ("UTF-16, little", [0xFF, 0xFE] + units(text.utf16, big: false)),
            ("UTF-16, big", [0xFE, 0xFF] + units(text.utf16, big: true)),
            ("UTF-32, little", [0xFF, 0xFE, 0, 0] + units(scalars, big: false)),
            ("UTF-32, big", [0, 0, 0xFE, 0xFF] + units(scalars, big: true)),
        ]
    }

    private func file(_ bytes: [UInt8]) throws -> String {
        let path = NSTemporaryDirectory() + "eigensweep-\(UUID().uuidString)"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return path
    }

    @Test func sweepsAreReadAsTheirByteOrderMarkSays() throws {
        for (name, bytes) in Self.marked(Self.text) {
            let path = try file(bytes)
            defer { unlink(path) }
            let sweep = try SweepFile(contentsOf: path)
            #expect(sweep.name == "café", "\(name)")
            #expect(sweep.text == Self.text, "\(name)")
        }
    }

    @Test(arguments: ["local\nnode[1-2]\n", "hosts: [local, 'node[1-2]']\n"])
    func hostsAreReadAsTheirByteOrderMarkSays(text: String) throws {
        for (name, bytes) in Self.marked(text) {
            let path = try file(bytes)
            defer { unlink(path) }
            #expect(try HostsFile.read(path).map(\.name) == ["local", "node1", "node2"], "\(name)")
        }
    }

    @Test func whatIsNoTextIsRefused() throws {
        // These texts lack a mark, end within a unit, have a lone surrogate, are Latin 1, or have zeros.
        let odd: [[UInt8]] = [
            Self.units(Self.text.utf16, big: false), [0xFF, 0xFE, 0x61], [0xFF, 0xFE, 0, 0xD8],
            Array("caf".utf8) + [0xE9],
            [0x61, 0, 0x62], [0xFF, 0xFE, 0, 0, 0, 0, 0x11, 0],
        ]
        for bytes in odd {
            let path = try file(bytes)
            defer { unlink(path) }
            let error = #expect(throws: SweepFileError.self) { try SweepFile(contentsOf: path) }
            #expect(error?.description.contains("expected UTF-8, or UTF-16") == true, "\(bytes.prefix(8))")
        }
    }
}
