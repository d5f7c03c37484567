import ArgumentParser
import Tensors

struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Compare this program with values of the published networks.",
        discussion: """
            Reference files are safetensors with the parameters of a ddpmpp network and what the published code makes \
            of them: outputs and gradients, training steps, or samples. Errors are relative to each tensor's largest \
            magnitude.

            Exit status: 0 when everything agrees, 1 when something differs.
            """)

    @Argument(help: "Reference files.")
    var files: [String]

    @Flag(help: "List every tensor, not only the worst and those that differ.")
    var verbose = false

    func run() throws {
        NumericThread.prepare()
        var differing = 0
        for path in files {
            let comparisons = try ReferenceComparison.all(in: try Checkpoints.file(path))
            let worst = comparisons.max { $0.error / $0.tolerance < $1.error / $1.tolerance }
            let wrong = comparisons.filter { !$0.agrees }
            differing += wrong.count
            print("\(path): \(comparisons.count) tensors, \(wrong.isEmpty ? "all agree" : "\(wrong.count) differ")")
            for comparison in comparisons where verbose || !comparison.agrees || comparison.tensor == worst?.tensor {
                print(
                    "  \(comparison.tensor): error \(comparison.error), allowed \(comparison.tolerance)"
                        + (comparison.agrees ? "" : " DIFFERS"))
            }
        }
        if differing > 0 { throw ExitCode(1) }
    }
}
