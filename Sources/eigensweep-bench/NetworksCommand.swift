import ArgumentParser
import Glibc
import ScoreNetworks
import Tensors

/// How fast networks train and denoise.
struct NetworksCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "networks", abstract: "Measure how fast training and denoising are on one thread.",
        discussion:
            "Prints what was measured, the network, its scale, the batch, images per second of CPU time, GFLOP/s.")

    enum Quantity: String, ExpressibleByArgument, CaseIterable { case training, denoising, memory }

    @Option(help: "Seconds of CPU time for each measurement.")
    var seconds: Double = 3

    @Option(help: "Only the network of this name, as the table calls it.")
    var network: String?

    @Option(help: "Only this scale.")
    var scale: Int?

    @Option(help: "Images per step; the default is the best of 16, 32 and 64, without those that take long.")
    var batch: Int?

    @Option(help: "The kernels: plain, avx2 or avx512; the default is the widest.")
    var kernels: String?

    @Argument(help: "training, denoising, or memory: the peak of two training steps, in MiB.")
    var quantities: [Quantity] = [.training, .denoising]

    func run() throws {
        NumericThread.prepare()
        if let kernels {
            guard let variant = NumericThread.Variant.allCases.first(where: { "\($0)" == kernels }),
                NumericThread.select(variant)
            else { throw ValidationError("this CPU cannot run the \(kernels) kernels") }
        }
        for subject in TrainingBenchmark.standard {
            guard network == nil || network == subject.name, scale == nil || scale == subject.scale else { continue }
            for quantity in quantities { try measure(quantity, subject) }
        }
    }

    private func measure(_ quantity: Quantity, _ subject: TrainingBenchmark.Subject) throws {
        let batches = batch.map { [$0] } ?? [16, 32, 64]
        switch quantity {
        case .training:
            var results: [TrainingBenchmark.Result] = []
            for batch in batches {
                let result = try TrainingBenchmark.trainingRate(subject, batch: batch, seconds: seconds)
                results.append(result)
                // A larger batch takes no less for each image of such a network, and minutes.
                if Double(batch) > result.imagesPerCPUSecond * 3 * seconds { break }
            }
            report(quantity, subject, results)
        case .denoising:
            report(
                quantity, subject,
                [try TrainingBenchmark.denoisingRate(subject, batch: batch ?? 16, seconds: seconds)])
        case .memory:
            let training = try TrainingBenchmark.training(subject, batch: batch ?? 32)
            for _ in 0..<2 { _ = try training.step() }
            print("memory\t\(subject.name)\t\(subject.scale)\t\(batch ?? 32)\t\(peakMemory())")
        }
    }

    private func report(
        _ quantity: Quantity, _ subject: TrainingBenchmark.Subject, _ results: [TrainingBenchmark.Result]
    ) {
        guard let best = results.max(by: { $0.imagesPerCPUSecond < $1.imagesPerCPUSecond }) else { return }
        func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }
        print(
            "\(quantity.rawValue)\t\(subject.name)\t\(subject.scale)\t\(best.batch)\t"
                + "\(rounded(best.imagesPerCPUSecond))\t\(rounded(best.gigaflops))")
    }

    /// The most memory that this process held, in MiB.
    private func peakMemory() -> Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss / 1024
    }
}
