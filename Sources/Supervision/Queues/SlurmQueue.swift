import Glibc
import JobContract

/// Slurm, by its commands `sbatch`, `squeue` and `scancel`. It needs no accounting database.
struct SlurmQueue: BatchQueue {
    /// Seconds that a command may take: a controller that restarts keeps commands waiting.
    private static let patience = 60.0
    /// Seconds before the time limit at which Slurm signals the pilot, which keeps time itself.
    private static let warningSeconds = 60

    func submit(_ order: SubmissionOrder) throws(QueueRefusal) -> String {
        let words = try run("sbatch", ["--parsable"] + Self.options(of: order) + [order.script])
        // sbatch answers with the number, and in some clusters with their name behind a semicolon.
        let number = words.split(separator: "\n").last.map { $0.prefix { $0 != ";" } } ?? ""
        guard !number.isEmpty, number.utf8.allSatisfy({ (48...57).contains($0) }) else {
            throw QueueRefusal(words: "sbatch answered \"\(words.prefix(300))\" where a job's number was expected")
        }
        return String(number)
    }

    func examine(_ order: SubmissionOrder) throws(QueueRefusal) {
        _ = try run("sbatch", ["--test-only"] + Self.options(of: order) + [order.script], seconds: 20)
    }

    func list() throws(QueueRefusal) -> [QueueEntry] {
        let words = try run(
            "squeue", ["--noheader", "--user=\(getuid())", "--states=all", "--format=%i|%j|%T|%N|%r"])
        return words.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: "|", maxSplits: 4, omittingEmptySubsequences: false).map(String.init)
            guard fields.count == 5, AllocationName.isPlain(fields[1]) else { return nil }
            let state = Self.state(of: fields[2])
            let words =
                switch state {
                case .waiting: fields[4] == "None" ? "" : fields[4]
                case .running: fields[2]
                case .over: Self.ending(fields[2], node: fields[3], reason: fields[4])
                }
            return QueueEntry(
                name: fields[1], job: String(fields[0].prefix(40)), state: state, words: words.cut(toBytes: 200))
        }
    }

    /// How a job ended, in Slurm's words, and what they mean where they do not tell.
    private static func ending(_ state: String, node: String, reason: String) -> String {
        var words = state
        if !node.isEmpty { words += " on \(node)" }
        if reason != "None" { words += " (\(reason))" }
        // A node says the second where it cannot open the job's output file.
        if reason == "JobLaunchFailure" || reason.hasPrefix("RaisedSignal:53") {
            words += ": the node could not begin the job; does it see the directory?"
        }
        return words
    }

    func cancel(name: String) throws(QueueRefusal) {
        do throws(QueueRefusal) {
            _ = try run("scancel", ["--name=\(name)", "--user=\(getuid())"])
        } catch {
            if !error.words.contains("Invalid job id") { throw error }
        }
    }

    private static func options(of order: SubmissionOrder) -> [String] {
        let settings = order.settings
        // Slurm's limits are whole minutes.
        let minutes = max(1, (settings.seconds + 59) / 60)
        var options = [
            "--job-name=\(order.name)", "--nodes=1", "--ntasks=1", "--cpus-per-task=\(settings.cores)",
            "--time=\(minutes)", "--no-requeue", "--open-mode=append", "--output=\(order.output)",
        ]
        if settings.seconds >= 5 * warningSeconds { options.append("--signal=B:USR1@\(warningSeconds)") }
        if let memory = settings.memory { options.append("--mem=\(max(1, memory >> 20))M") }
        if settings.gpus > 0 { options.append("--gres=gpu:\(settings.gpus)") }
        if let partition = settings.partition { options.append("--partition=\(partition)") }
        if let account = settings.account { options.append("--account=\(account)") }
        if let quality = settings.qualityOfService { options.append("--qos=\(quality)") }
        return options + settings.options
    }

    /// Slurm's long names of states (squeue's %T).
    private static func state(of name: String) -> QueueEntry.State {
        switch name {
        case "PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "SPECIAL_EXIT", "RESV_DEL_HOLD":
            .waiting
        case "BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED",
            "REVOKED", "TIMEOUT":
            .over
        // A job that is RUNNING, COMPLETING, SUSPENDED or what later versions may say may live.
        default: .running
        }
    }

    /// What a command prints.
    /// - Throws: where the command is not there, fails, or takes more than `seconds`.
    private func run(
        _ name: String, _ arguments: [String], seconds: Double = patience
    ) throws(QueueRefusal) -> String {
        guard let path = Self.path(of: name) else {
            throw QueueRefusal(
                words: "there is no \(name) on this machine: is it a login node of a cluster with Slurm?")
        }
        let kept = ["HOME", "PATH", "USER", "LOGNAME", "SLURM_CONF"]
        let environment =
            ["LANG=C", "LC_ALL=C"] + kept.compactMap { name in getenv(name).map { "\(name)=" + String(cString: $0) } }
        let ended: PosixProgram.Ended
        do throws(AgentRefusal) {
            ended = try PosixProgram(path: path, arguments: [path] + arguments, environment: environment)
                .run(seconds: seconds)
        } catch {
            throw QueueRefusal(words: error.message)
        }
        let words = String(decoding: ended.output, as: UTF8.self)
        guard !ended.isLate else {
            throw QueueRefusal(words: "\(name) gave no answer in \(Int(seconds)) s")
        }
        guard ended.code == 0 else {
            let said = words.split(separator: "\n").joined(separator: " / ")
            throw QueueRefusal(
                words: said.isEmpty ? "\(name) ended with exit status \(ended.code)" : said.cut(toBytes: 2000))
        }
        return words
    }

    /// Where a program is, in the account's PATH or where sites put Slurm; nil: in none of them.
    private static func path(of program: String) -> String? {
        let list = getenv("PATH").map { String(cString: $0) } ?? ""
        let folders =
            list.split(separator: ":").map(String.init)
            + ["/usr/bin", "/usr/local/bin", "/opt/slurm/bin", "/usr/local/slurm/bin"]
        return folders.map { "\($0)/\(program)" }.first { access($0, X_OK) == 0 }
    }
}
