import Coordination
import JobContract
import Scheduling
import SweepModel

/// What a seed stands for: a small sweep, a few hosts, and what befalls them.
struct Scenario {
    let seed: UInt64
    var sweep: ExpandedSweep
    var hosts: [HostSpec] = []
    var speeds: [Double] = []
    /// Trainings that diverge wherever they run.
    var broken: Set<TrainingID> = []
    /// How a worker fails at a measure or comparison, on whatever host.
    enum MeasureFailure { case saysSo, refusesTheJob, dies }
    /// Measures and comparisons that nobody can take.
    var unmeasurable: [Unit: MeasureFailure] = [:]
    /// The kind of hosts whose workers give other bits, though they name themselves as all do.
    var kinds: [HostName: Int] = [:]
    /// A trial whose network was trained elsewhere; only `later` has it then.
    var adopted: TrialID?
    /// Whether measures leave files for people.
    var leavesFiles = false
    var faults: [(at: Double, Fault)] = []
    /// Trials that only a second sweep wants, which is launched while the first is worked on; often none.
    var later: Set<TrialID> = []
    /// After how many calls of its ports each coordinator is killed; later coordinators live.
    var kills: [Int] = []
    /// Whether workers' lines, and what goes over links, are bytes.
    private(set) var isOfBytes = false
    /// Whether nothing is drawn beyond what the scenario says.
    private(set) var isEven = false

    /// A schedule that does not depend on draws.
    init(
        trainings lengths: [[Int]], later: [(training: Int, steps: Int)] = [], measures: [String] = [],
        comparing: [(Int, Int)] = [], slots: [Int], faults: [(at: Double, Fault)]
    ) {
        seed = 0
        isEven = true
        sweep = Self.sweep(lengths, measures: measures) { trials in
            comparing.map { first, second in [trials[first].id, trials[second].id].sorted() }
        }
        for (index, count) in slots.enumerated() {
            hosts.append(HostSpec(name: "h\(index)", transport: .libssh, slots: count))
            speeds.append(1)
        }
        self.later = Set(later.map { Self.trial($0.training, $0.steps) })
        self.faults = faults
    }

    /// - Parameter extra: faults that surely happen while there is work.
    init(seed: UInt64, extra: [Fault] = []) {
        self.seed = seed
        var random = SeededRandom(seed: seed ^ 0x5EED)
        let merges = Self.merges(seed: seed, extra)
        sweep = Self.sweep(&random, isNamed: !merges.isEmpty)
        let count = random.pick(1...4)
        for index in 0..<count {
            hosts.append(HostSpec(name: "h\(index)", transport: .libssh, slots: random.pick(1...2)))
            speeds.append(random.seconds(0.5...2))
        }
        if random.chance(0.15), let training = sweep.trials.randomElement(using: &random)?.training {
            broken.insert(training)
        }
        // Most faults happen while there is work, some long after the work would have been done.
        let horizon = max(60, longestWork / Double(2 * count))
        for _ in 0..<random.pick(0...10) {
            let latest = random.chance(0.8) ? horizon : 2500
            faults.append((random.seconds(1...latest), Self.fault(&random, hosts: count)))
        }
        for fault in extra { faults.append((random.seconds(1...horizon), fault)) }
        addLater(seed: seed, horizon: horizon, hosts: count)
        addDamage(seed: seed, horizon: horizon, hosts: count)
        addUnmeasurable(seed: seed)
        addLies(seed: seed, horizon: horizon, hosts: count)
        addRemoval(seed: seed, horizon: horizon)
        addNeeds(seed: seed)
        addKinds(seed: seed)
        addFiles(seed: seed)
        addImages(seed: seed)
        for merge in merges { faults.append((merge.at * horizon, merge.fault)) }
        addAdoption(seed: seed, horizon: horizon)
        addUnlisted(seed: seed, horizon: horizon, hosts: count)
        addBytes(seed: seed, horizon: horizon, hosts: count)
        addHostility(seed: seed, horizon: horizon, hosts: count)
        addTidying(seed: seed, horizon: horizon)
        addNeighbour(seed: seed, horizon: horizon)
        addQueue(seed: seed, horizon: horizon, extra)
        faults.sort { $0.at < $1.at }
        for _ in 0..<random.pick(0...4) { kills.append(random.pick(1...(random.chance(0.5) ? 30 : 200))) }
    }

    /// Draws later additions from a stream of their own, so that the rest of a seed's schedule stays as it was.
    private mutating func addLater(seed: UInt64, horizon: Double, hosts: Int) {
        var random = SeededRandom(seed: seed ^ 0xADDED)
        for _ in 0..<2 where random.chance(0.1) {
            let broken = Fault.brokenHost(
                host: random.pick(0...hosts - 1), seconds: random.seconds(20...300), describes: random.chance(0.5))
            faults.append((random.seconds(0...horizon), broken))
        }
        if random.chance(0.12), sweep.trials.count > 1 {
            let count = random.pick(1...sweep.trials.count - 1)
            later = Set(sweep.trials.shuffled(using: &random).prefix(count).map(\.id))
            faults.append((random.seconds(1...horizon), .launch))
        }
    }

    private mutating func addRemoval(seed: UInt64, horizon: Double) {
        var random = SeededRandom(seed: seed ^ 0x4E30)
        guard random.chance(0.06) else { return }
        faults.append((random.seconds(1...horizon), .removal(share: random.seconds(0.1...1))))
    }

    private mutating func addLies(seed: UInt64, horizon: Double, hosts: Int) {
        var random = SeededRandom(seed: seed ^ 0x11E5)
        for _ in 0..<3 where random.chance(0.08) {
            faults.append((random.seconds(1...horizon), .lies(host: random.pick(0...hosts - 1))))
        }
    }

    private mutating func addUnlisted(seed: UInt64, horizon: Double, hosts: Int) {
        var random = SeededRandom(seed: seed ^ 0x0FF)
        for _ in 0..<2 where random.chance(0.06) {
            let away = Fault.unlisted(host: random.pick(0...hosts - 1), seconds: random.seconds(20...1500))
            faults.append((random.seconds(1...horizon), away))
        }
    }

    private mutating func addHostility(seed: UInt64, horizon: Double, hosts: Int) {
        var random = SeededRandom(seed: seed ^ 0xBAD)
        for _ in 0..<3 where random.chance(0.08) {
            let lie = Fault.Lie.allCases[random.pick(0...Fault.Lie.allCases.count - 1)]
            faults.append((random.seconds(1...horizon), .lie(host: random.pick(0...hosts - 1), lie)))
        }
    }

    private mutating func addTidying(seed: UInt64, horizon: Double) {
        var random = SeededRandom(seed: seed ^ 0x71D1)
        for _ in 0..<3 where random.chance(0.06) {
            faults.append((random.seconds(1...2 * horizon), random.chance(0.6) ? .cleaning : .repair))
        }
    }

    private mutating func addNeighbour(seed: UInt64, horizon: Double) {
        var random = SeededRandom(seed: seed ^ 0x4E19)
        guard random.chance(0.06) else { return }
        faults.append((random.seconds(0...horizon / 2), .neighbour(seconds: random.seconds(20...500))))
    }

    private mutating func addBytes(seed: UInt64, horizon: Double, hosts: Int) {
        var random = SeededRandom(seed: seed ^ 0xB17E)
        isOfBytes = faults.contains { if case .bytes = $0.1 { true } else { false } }
        guard random.chance(0.15) else { return }
        isOfBytes = true
        for _ in 0..<random.pick(1...4) {
            let kind = Fault.Bytes.allCases[random.pick(0...Fault.Bytes.allCases.count - 1)]
            faults.append((random.seconds(1...horizon), .bytes(host: random.pick(0...hosts - 1), kind)))
        }
    }

    /// Draws what jobs need and hosts have; one host surely has enough.
    private mutating func addNeeds(seed: UInt64) {
        var random = SeededRandom(seed: seed ^ 0x4EED5)
        guard random.chance(0.2) else { return }
        let memory = random.pick(1...4) << 30
        let tags: Set<String> = random.chance(0.5) ? ["big"] : []
        sweep.needs = JobNeeds(memory: memory, tags: tags)
        let sure = random.pick(0...hosts.count - 1)
        for index in hosts.indices {
            hosts[index].memory = random.pick(1...8) << 30
            if index == sure { hosts[index].memory = max(hosts[index].memory ?? 0, memory) }
            hosts[index].tags = index == sure || random.chance(0.5) ? ["big", "other"] : ["other"]
        }
    }

    private mutating func addUnmeasurable(seed: UInt64) {
        var random = SeededRandom(seed: seed ^ 0xFA115)
        guard random.chance(0.2) else { return }
        let ways: [MeasureFailure] = [.saysSo, .refusesTheJob, .dies]
        let measures = sweep.trials.flatMap { trial in sweep.measures.map { Unit.measure(trial.id, $0) } }
        let units = measures + sweep.comparisons.map { .measure($0.trial, $0.request) }
        guard !units.isEmpty else { return }
        for _ in 0..<random.pick(1...3) {
            unmeasurable[units[random.pick(0...units.count - 1)]] = ways[random.pick(0...2)]
        }
    }

    private mutating func addDamage(seed: UInt64, horizon: Double, hosts: Int) {
        var random = SeededRandom(seed: seed ^ 0xDA3A6ED)
        for _ in 0..<3 where random.chance(0.12) {
            let at = random.seconds(10...2 * horizon)
            if random.chance(0.4) {
                // All files everywhere are damaged.
                for host in [nil] + (0..<hosts).map({ $0 as Int? }) {
                    faults.append((at, .damagedFiles(host: host, share: 1)))
                }
                continue
            }
            let host: Int? = random.chance(0.5) ? nil : random.pick(0...hosts - 1)
            faults.append((at, .damagedFiles(host: host, share: random.seconds(0.2...1))))
        }
    }

    /// Trainings of which both sweeps want a length.
    var extended: Set<TrainingID> {
        Set(sweep.trials.filter { later.contains($0.id) }.map(\.training))
            .intersection(sweep.trials.filter { !later.contains($0.id) }.map(\.training))
    }

    private static func fault(_ random: inout SeededRandom, hosts: Int) -> Fault {
        let host = random.pick(0...hosts - 1)
        switch random.pick(0...32) {
        case 0, 1: return .cut(host: host, seconds: random.seconds(1...120))
        case 2: return .cut(host: host, seconds: random.seconds(800...3000))
        case 3: return .slowLink(host: host, seconds: random.seconds(20...600), delay: random.seconds(1...30))
        case 4: return .oneWayLoss(host: host, seconds: random.seconds(5...200), .toHost)
        case 5: return .oneWayLoss(host: host, seconds: random.seconds(5...200), .toCoordinator)
        case 6, 7: return .agentDeath(host: host, seconds: random.seconds(1...60))
        case 8: return .agentDeath(host: host, seconds: random.seconds(60...2000))
        case 9: return .otherAgent(host: host, seconds: random.seconds(10...1500))
        case 10: return .olderAgent(host: host)
        case 11: return .otherWorker(host: host)
        case 12, 13: return .reboot(host: host, seconds: random.seconds(20...400), losesDisk: random.chance(0.3))
        case 14: return .freeze(host: host, seconds: random.seconds(5...(random.chance(0.3) ? 1500 : 120)))
        case 15, 16, 17:
            return .worker(host: host, Fault.Worker.allCases[random.pick(0...Fault.Worker.allCases.count - 1)])
        case 18: return .fullDisk(host: host, seconds: random.seconds(10...400))
        case 19: return .lostFile(host: host)
        case 20: return .coordinatorStop
        case 21: return .coordinatorDeath
        case 22:
            return .coordinatorSleep(
                seconds: random.seconds(10...(random.chance(0.5) ? 4000 : 200)), linksSurvive: random.chance(0.5))
        case 23: return .powerLoss(afterCalls: random.pick(1...60))
        case 24: return .fullCatalogue(seconds: random.seconds(1...1000))
        case 25: return .diskError(afterCalls: random.pick(1...60))
        case 26: return .fullStore(seconds: random.seconds(10...600))
        case 27: return .wallClockJump(seconds: random.seconds(-1e6...1e6))
        case 28: return .secondCoordinator
        case 29, 30: return .drain(host: host, seconds: random.seconds(5...600))
        case 31: return .cancelling(training: random.pick(0...4), seconds: random.seconds(5...600))
        default: return .copiedCatalogue(seconds: random.seconds(5...1500))
        }
    }

    private static func sweep(_ random: inout SeededRandom, isNamed: Bool) -> ExpandedSweep {
        var scales: [Int64] = []
        let lengths = (0..<random.pick(1...5)).map { _ in
            scales.append(Int64(4 << random.pick(0...2)))
            var steps = 0
            return (0..<random.pick(1...4)).map { _ in
                steps += random.pick(1...5) * 70
                return steps
            }
        }
        let measures = ["memorization", "gaussian-distance"].prefix(random.pick(0...2))
        return sweep(lengths, scales: scales, measures: Array(measures), isNamed: isNamed) {
            comparisons(of: $0, &random)
        }
    }

    /// - Parameters:
    ///   - isNamed: whether trainings and trials are named by their specs; a merge refuses others.
    ///   - compared: pairs of the trials, each ascending.
    private static func sweep(
        _ lengths: [[Int]], scales: [Int64] = [], measures: [String], isNamed: Bool = false,
        compared: ([Trial]) -> [[TrialID]]
    ) -> ExpandedSweep {
        var trainings: [TrainingID: Training] = [:]
        var trials: [Trial] = []
        for (index, lengths) in lengths.enumerated() {
            let spec: [String: JSONValue] = [
                "training.batch": 32, "model.scale": .integer(index < scales.count ? scales[index] : 4),
                "worker.name": "simulated", "worker.numerics": 1, "training.seed": .integer(Int64(index)),
            ]
            let named = isNamed ? try? TrainingID(spec: spec) : nil
            let id = named ?? TrainingID(Digest(of: "training \(index)".utf8))
            trainings[id] = Training(id: id, spec: spec)
            for steps in lengths {
                let ofItsKind = isNamed ? try? TrialID(training: id, steps: steps) : nil
                trials.append(
                    Trial(
                        id: ofItsKind ?? trial(index, steps), training: id, steps: steps, position: trials.count,
                        asked: [:]))
            }
        }
        let pairs = Set(compared(trials)).sorted { ($0[0], $0[1]) < ($1[0], $1[1]) }
        return ExpandedSweep(
            name: "simulated", about: "", text: "", overrides: [], trials: trials, trainings: trainings, datasets: [:],
            measures: measures.map(MeasureRequest.simulated),
            comparisons: pairs.map {
                Comparison(trial: $0[0], request: .simulated("agreement").comparing(with: $0.dropFirst()))
            }, needs: JobNeeds(), worker: WorkerCommand())
    }

    private static func trial(_ training: Int, _ steps: Int) -> TrialID {
        TrialID(Digest(of: "trial \(training) \(steps)".utf8))
    }

    /// Comparisons of some trials with another each, in every third sweep.
    private static func comparisons(of trials: [Trial], _ random: inout SeededRandom) -> [[TrialID]] {
        guard trials.count > 1, random.pick(0...2) == 0 else { return [] }
        return (0..<random.pick(1...3)).map { _ in
            let first = random.pick(0...trials.count - 1)
            let second = (first + random.pick(1...trials.count - 1)) % trials.count
            return [trials[first].id, trials[second].id].sorted()
        }
    }

    /// Virtual seconds within which everything must end after the last fault: the longest outage, a lease, a hang, the
    /// rests of hosts that struck, the longest time between two coordinators, and the work.
    var bound: Double { 3000 + 900 + 600 + 600 + 2000 + longestWork + longestWaits }

    /// Seconds that one host of the slowest kind would need for everything, each piece done twice.
    var longestWork: Double {
        var longest: [TrainingID: Int] = [:]
        for trial in sweep.trials { longest[trial.training] = max(trial.steps, longest[trial.training] ?? 0) }
        let steps = longest.values.reduce(0, +)
        let jobs = sweep.trainings.count + sweep.trials.count + sweep.comparisons.count
        let measures = Double(sweep.trials.count * sweep.measures.count + sweep.comparisons.count) * 15
        return 2 * (Double(steps) * 0.5 + measures + Double(jobs) * 10) / (speeds.min() ?? 1)
    }

    /// The sweeps that are wanted by then.
    func sweeps(isSecondLaunched: Bool) -> [ExpandedSweep] {
        func part(_ name: String, _ isWanted: (TrialID) -> Bool) -> ExpandedSweep {
            var part = sweep
            part.name = name
            part.trials = sweep.trials.filter { isWanted($0.id) }
            let trainings = Set(part.trials.map(\.training))
            part.trainings = sweep.trainings.filter { trainings.contains($0.key) }
            return part
        }
        var sweeps = later.isEmpty ? [sweep] : [part(sweep.name) { !later.contains($0) }]
        if isSecondLaunched { sweeps.append(part("second") { later.contains($0) }) }
        return sweeps
    }

    func configuration(
        _ opened: Holdings, _ firstAttempt: AttemptNumber, _ policy: SchedulingPolicy, drained: Set<HostName>,
        handover: Handover, isSecondLaunched: Bool, unlisted: Set<HostName> = [], mutant: Mutant = .none
    ) -> CoordinationConfiguration {
        let sweeps = sweeps(isSecondLaunched: isSecondLaunched)
        let dataset = Digest(of: "dataset".utf8)
        return CoordinationConfiguration(
            sweeps: sweeps.map { sweep in
                PreparedSweep(
                    sweep: sweep, datasets: sweep.trainings.mapValues { _ in dataset }, command: ["eigensweep-worker"])
            },
            hosts: mutant.hosts(hosts, needs: sweep.needs).filter {
                mutant == .leftHostsAreUsed || !unlisted.contains($0.name)
            }, drained: drained.reduce(into: [:]) { $0[$1] = "drained" },
            holdings: opened,
            firstAttempt: firstAttempt, policy: policy, handover: handover)
    }
}
