import Foundation
import Testing

/// A Slurm of the test's own: a controller and nodes on this machine, each with pretended processors and GPUs. The test
/// ends every process that it starts, by its number.
final class Cluster {
    let directory: URL
    let port: Int
    private let nodes: Int
    private var daemons: [String: pid_t] = [:]
    private static let programs = [
        "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "scontrol", "munged", "mungekey",
    ]

    /// Why the test can have no Slurm; nil: its programs are there.
    static let lack: String? = {
        let missing = programs.filter { name in
            !["/usr/bin", "/usr/sbin"].contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(name)") }
        }
        return missing.isEmpty ? nil : "Slurm is not installed here: \(missing.joined(separator: ", "))"
    }()

    /// - Parameters:
    ///   - settings: lines of slurm.conf beside the test's own.
    ///   - accounts: those that may submit, kept by a database of the test's own; nil: there is none, and anybody may.
    init(in folder: URL, nodes: Int = 3, settings: String = "", accounts: [String]? = nil) throws {
        directory = folder.appendingPathComponent("slurm")
        self.nodes = nodes
        port = Int.random(in: 20_000...28_000)
        try FileManager.default.createDirectory(
            at: directory.appendingPathComponent("state"), withIntermediateDirectories: true)
        let host = ProcessInfo.processInfo.hostName
        let user = NSUserName()
        let path = directory.path
        var text = """
            ClusterName=test
            SlurmctldHost=\(host)(127.0.0.1)
            SlurmctldPort=\(port)
            SlurmctldPidFile=\(path)/slurmctld.pid
            SlurmctldTimeout=30
            SlurmdTimeout=20
            SlurmUser=\(user)
            SlurmdUser=\(user)
            AuthType=auth/munge
            AuthInfo=socket=\(path)/munge.socket
            CredType=cred/munge
            StateSaveLocation=\(path)/state
            SlurmdSpoolDir=\(path)/spool-%n
            SlurmdPidFile=\(path)/slurmd-%n.pid
            ProctrackType=proctrack/linuxproc
            TaskPlugin=task/none
            SelectType=select/cons_tres
            SelectTypeParameters=CR_Core
            JobAcctGatherType=jobacct_gather/none
            \(accounts == nil ? "AccountingStorageType=accounting_storage/none" : accountSettings)
            MpiDefault=none
            ReturnToService=2
            KillWait=5
            MinJobAge=300
            SchedulerParameters=batch_sched_delay=0,sched_min_interval=10000,sched_interval=2,bf_interval=1,default_queue_depth=1000
            SlurmdParameters=config_overrides
            GresTypes=gpu
            \(settings)

            """
        for node in 1...nodes {
            try FileManager.default.createDirectory(
                at: directory.appendingPathComponent("spool-n\(node)"), withIntermediateDirectories: true)
            text += "NodeName=n\(node) NodeHostname=\(host) NodeAddr=127.0.0.1 Port=\(port + node) "
            text += "CPUs=4 RealMemory=4000 Gres=gpu:fake:2 State=UNKNOWN\n"
        }
        text += "PartitionName=debug Nodes=ALL Default=YES MaxTime=INFINITE State=UP\n"
        try text.write(to: configuration, atomically: true, encoding: .utf8)
        try "NodeName=n[1-\(nodes)] Name=gpu Type=fake File=/dev/zero,/dev/full\n"
            .write(to: directory.appendingPathComponent("gres.conf"), atomically: true, encoding: .utf8)
        try run("mungekey", ["--create", "--keyfile=\(path)/munge.key"])
        try start(
            "munged", "munged",
            [
                "--foreground", "--force", "--socket=\(path)/munge.socket", "--key-file=\(path)/munge.key",
                "--pid-file=\(path)/munge.pid", "--seed-file=\(path)/munge.seed",
            ])
        try wait(10, for: "munged") { FileManager.default.fileExists(atPath: "\(path)/munge.socket") }
        if let accounts { try startAccounting(accounts) }
        try startController()
        for node in 1...nodes { try startNode(node) }
        try waitForIdleNodes()
    }

    func waitForIdleNodes() throws {
        try wait(30, for: "idle nodes") {
            (try? run("sinfo", ["--noheader", "--Node", "--format=%t"]))?.split(separator: "\n").count { $0 == "idle" }
                == nodes
        }
    }

    private var configuration: URL { directory.appendingPathComponent("slurm.conf") }
    /// The variable by which Slurm's commands find this cluster.
    var environment: [String: String] { ["SLURM_CONF": configuration.path] }

    func startController() throws { try start("slurmctld", "slurmctld", ["-D"]) }
    func startNode(_ number: Int) throws { try start("n\(number)", "slurmd", ["-D", "-N", "n\(number)"]) }
    /// Starts a node that has an empty file system of its own where others have the directory; needs root.
    func startNode(_ number: Int, hiding directory: String) throws {
        let script = "mount -t tmpfs none \"$0\" && exec slurmd -D -N n\(number)"
        try start("n\(number)", "unshare", ["--mount", "sh", "-c", script, directory])
    }

    /// Starts a daemon, not by `Process`: these daemons close every descriptor they have, and `Process` would take that for
    /// their end.
    func start(_ name: String, _ program: String, _ arguments: [String]) throws {
        let path = Self.path(of: program)
        let log = directory.appendingPathComponent("\(name).log").path
        let variables = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var list: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) } + [nil]
        var settings: [UnsafeMutablePointer<CChar>?] = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in list + settings { free(text) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, path, &actions, nil, &list, &settings)
        guard code == 0 else { throw Refusal(words: "\(program): \(String(cString: strerror(code)))") }
        daemons[name] = pid
    }

    func isRunning(_ node: Int) -> Bool { daemons["n\(node)"] != nil }

    /// Ends a daemon without warning; it is named `slurmctld` or as its node.
    func kill(_ name: String, _ signal: Int32 = SIGKILL) {
        guard let pid = daemons.removeValue(forKey: name) else { return }
        Foundation.kill(pid, signal)
        var status: Int32 = 0
        waitpid(pid, &status, 0)
    }

    /// Runs one of Slurm's commands and returns what it prints. Throws what it says where it fails.
    @discardableResult
    func run(_ program: String, _ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Self.path(of: program))
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let words = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Refusal(words: words) }
        return text
    }

    struct Refusal: Error { let words: String }

    /// Jobs that wait or run: number, name and state.
    func jobs() throws -> [(number: String, name: String, state: String)] {
        try run("squeue", ["--noheader", "--format=%i|%j|%T"]).split(separator: "\n").map { line in
            let fields = line.split(separator: "|").map(String.init)
            return (fields[0], fields[1], fields[2])
        }
    }

    static func path(of program: String) -> String {
        ["/usr/bin/\(program)", "/usr/sbin/\(program)"].first { FileManager.default.isExecutableFile(atPath: $0) }
            ?? "/usr/bin/\(program)"
    }

    func wait(_ seconds: Double, for what: String, until condition: () throws -> Bool) throws {
        let end = Date(timeIntervalSinceNow: seconds)
        while Date() < end {
            if try condition() { return }
            usleep(100_000)
        }
        Issue.record("after \(seconds) s still waiting for \(what)")
        throw CancellationError()
    }

    /// Ends the cluster's jobs, then the daemons.
    func close() {
        _ = try? run("scancel", ["--user=\(NSUserName())"])
        for _ in 0..<100 where (try? jobs().isEmpty) == false { usleep(100_000) }
        for name in daemons.keys.sorted(by: { $0 > $1 }) { kill(name) }
    }
}
