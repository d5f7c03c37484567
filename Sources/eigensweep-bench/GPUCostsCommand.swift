import ArgumentParser
import ScoreNetworks
import Tensors

/// What the steps of trainings ask of a device, counted from the networks' own layers, and what follows for a device of a
/// given speed.
struct GPUCostsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gpu-costs", abstract: "Count what a GPU has to do for a step of training, and predict its time.",
        discussion: "Prints the tables of docs/gpu.md.")

    @Option(help: "10¹² float32 operations a second.")
    var teraflops = 67.0

    @Option(help: "10¹² bytes a second to and from memory.")
    var terabytes = 4.3

    @Option(help: "Nanoseconds from an addition to the next that waits for it.")
    var chainNanoseconds = 2.3

    @Option(help: "Microseconds from the start of a kernel to the next start in a captured graph.")
    var launchMicroseconds = 2.0

    @Flag(help: "Every shape, not only every kernel.")
    var shapes = false

    @Flag(help: "Only what `scripts/bench gpu` trains: network, scale, batch, images a second at the roofline.")
    var measured = false

    private struct Subject {
        var name: String
        var batch: Int
        var network: UNetConfiguration
    }

    private static let subjects = [
        Subject(
            name: "ddpmpp 16×16×1, scale 8", batch: 32,
            network: UNetConfiguration(
                modelChannels: 8, resolution: 16, imageChannels: 1, multipliers: [2, 2], blocks: 2,
                attentionResolutions: [8])),
        Subject(
            name: "ddpmpp 32×32×3, scale 8", batch: 32,
            network: UNetConfiguration(modelChannels: 8, resolution: 32, imageChannels: 3)),
        Subject(
            name: "ddpmpp 32×32×3, scale 128", batch: 128,
            network: UNetConfiguration(modelChannels: 128, resolution: 32, imageChannels: 3)),
        Subject(
            name: "ddpmpp 64×64×3, scale 128", batch: 128,
            network: UNetConfiguration(
                modelChannels: 128, resolution: 64, imageChannels: 3, multipliers: [1, 2, 2, 2])),
    ]

    /// As scripts/lib/bench/pytorch_networks.py calls and builds them.
    private static let measuredSubjects: [Subject] =
        [(4, 32), (8, 32), (16, 32), (32, 64), (64, 128), (128, 128)].map { scale, batch in
            Subject(
                name: "ddpmpp 32x32x3\t\(scale)", batch: batch,
                network: UNetConfiguration(modelChannels: scale, resolution: 32, imageChannels: 3))
        } + [
            Subject(name: "ddpmpp 16x16x1\t8", batch: 32, network: subjects[0].network),
            Subject(
                name: "adm 32x32x3\t64", batch: 128,
                network: UNetConfiguration(architecture: .adm, modelChannels: 64, resolution: 32, imageChannels: 3)),
            Subject(name: "ddpmpp 64x64x3\t128", batch: 64, network: subjects[3].network),
        ]

    func run() throws {
        NumericThread.prepare()
        guard measured else { return try Self.subjects.forEach(report) }
        for subject in Self.measuredSubjects {
            let time = try costs(of: subject).values.reduce(0) { $0 + $1.seconds }
            print("\(subject.name)\t\(subject.batch)\t\(rounded(Double(subject.batch) / time))")
        }
    }

    /// Seconds of arithmetic and memory, whichever takes longer.
    private func seconds(_ cost: CountingMachine.Cost) -> Double {
        max(cost.operations / (teraflops * 1e12), cost.bytes / (terabytes * 1e12))
    }

    private typealias Row = (cost: CountingMachine.Cost, seconds: Double)

    /// What each kernel costs in a step; where asked for, each shape.
    private func costs(of subject: Subject) throws -> [String: Row] {
        let machine = CountingMachine()
        let settings = TrainingSettings(batch: subject.batch)
        let pixels = [UInt8](repeating: 0, count: 4 * subject.network.imageShape.count)
        let run = try TrainingRun(
            configuration: .unet(subject.network), settings: settings, images: pixels, on: machine)
        machine.clear()
        _ = try run.step()
        var rows: [String: Row] = [:]
        for (call, cost) in machine.costs {
            let name = shapes && !call.shape.isEmpty ? "\(call.kernel), \(call.shape)" : call.kernel
            let row = rows[name] ?? (CountingMachine.Cost(), 0)
            rows[name] = (row.cost + cost, row.seconds + seconds(cost))
        }
        return rows
    }

    private func report(_ subject: Subject) throws {
        let rows = try costs(of: subject)
        print("\n### \(subject.name), batch \(subject.batch)\n")
        print("| | calls | kernels | GFLOP | GB | FLOP a byte | µs at the roofline | share | µs of chains |")
        print("|---|---|---|---|---|---|---|---|---|")
        let all = rows.values.reduce((cost: CountingMachine.Cost(), seconds: 0.0)) {
            ($0.cost + $1.cost, $0.seconds + $1.seconds)
        }
        for (name, row) in rows.sorted(by: { ($1.value.seconds, $0.key) < ($0.value.seconds, $1.key) }) {
            line(name, row.cost, row.seconds, of: all.seconds)
        }
        line("**all**", all.cost, all.seconds, of: all.seconds)

        let (chains, launches) = (
            all.cost.chain * chainNanoseconds * 1e-9, Double(all.cost.launches) * launchMicroseconds * 1e-6
        )
        let alone = all.seconds + chains + launches
        let together = max(8 * all.seconds, alone)
        print(
            "\nImages a second: at the roofline \(rounded(Double(subject.batch) / all.seconds)); with chains and launches, "
                + "one training \(rounded(Double(subject.batch) / alone)), eight at once "
                + "\(rounded(8 * Double(subject.batch) / together)). Chains \(rounded(chains * 1e6)) µs, launches "
                + "\(rounded(launches * 1e6)) µs.")
    }

    private func line(_ name: String, _ cost: CountingMachine.Cost, _ seconds: Double, of all: Double) {
        let ratio = cost.bytes > 0 ? cost.operations / cost.bytes : 0
        let numbers = [
            cost.operations / 1e9, cost.bytes / 1e9, ratio, seconds * 1e6, 100 * seconds / all,
            cost.chain * chainNanoseconds / 1e3,
        ].map(rounded)
        print(
            "| \(name) | \(cost.calls) | \(cost.launches) | \(numbers[0]) | \(numbers[1]) | \(numbers[2]) | "
                + "\(numbers[3]) | \(numbers[4]) % | \(numbers[5]) |")
    }

    /// Three digits.
    private func rounded(_ value: Double) -> String {
        guard value > 0 else { return "0" }
        var unit = 1.0
        while value / unit >= 1000 { unit *= 10 }
        while value / unit < 100 { unit /= 10 }
        let found = (value / unit).rounded() * unit
        return found >= 100 ? "\(Int(found.rounded()))" : "\((found * 10000).rounded() / 10000)"
    }
}
