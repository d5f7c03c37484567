import ArgumentParser
import Glibc
import JobContract
import ScoreNetworks
import Tensors

/// Measures how long trainings will take, by trying their networks. `eigensweep plan` runs it.
struct ForecastCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forecast", abstract: "Print the seconds that an image takes in trainings, one line for each.",
        discussion: "Reads a JSON list of specs from standard input. Counts processor time of one thread.",
        shouldDisplay: false)

    @Option(help: "The file with the list; standard input when left out.")
    var specs: String?

    @Option(help: "Seconds to spend in all.")
    var seconds: Double = 2

    func run() throws {
        let text =
            try specs.map { try InputFile.read($0, what: "the list of specs") }
            ?? InputFile.readAll(STDIN_FILENO, path: "standard input", what: "the list of specs from")
        let specs = try decodeJSON([[String: JSONValue]].self, from: text).map(JobSpec.init)
        NumericThread.prepare()
        for seconds in try Self.secondsPerImage(of: specs, budget: seconds) { print(seconds) }
    }

    /// Tries the networks from the smallest on. For one that takes too long it tries the same network with a smaller batch
    /// or width, and supposes that both compute equally fast.
    private static func secondsPerImage(of specs: [JobSpec], budget: Double) throws -> [Double] {
        let start = NumericThread.seconds
        let work = try specs.map { 3 * Double(try $0.network.forwardOperations()) }
        var found = [Double](repeating: 0, count: specs.count)
        // The operations a second that are supposed until a network was tried: slower than any host.
        var speed = 2e9
        for (rank, place) in specs.indices.sorted(by: { work[$0] < work[$1] }).enumerated() {
            let share = (budget - (NumericThread.seconds - start)) / Double(specs.count - rank)
            found[place] = work[place] / speed
            guard share > 0 || rank == 0 else { continue }
            var trial = specs[place]
            // Each try takes two steps: one to warm up, and one that counts.
            while 2 * Double(trial.training.batch) * 3 * Double(try trial.network.forwardOperations()) / speed > share,
                let smaller = trial.smaller
            {
                trial = smaller
            }
            let rate = try TrainingBenchmark.trainingRate(trial.network, trial.training, seconds: min(share / 4, 0.25))
            speed = rate.gigaflops * 1e9
            found[place] = work[place] / speed
        }
        return found
    }
}

extension JobSpec {
    /// The same training with a batch of 16 images, which is one group. Where the batch is no larger, the same with a
    /// network of half the width; nil where there is none.
    fileprivate var smaller: JobSpec? {
        var spec = self
        if training.batch > 16 {
            spec.training.batch = 16
            return spec
        }
        guard let narrower = network.narrower else { return nil }
        spec.network = narrower
        return (try? spec.network.forwardOperations()).map { _ in spec }
    }
}
