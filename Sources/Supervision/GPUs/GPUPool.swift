import CPosix
import Glibc
import JobContract

/// Gives GPUs to attempts: each to so many at a time as the hosts file allows.
///
/// A place on a GPU is a locked file, and the lock is the worker's own: it inherits the open file, so that the place is
/// taken exactly as long as the worker lives or what it started. No agent need remember who has what, and agents of several
/// catalogues on one host share its GPUs.
final class GPUPool {
    /// The hosts file's wish, by which the pool was made.
    struct Wish: Hashable {
        var choice: GPUChoice
        var jobsPerGPU: Int
        var environment: [String: String]
    }

    /// What an attempt was given.
    struct Grant {
        let gpus: [GPU]
        /// Open and locked; whoever has them has the places.
        fileprivate(set) var locks: [Int32]

        /// Leaves the places to the program that has inherited the files.
        mutating func close() {
            for lock in locks { Glibc.close(lock) }
            locks = []
        }
    }

    let wish: Wish
    private let gpus: [GPU]
    private let directory: String
    private var blame = GPUBlame()

    init(_ wish: Wish, in place: AgentPlace) throws(AgentRefusal) {
        self.wish = wish
        gpus = GPUSurvey(environment: wish.environment).chosen(wish.choice).gpus
        directory = "\(place.root)/gpus/\(place.machine)"
        try Files.makeDirectory(directory)
    }

    var facts: [GPUFacts] { gpus.map { $0.facts(setAside: blame.setAside[$0.id]) } }
    /// How many there are that attempts may have.
    var count: Int { usable.count }
    private var usable: [GPU] { gpus.filter { blame.setAside[$0.id] == nil } }
    /// Those that may be given now.
    private var ready: [GPU] {
        let doubted = blame.doubted
        return doubted.isEmpty ? usable : usable.filter { !doubted.contains($0.id) }
    }

    /// Places on so many different GPUs, those that have the most left; nil where there are none now.
    ///
    /// Throws where there are too few and one of the places cannot be taken: to wait for it would be for ever.
    func grant(_ wanted: Int) throws(AgentRefusal) -> Grant? {
        var refusal: AgentRefusal?
        var free: [(gpu: GPU, locks: [Int32])] = []
        for gpu in ready {
            let locks = freePlaces(on: gpu, &refusal)
            if !locks.isEmpty { free.append((gpu, locks)) }
        }
        free.sort { $0.locks.count > $1.locks.count }
        let isEnough = free.count >= wanted
        var taken: [Int32] = []
        for (index, (_, locks)) in free.enumerated() {
            let keeps = isEnough && index < wanted
            if keeps { taken.append(locks[0]) }
            for lock in locks.dropFirst(keeps ? 1 : 0) { close(lock) }
        }
        if isEnough { return Grant(gpus: free.prefix(wanted).map(\.gpu), locks: taken) }
        if let refusal { throw refusal }
        return nil
    }

    private func freePlaces(on gpu: GPU, _ refusal: inout AgentRefusal?) -> [Int32] {
        var free: [Int32] = []
        for place in 0..<wish.jobsPerGPU {
            let path = "\(directory)/\(name(of: gpu)).\(place)"
            let lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
            if lock < 0 {
                refusal = Files.refusal("open \(path) for a GPU")
            } else if flock(lock, LOCK_EX | LOCK_NB) == 0 {
                free.append(lock)
            } else {
                if errno != EWOULDBLOCK, errno != EINTR { refusal = Files.refusal("lock \(path) for a GPU") }
                close(lock)
            }
        }
        return free
    }

    /// By its number where the driver counts it, so that it is the same however it was called. What a queue's allocation
    /// calls 0 may be another than the driver's.
    private func name(of gpu: GPU) -> String {
        let allocation = getenv(GPUVariables.allocation).map { String(cString: $0) + "-" } ?? ""
        let name = gpu.index.map(String.init) ?? gpu.id
        return PlainName.file(for: allocation + name, kind: "gpu")
    }

    func hasBegun(_ attempt: AttemptNumber, job: JobID, on grant: Grant) {
        blame.hasBegun(attempt, job: job, on: grant.gpus.map(\.id), at: posix_monotonic_seconds())
    }

    /// - Parameter isGood: nil where its end says nothing of the GPU.
    func hasEnded(_ attempt: AttemptNumber, isGood: Bool?) {
        blame.hasEnded(attempt, isGood: isGood, at: posix_monotonic_seconds())
    }

    /// A GPU that gets no attempts from now on, as it turns out; it is told once.
    func failed() -> FailedGPU? { blame.judge(at: posix_monotonic_seconds()) }
}
