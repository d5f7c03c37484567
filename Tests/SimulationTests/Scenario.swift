import Coordination
import JobContract
import Scheduling
import SweepModel

/// What a seed stands for: a small sweep, a few hosts, and what befalls them.
struct Scenario {
    enum Fault {
        case cut(host: Int, seconds: Double)
        case agentDeath(host: Int, seconds: Double)
        case reboot(host: Int, seconds: Double, losesDisk: Bool)
        case worker(host: Int, AttemptEnd?)
        case refusal(host: Int)
        case coordinatorStop
        case commitFailure
        case coordinatorDeath
    }

    let seed: UInt64
    var sweep: ExpandedSweep
    var hosts: [HostSpec] = []
    var speeds: [Double] = []
    /// Trainings that diverge wherever they run.
    var broken: Set<TrainingID> = []
    var faults: [(at: Double, Fault)] = []
    /// After how many calls of its ports each coordinator is killed; those beyond live.
    var kills: [Int] = []

    init(seed: UInt64) {
        self.seed = seed
        var random = SeededRandom(seed: seed ^ 0x5EED)
        sweep = Self.sweep(&random)
        let count = random.pick(1...4)
        for index in 0..<count {
            hosts.append(HostSpec(name: "h\(index)", transport: .libssh, slots: random.pick(1...2)))
            speeds.append(random.seconds(0.5...2))
        }
        if random.chance(0.15), let training = sweep.trials.randomElement(using: &random)?.training {
            broken.insert(training)
        }
        for _ in 0..<random.pick(0...10) {
            faults.append((random.seconds(1...2500), Self.fault(&random, hosts: count)))
        }
        faults.sort { $0.at < $1.at }
        for _ in 0..<random.pick(0...4) { kills.append(random.pick(1...(random.chance(0.5) ? 30 : 200))) }
    }

    private static func fault(_ random: inout SeededRandom, hosts: Int) -> Fault {
        let host = random.pick(0...hosts - 1)
        switch random.pick(0...15) {
        case 0, 1: return .cut(host: host, seconds: random.seconds(1...120))
        case 2: return .cut(host: host, seconds: random.seconds(800...3000))
        case 3, 4: return .agentDeath(host: host, seconds: random.seconds(1...60))
        case 5: return .agentDeath(host: host, seconds: random.seconds(60...2000))
        case 6, 7: return .reboot(host: host, seconds: random.seconds(20...400), losesDisk: random.chance(0.3))
        case 8: return .worker(host: host, .exited(code: 1))
        case 9: return .worker(host: host, .signalled(signal: 11))
        case 10: return .worker(host: host, .signalled(signal: 9))
        case 11: return .worker(host: host, nil)
        case 12: return .refusal(host: host)
        case 13: return .coordinatorStop
        case 14: return .commitFailure
        default: return .coordinatorDeath
        }
    }

    private static func sweep(_ random: inout SeededRandom) -> ExpandedSweep {
        var trainings: [TrainingID: Training] = [:]
        var trials: [Trial] = []
        for index in 0..<random.pick(1...5) {
            let id = TrainingID(Digest(of: "training \(index)".utf8))
            trainings[id] = Training(
                id: id, spec: ["training.batch": 32, "model.scale": .integer(Int64(4 << random.pick(0...2)))])
            var steps = 0
            for _ in 0..<random.pick(1...4) {
                steps += random.pick(1...5) * 70
                trials.append(
                    Trial(
                        id: TrialID(Digest(of: "trial \(index) \(steps)".utf8)), training: id, steps: steps,
                        position: trials.count, asked: [:]))
            }
        }
        let measures = ["memorization", "gaussian-distance"].prefix(random.pick(0...2))
        return ExpandedSweep(
            name: "simulated", about: "", text: "", overrides: [], trials: trials, trainings: trainings, datasets: [:],
            measures: measures.map(MeasureRequest.simulated), needs: JobNeeds(), worker: WorkerCommand())
    }

    /// Seconds one host of the slowest kind would need for everything, each piece done twice.
    var longestWork: Double {
        let steps = sweep.trainings.keys.reduce(0) { sum, training in
            sum + (sweep.trials.filter { $0.training == training }.map(\.steps).max() ?? 0)
        }
        let jobs = sweep.trainings.count + sweep.trials.count
        let measures = Double(sweep.trials.count * sweep.measures.count) * 15
        return 2 * (Double(steps) * 0.5 + measures + Double(jobs) * 10) / (speeds.min() ?? 1)
    }

    func configuration(_ opened: Holdings, _ firstAttempt: AttemptNumber, _ policy: SchedulingPolicy)
        -> CoordinationConfiguration
    {
        let dataset = Digest(of: "dataset".utf8)
        return CoordinationConfiguration(
            sweeps: [
                PreparedSweep(
                    sweep: sweep, datasets: sweep.trainings.mapValues { _ in dataset }, command: ["eigensweep-worker"])
            ],
            hosts: hosts, holdings: opened, firstAttempt: firstAttempt, policy: policy)
    }
}
