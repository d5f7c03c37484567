import JobContract
import SweepModel

/// SplitMix64 (Steele, Lea and Flood 2014): one stream decides everything random in a simulated run.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64
    /// Whether nothing is left to chance: times are the middle of their ranges, and what only may happen does not.
    let isEven: Bool

    init(seed: UInt64, isEven: Bool = false) {
        self.isEven = isEven
        state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 0x1234_5678_9ABC_DEF1
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func chance(_ probability: Double) -> Bool {
        isEven ? probability > 0.5 : Double.random(in: 0..<1, using: &self) < probability
    }

    mutating func seconds(_ range: ClosedRange<Double>) -> Double {
        isEven ? (range.lowerBound + range.upperBound) / 2 : Double.random(in: range, using: &self)
    }

    mutating func pick(_ range: ClosedRange<Int>) -> Int {
        isEven ? range.lowerBound : Int.random(in: range, using: &self)
    }
}

/// Virtual time, everything that is yet to happen in it, and the record of what did.
final class World {
    private(set) var now = Instant(nanoseconds: 0)
    var random: SeededRandom
    /// A running hash of every note: equal for equal runs.
    private(set) var fingerprint: UInt64 = 0xCBF2_9CE4_8422_2325
    private(set) var lastNotes: [String] = []
    private(set) var violations: [String] = []
    var census = Census()
    /// The coordinator's store.
    var store = SimulatedStore()
    /// When a lost file last cost work, which is then done anew.
    var lossAt = 0.0
    /// Trainings whose trials a person cancelled.
    var cancelled: Set<TrainingID> = []
    /// Hosts that the hosts file does not name now.
    var unlisted: Set<HostName> = []
    /// Whether the second sweep of the scenario is wanted by now.
    var isSecondLaunched = false
    /// Whether another catalogue, or a copy of the first, has the same store of files.
    var sharesStore = false
    /// Whether coordinators work on copies of the catalogue.
    var hasCopies = false
    /// Whether hosts lie.
    var hasLiars = false
    /// The bits of states and weights that differ from those of most hosts.
    var unusual: [Digest: Bits] = [:]
    /// The bytes of workers' lines and links; nil in schedules without bytes.
    var bytes: ByteLayer?
    /// How far the coordinator's wall clock is off.
    var wallOffset = 0.0
    let keepsAllNotes: Bool

    private struct Happening {
        let time: Instant
        let order: Int
        let body: () -> Void

        func isBefore(_ other: Happening) -> Bool {
            time == other.time ? order < other.order : time < other.time
        }
    }
    private var heap: [Happening] = []
    private var scheduled = 0

    init(seed: UInt64, isEven: Bool, keepsAllNotes: Bool = false) {
        random = SeededRandom(seed: seed, isEven: isEven)
        self.keepsAllNotes = keepsAllNotes
    }

    var seconds: Double { Double(now.nanoseconds) / 1e9 }

    func note(_ text: String) {
        for byte in text.utf8 { fingerprint = (fingerprint ^ UInt64(byte)) &* 0x100_0000_01B3 }
        fingerprint = (fingerprint ^ UInt64(bitPattern: now.nanoseconds)) &* 0x100_0000_01B3
        guard keepsAllNotes else { return }
        lastNotes.append("\(seconds) \(text)")
    }

    /// Records that a file of the coordinator's store was found damaged: unless a host has it whole, it is made again.
    func lost(_ file: Digest, of training: TrainingID, _ log: HostLog) {
        note("a stored file of \(training.short) is damaged")
        census.count(.damageFound)
        lossAt = seconds
        log.lose(file, of: training)
    }

    /// Records that something which was to go wrong did so just now.
    func faultFound() { lossAt = seconds }

    /// Records that something happened that must not.
    func violation(_ text: String) {
        note("VIOLATION \(text)")
        violations.append("at \(seconds) s: \(text)")
    }

    func after(_ seconds: Double, _ body: @escaping () -> Void) {
        at(now.advanced(bySeconds: max(0, seconds)), body)
    }

    func at(_ time: Instant, _ body: @escaping () -> Void) {
        scheduled += 1
        heap.append(Happening(time: max(time, now), order: scheduled, body: body))
        var child = heap.count - 1
        while child > 0, case let parent = (child - 1) / 2, heap[child].isBefore(heap[parent]) {
            heap.swapAt(child, parent)
            child = parent
        }
    }

    /// Lets the next thing happen if it happens by `deadline`; otherwise moves time there and returns false. Returns false
    /// at once where there is neither a deadline nor anything to happen.
    func runNext(before deadline: Instant?) -> Bool {
        guard let next = heap.first, deadline.map({ next.time <= $0 }) ?? true else {
            if let deadline { now = max(now, deadline) }
            return false
        }
        popFirst()
        now = max(now, next.time)
        next.body()
        return true
    }

    /// Lets everything happen that happens within so many seconds, as long as `goesOn` says so.
    func pass(_ seconds: Double, while goesOn: () -> Bool = { true }) {
        let end = now.advanced(bySeconds: seconds)
        while goesOn(), runNext(before: end) {}
    }

    /// Forgets everything that was to happen.
    func end() { heap = [] }

    private func popFirst() {
        let last = heap.removeLast()
        guard !heap.isEmpty else { return }
        heap[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && heap[child].isBefore(heap[least]) {
                least = child
            }
            guard least != parent else { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
