import JobContract

/// Finds the GPU that fails jobs at once: several different ones in a row, while another GPU of the host does its work.
/// Where all of them fail alike it is the host's fault or the jobs', which the coordinator finds out.
struct GPUBlame {
    /// Why GPUs are set aside, by ID.
    private(set) var setAside: [String: String] = [:]
    private var running: [AttemptNumber: Running] = [:]
    private var failures: [String: [Failure]] = [:]
    /// When an attempt last did its work there.
    private var goodAt: [String: Double] = [:]

    private struct Running {
        let job: JobID
        let gpus: [String]
        let since: Double
    }
    private struct Failure {
        let attempt: AttemptNumber
        let job: JobID
        let from, to: Double
    }

    /// As the coordinator judges hosts.
    static let quickSeconds = 10.0
    static let differentJobs = 3

    mutating func hasBegun(_ attempt: AttemptNumber, job: JobID, on gpus: [String], at now: Double) {
        running[attempt] = Running(job: job, gpus: gpus, since: now)
    }

    /// - Parameter isGood: nil where its end says nothing of the GPU.
    mutating func hasEnded(_ attempt: AttemptNumber, isGood: Bool?, at now: Double) {
        guard let ended = running.removeValue(forKey: attempt) else { return }
        if isGood == true || now - ended.since >= Self.quickSeconds {
            for gpu in ended.gpus {
                goodAt[gpu] = now
                failures[gpu] = nil
            }
        } else if isGood == false, ended.gpus.count == 1, let gpu = ended.gpus.first {
            // Of several nobody would know which it was.
            failures[gpu, default: []].append(Failure(attempt: attempt, job: ended.job, from: ended.since, to: now))
        }
    }

    /// GPUs that get no attempts for now: so much failed on them that they, or the others, must show what they can do.
    var doubted: Set<String> { Set(failures.filter { Set($0.value.map(\.job)).count >= Self.differentJobs }.keys) }

    /// The GPU that is set aside by what is known now. Doubts that nothing can settle are given up.
    mutating func judge(at now: Double) -> FailedGPU? {
        let doubted = doubted
        for gpu in doubted.sorted() {
            guard let found = failures[gpu], let first = found.first, let last = found.last else { continue }
            let others = running.values.filter { !$0.gpus.contains(gpu) && doubted.isDisjoint(with: $0.gpus) }
            let longest = found.reduce(0) { max($0, $1.to - $1.from) }
            let lives = others.contains { now - $0.since >= max(1, 2 * longest) && $0.since <= last.from }
            let works = goodAt.contains { $0.key != gpu && setAside[$0.key] == nil && $0.value >= first.from }
            if works || lives {
                failures[gpu] = nil
                let reason =
                    "\(found.count) attempts of \(Set(found.map(\.job)).count) jobs failed on it within "
                    + "\(Int(Self.quickSeconds)) s of their start, while other GPUs of the host did their work"
                setAside[gpu] = reason
                return FailedGPU(
                    id: gpu, reason: reason, attempts: found.map(\.attempt).suffix(FailedGPU.mostAttempts))
            }
            if others.isEmpty { failures[gpu] = nil }
        }
        return nil
    }
}
