import ArgumentParser
import JobContract
import ScoreNetworks
import Tensors

struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Compare this program with values of the published networks.",
        discussion: """
            eigensweep-worker verify Tests/JobExecutionTests/Reference/*.safetensors

            Reference files are safetensors with the parameters of a network, a metadata entry "config" that says which, \
            and what the published code makes of them: outputs and gradients, training steps, or samples; or with \
            augmented images. Errors are relative to each tensor's largest magnitude. The tolerance is for outputs, \
            losses, gradients by the input, samples and the state after training steps; gradients by parameters get \
            ten times it. The key entries of qkv.bias are left out: their gradient is zero in exact arithmetic, and what \
            they hold is rounding noise.

            Exit status: 0 when everything agrees, 1 when something differs.
            """)

    @Argument(help: "Reference files.", completion: .tensors)
    var files: [String]

    @Option(help: "The largest error allowed; 1e-5, or 1e-6 with --double, when left out.")
    var tolerance: Double?

    @Flag(help: "Compute networks in float64 instead of float32. Samplers stay as they are.")
    var double = false

    @Flag(help: "List every tensor, not only the groups and those that differ.")
    var verbose = false

    @Flag(help: "In place of errors list a digest of each tensor's bits, to be compared with another machine's.")
    var bits = false

    func validate() throws {
        if let tolerance, !(tolerance >= 0 && tolerance.isFinite) {
            throw ValidationError("--tolerance must be a number of at least 0")
        }
    }

    func run() throws {
        NumericThread.prepare()
        NetworkMachines.tell()
        var differing = 0
        for path in files {
            let comparisons = try compare(try Checkpoints.file(path))
            if bits {
                for comparison in comparisons { say("\(comparison.tensor) \(comparison.bits) \(path)") }
                continue
            }
            let wrong = comparisons.filter { !$0.agrees }
            differing += wrong.count
            say("\(path): \(comparisons.count) tensors, \(wrong.isEmpty ? "all agree" : "\(wrong.count) differ")")
            let groups = Dictionary(grouping: comparisons, by: \.group)
            for (name, group) in groups.sorted(by: { $0.key < $1.key }) {
                guard let worst = group.max(by: { $0.error < $1.error }) else { continue }
                let place = worst.tensor == name ? "" : " in \(worst.tensor)"
                say("  \(name): error \(short(worst.error)) of \(short(worst.tolerance)) allowed\(place)")
            }
            for comparison in comparisons where verbose || !comparison.agrees {
                say(
                    "    \(comparison.tensor): error \(short(comparison.error)), allowed \(short(comparison.tolerance))"
                        + (comparison.agrees ? "" : " DIFFERS"))
            }
        }
        if differing > 0 { throw ExitCode(1) }
    }

    private func say(_ line: String) { print(ShownText.lines(line)) }

    /// A small number with two digits, such as 3.1e-6.
    private func short(_ value: Double) -> String {
        guard value > 0, value.isFinite else { return "\(value)" }
        var exponent = Int((Elementary.log(value) / Elementary.log(10)).rounded(.down))
        let scale = Elementary.power(10, abs(exponent))
        var digits = ((exponent < 0 ? value * scale : value / scale) * 10).rounded()
        if digits >= 100 { (digits, exponent) = (10, exponent + 1) }
        return "\(digits / 10)e\(exponent)"
    }

    private func compare(_ file: SafetensorsFile) throws -> [ReferenceComparison] {
        if double {
            return try ReferenceComparison.all(
                in: file, Double.self, tolerance.map { .init(values: $0) } ?? .double, single: NetworkMachines.machine)
        }
        return try ReferenceComparison.all(
            in: file, Float.self, tolerance.map { .init(values: $0) } ?? .single, on: NetworkMachines.machine,
            single: NetworkMachines.machine)
    }
}
