import Foundation

/// Feeds hostile inputs to everything that reads what Eigensweep did not write itself, by libFuzzer.
///
/// `eigensweep-fuzz list`, `eigensweep-fuzz seeds TARGET DIRECTORY`, or `eigensweep-fuzz TARGET [libFuzzer options]`.
/// An input that crashes, takes more than a second of processor time or more than 512 MB, or breaks a target's
/// promise ends the program; libFuzzer then writes it to a file.
@main
struct Fuzz {
    nonisolated(unsafe) private static var target = FuzzTarget.all[0]
    private static let scratch = FuzzScratch()

    static func main() throws {
        let arguments = CommandLine.arguments
        if arguments.count == 2, arguments[1] == "list" {
            for target in FuzzTarget.all { print(target.name) }
            return
        }
        let isSeeding = arguments.count == 4 && arguments[1] == "seeds"
        let name = isSeeding ? arguments[2] : arguments.dropFirst().first ?? ""
        guard let chosen = FuzzTarget.all.first(where: { $0.name == name }) else {
            print("error: no target '\(name)'; there are \(FuzzTarget.all.map(\.name).joined(separator: ", "))")
            exit(2)
        }
        target = chosen
        if isSeeding {
            for (index, seed) in try chosen.seeds().enumerated() {
                try Data(seed).write(to: URL(fileURLWithPath: "\(arguments[3])/seed-\(index)"))
            }
            return
        }
        try drive([arguments[0], "-max_len=\(chosen.longest)"] + arguments.dropFirst(2))
    }

    private static func drive(_ arguments: [String]) throws {
        var strings: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        var count = Int32(arguments.count)
        let status = strings.withUnsafeMutableBufferPointer { buffer in
            var base = buffer.baseAddress
            return withUnsafeMutablePointer(to: &base) { base in
                runDriver(&count, UnsafeMutableRawPointer(base)) { bytes, size in Fuzz.one(bytes, size) }
            }
        }
        scratch.remove()
        exit(status)
    }

    private static func one(_ bytes: UnsafePointer<UInt8>?, _ size: Int) -> Int32 {
        let input = Array(UnsafeBufferPointer(start: bytes, count: size))
        let before = Usage.now
        target.run(input, scratch)
        let after = Usage.now
        let seconds = after.seconds - before.seconds
        if seconds > 1 { fatalError("\(target.name): an input of \(size) bytes took \(seconds) s of processor time") }
        if after.peak > before.peak, after.peak > 512 << 20 {
            fatalError("\(target.name): an input of \(size) bytes took memory to \(after.peak >> 20) MB")
        }
        return 0
    }
}

/// libFuzzer's entry for programs with a `main` of their own.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<Int32>, _ arguments: UnsafeMutableRawPointer,
    _ one: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32

private struct Usage {
    var seconds: Double
    /// The most bytes of memory so far.
    var peak: Int

    static var now: Usage {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        let seconds = Double(usage.ru_utime.tv_sec) + Double(usage.ru_utime.tv_usec) / 1e6
        return Usage(seconds: seconds, peak: usage.ru_maxrss << 10)
    }
}
