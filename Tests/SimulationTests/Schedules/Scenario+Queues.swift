import SweepModel

/// Draws queues: every fourth schedule has some of its hosts, or all, from one.
extension Scenario {
    var hasQueue: Bool { hosts.contains { $0.seat != nil } }

    mutating func addQueue(seed: UInt64, horizon: Double, _ extra: [Fault]) {
        var random = SeededRandom(seed: seed ^ 0x51E4)
        let isProvoked = extra.contains { if case .queue = $0 { true } else { false } }
        guard random.chance(0.25) || isProvoked else { return }
        let seconds = random.pick(200...1800)
        let count = random.pick(1...hosts.count)
        for number in 1...count {
            let index = hosts.count - count + number - 1
            let kind = kinds.removeValue(forKey: hosts[index].name)
            hosts[index].name = "q/\(number)"
            hosts[index].seat = QueueSeat(
                queue: "q", number: number, settings: .init(seconds: seconds, cores: hosts[index].slots ?? 1))
            kinds[hosts[index].name] = kind
        }
        for _ in 0..<random.pick(0...6) {
            let latest = random.chance(0.8) ? 2 * horizon : 2500
            faults.append((random.seconds(1...latest), .queue(Self.queueFault(&random))))
        }
    }

    private static func queueFault(_ random: inout SeededRandom) -> Fault.Queue {
        switch random.pick(0...16) {
        case 0, 1: .isMute(seconds: random.seconds(5...120), forgets: random.chance(0.5))
        case 2: .refuses(seconds: random.seconds(5...300))
        case 3, 4: .misses(seconds: random.seconds(5...300))
        case 5, 6: .isStale(seconds: random.seconds(5...300))
        case 7, 8: .relayDeath
        case 9: .loginGone(seconds: random.seconds(1...(random.chance(0.5) ? 3600 : 120)))
        case 10, 11: .preempts(warning: random.chance(0.5) ? 30 : nil, requeues: random.chance(0.5))
        case 12: .cancels
        case 13, 14: .nodeDies
        case 15: .nodeIsForgotten
        default: .nodeIsCutOff(seconds: random.seconds(20...1500))
        }
    }

    /// Virtual seconds spent waiting for allocations, each of which may be short: every piece of the work costs a turn in
    /// the queue, the margin before the end and what is lost with it.
    var longestWaits: Double {
        guard let seconds = hosts.lazy.compactMap({ $0.seat?.settings.seconds }).first else { return 0 }
        return 6000 + longestWork / Double(seconds) * 1500
    }
}

extension Fault.Queue {
    /// How many seconds the fault lasts.
    var seconds: Double {
        switch self {
        case .isMute(let seconds, _), .refuses(let seconds), .misses(let seconds), .isStale(let seconds),
            .loginGone(let seconds), .nodeIsCutOff(let seconds):
            seconds
        case .relayDeath, .preempts, .cancels, .nodeDies, .nodeIsForgotten: 0
        }
    }
}
