import ArgumentParser
import Tensors

/// The threads and kernels that a command computes with. They change no bit of any result.
struct ComputeOptions: ParsableArguments {
    @Option(help: "How many threads compute.")
    var threads: Int = 1

    @Option(help: "The kernels to use: plain, avx2 or avx512 (default: the widest that this CPU runs).")
    var kernels: NumericThread.Variant?

    func validate() throws {
        guard ThreadTeam.sizes.contains(threads) else {
            throw ValidationError("--threads must be \(ThreadTeam.sizes.lowerBound) to \(ThreadTeam.sizes.upperBound)")
        }
    }

    /// Must be called before anything is computed. Throws ValidationError for kernels that this CPU cannot run.
    func prepare() throws {
        NumericThread.prepare()
        if let kernels, !NumericThread.select(kernels) {
            throw ValidationError("--kernels \(kernels): this CPU cannot run them")
        }
        NetworkMachines.tell()
    }
}

extension NumericThread.Variant: ExpressibleByArgument {
    package init?(argument: String) {
        guard let variant = Self.allCases.first(where: { "\($0)" == argument }) else { return nil }
        self = variant
    }

    package var defaultValueDescription: String { "\(self)" }
    package static var allValueStrings: [String] { allCases.map { "\($0)" } }
    package static var allValueDescriptions: [String: String] {
        ["plain": "for every CPU", "avx2": "8 numbers at a time", "avx512": "16 numbers at a time"]
    }
}
