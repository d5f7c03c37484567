/// The faults that can befall a sweep under way.
enum FaultKind: String, CaseIterable {
    case coordinatorKilled = "coordinator killed"
    case coordinatorAsleep = "coordinator asleep beyond every limit"
    case coordinatorDiskFull = "coordinator's disk full"
    case secondCoordinator = "second coordinator"
    case agentKilled = "agent killed"
    case agentOlder = "agent of an older build"
    case agentUnknown = "agent of an unknown version"
    case workerKilled = "worker killed"
    case serverKilled = "sshd killed"
    case linkDownBriefly = "link down"
    case linkDownBeyondLease = "link down beyond the lease"
    case lossToHost = "frames to the host lost"
    case lossFromHost = "frames from the host lost"
    case delay = "40 ms delay"
    case hostRebooted = "host rebooted"
    case hostDiskFull = "host's disk full"
    case hostFrozen = "everything on the host stopped"
    case hostBroken = "every job of the host fails at once"
    case uploadTruncated = "upload truncated"
    case resultTwice = "result arrives twice"
    case resultAfterLease = "result arrives after its lease"
}

/// One fault: its kind, where it strikes, from when on and for how long.
struct Fault: CustomStringConvertible {
    let kind: FaultKind
    /// The place of the host that it befalls, where it befalls one.
    let host: Int
    /// Seconds since the sweep's launch.
    let start: Double
    let seconds: Double

    var description: String {
        let times = "from \(Int(start * 1000)) ms for \(Int(seconds * 1000)) ms"
        return "\(kind.rawValue) (h\(host + 1)) \(times)"
    }
}

/// The faults of one combination. A seed decides all of them, so that it can be played again.
struct FaultSchedule: CustomStringConvertible {
    let seed: UInt64
    /// The faults in the order in which they begin.
    let faults: [Fault]

    static let hostCount = 4

    /// Two to four faults. Any seeds in a row bring every kind, if they are as many as there are kinds.
    init(seed: UInt64) {
        self.seed = seed
        var random = SplitMix(state: seed)
        let kinds = FaultKind.allCases
        var faults: [Fault] = []
        for index in 0..<Int.random(in: 2...4, using: &random) {
            let kind = index == 0 ? Self.kind(of: seed) : kinds.randomElement(using: &random)
            guard let kind else { continue }
            faults.append(Self.fault(kind, isFirst: index == 0, &random))
        }
        self.faults = faults.sorted { $0.start < $1.start }
    }

    init(seed: UInt64, faults: [Fault]) {
        self.seed = seed
        self.faults = faults
    }

    /// One fault alone.
    init(_ kind: FaultKind) {
        seed = 0
        var random = SplitMix(state: UInt64(FaultKind.allCases.firstIndex(of: kind) ?? 0))
        faults = [Self.fault(kind, isFirst: true, &random)]
    }

    /// The kind that the seed is sure to bring, or for which the schedule is made.
    var certainKind: FaultKind? {
        seed == 0 ? faults.first?.kind : Self.kind(of: seed)
    }

    private static func kind(of seed: UInt64) -> FaultKind {
        FaultKind.allCases[Int(seed % UInt64(FaultKind.allCases.count))]
    }

    /// The next schedule that is sure to bring this kind; a schedule of one fault alone stays as it is.
    var another: FaultSchedule {
        seed == 0 ? self : FaultSchedule(seed: seed + UInt64(FaultKind.allCases.count))
    }

    private static func fault(_ kind: FaultKind, isFirst: Bool, _ random: inout SplitMix) -> Fault {
        let host = Int.random(in: 0..<hostCount, using: &random)
        let start = Double.random(in: 0.6...(isFirst ? 1.8 : 4), using: &random)
        let lease = ChaosLimits.lease
        let seconds: ClosedRange<Double> =
            switch kind {
            case .coordinatorAsleep: (ChaosLimits.longest + 0.5)...(ChaosLimits.longest + 1)
            case .linkDownBeyondLease: (lease + 1)...(lease + 2)
            case .hostBroken, .hostDiskFull: 0.5...8
            case .hostFrozen, .lossToHost, .lossFromHost: 0.5...(lease + 2)
            // Faults that wait for their moment last longer, and so does the delay.
            case .uploadTruncated, .delay, .resultTwice, .resultAfterLease, .agentKilled, .workerKilled: 20...20
            default: 0.3...2
            }
        // These can only meet what is there from the launch on.
        let isEarly = [.uploadTruncated, .delay].contains(kind)
        return Fault(
            kind: kind, host: host, start: isEarly ? 0 : start,
            seconds: Double.random(in: seconds, using: &random))
    }

    var description: String { "seed \(seed): " + faults.map(\.description).joined(separator: "; ") }
}

/// The limits that the combinations run with.
enum ChaosLimits {
    static let lease = 2.5
    /// No time limit is longer.
    static let longest = 4.0
    static let argument =
        "lease=2.5,silence=1.2,ping=0.4,connect=3,hope=4,retry=0.1,longest-retry=0.5,rest=0.3,longest-rest=1,"
        + "hung=4,stop=1,cancel=3,wind-down=3,quick-failure=2,checkpoint=0.3"
}

/// Random numbers that a seed determines.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}
