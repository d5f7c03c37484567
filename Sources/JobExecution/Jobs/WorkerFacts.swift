import BuildFacts
import Diffusion
import JobContract
import Measures
import SweepFiles
import Tensors

/// The facts about this program and this host that every result carries as its provenance.
struct WorkerFacts {
    static let name = "eigensweep-worker"
    /// The number of the worker's numerics. It rises when the bits of any checkpoint change, or of a measure whose version
    /// stays.
    static let numerics = 1

    /// Version, digest of the executable, and the commit it was built from: `0.1.0+4a25ff637ee7.g63b5f73abcde`.
    var build: String
    /// The CPU's model name as the kernel gives it, and that of the device.
    var cpu: String
    /// The variant of the kernels in use.
    var kernels: String

    static var current: WorkerFacts {
        WorkerFacts(
            build: buildName(),
            cpu: [cpuModel(), NetworkMachines.deviceName].compactMap { $0 }.joined(separator: "; "),
            kernels: NetworkMachines.kernels)
    }

    static var description: WorkerDescription {
        get throws { current.description(check: try NumericsCheck.digest().hex) }
    }

    /// The description that `describe` prints; `check` is the digest of the mini-training.
    func description(check: String) -> WorkerDescription {
        WorkerDescription(
            contract: ContractVersion.current, name: Self.name, numerics: Self.numerics, deterministic: true,
            jobKinds: JobTask.Kind.allCases.map(\.rawValue), architectures: SpecKey.architectures,
            measures: KnownMeasures.requests,
            sampling: KnownMeasures.sampling, quantities: KnownMeasures.quantities,
            parameters: KnownMeasures.parameters.mapValues { $0.map(\.declaration) }, rules: KnownMeasures.rules,
            levels: Self.levels, device: NetworkMachines.use, build: build, cpu: cpu, kernels: kernels, check: check)
    }

    private static let levels = Dictionary(
        uniqueKeysWithValues: [Preconditioning.edm(), .vp, .ve, .none, .blind].map {
            let most = $0.levels.upperBound
            return ($0.name, LevelRange(least: $0.levels.lowerBound, most: most.isFinite ? most : nil))
        })

    private static func buildName() -> String {
        let digest = (try? InputFile.digest("/proc/self/exe", what: "the program"))?.short
        let parts = [digest, BuildFacts.commit.map { "g\($0)" }].compactMap { $0 }
        return parts.isEmpty ? BuildFacts.version : "\(BuildFacts.version)+\(parts.joined(separator: "."))"
    }

    private static func cpuModel() -> String {
        let text = (try? InputFile.read("/proc/cpuinfo", what: "the CPU's name")) ?? []
        for line in text.split(separator: UInt8(ascii: "\n")) {
            let line = String(decoding: line, as: UTF8.self)
            guard line.hasPrefix("model name"), let colon = line.firstIndex(of: ":") else { continue }
            return String(line[line.index(after: colon)...].drop { $0 == " " })
        }
        return "unknown"
    }
}
