import Foundation
import JobContract

/// For schedules in which workers write bytes into files and frames go over links: where the files are, and which bytes are
/// lost or damaged.
final class ByteLayer {
    /// A stream of its own, so that the rest of a schedule does not depend on it.
    var random: SeededRandom
    private let folder: URL
    private var files = 0

    init(seed: UInt64) throws {
        random = SeededRandom(seed: seed ^ 0xB17E5)
        folder = try Self.newFolder()
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// Makes a folder, in memory where the machine offers that.
    static func newFolder() throws -> URL {
        let memory = URL(fileURLWithPath: "/dev/shm")
        let parent =
            FileManager.default.isWritableFile(atPath: memory.path) ? memory : FileManager.default.temporaryDirectory
        let folder = parent.appendingPathComponent("eigensweep-simulation-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }

    func newLines() -> SimulatedLines {
        files += 1
        return SimulatedLines(path: folder.appendingPathComponent("\(files)").path)
    }

    /// The line with one byte changed: to one that no text has, to one that JSON has only within strings, or to a line's
    /// end. The changed byte may be the line's own end.
    func damaged(_ line: [UInt8]) -> [UInt8] {
        var line = line
        let place = random.pick(0...line.count - 1)
        let others: [UInt8] = [0, 1, 10, 0xFF].filter { $0 != line[place] }
        line[place] = others[random.pick(0...others.count - 1)]
        return line
    }
}
