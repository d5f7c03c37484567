import Foundation
import Testing

/// Sweeps through the queue of a real Slurm of three nodes, which the test starts and ends.
@Suite(
    .serialized, .enabled(if: slowTestsWanted, whySlow),
    .enabled(if: Cluster.lack == nil, Comment(rawValue: Cluster.lack ?? "")))
struct SlurmTests {
    /// Calls `body` with a lab that has a cluster.
    private func withCluster(
        hosts: String = "time: 10m, cores: 2, memory: 1G, allocations: 3", nodes: Int = 3,
        accounts: [String]? = nil, _ body: (Lab, Cluster) throws -> Void
    ) throws {
        try withLab { lab in
            try lab.write("hosts.yaml", queueHost(lab, hosts))
            let cluster = try Cluster(in: lab.directory, nodes: nodes, accounts: accounts)
            defer { cluster.close() }
            try body(lab, cluster)
        }
    }

    /// A hosts file.
    private func queueHost(_ lab: Lab, _ keys: String) -> String {
        "hosts:\n  - here: {address: local, queue: slurm, \(keys), slots: 2, directory: \(lab.directory.path)/host}\n"
    }

    /// The sweep's measurements as the local host gives them.
    private func local(_ sweep: String) throws -> [String] {
        try withLab { lab in
            let output = try lab.run(["launch", try lab.write("sweep.yaml", sweep)])
            #expect(output.status == 0, "\(output.err)")
            return try lab.measurements()
        }
    }

    /// A sweep that runs long enough for something to happen meanwhile, with recovery points.
    private static let long = smallSweep(name: "long", lengths: "[400, 800]")

    /// Whether no attempt was held against a job or a host.
    private func requireNobodyCharged(_ lab: Lab) throws {
        let charged = try lab.rows(
            "SELECT number, outcome, reason FROM attempt WHERE outcome NOT IN ('succeeded', 'paused', 'cancelled')")
        #expect(charged == [])
    }

    @Test func aSweepThroughTheQueueGivesTheBitsOfThisMachine() throws {
        let sweep = smallSweep()
        let expected = try local(sweep)
        try withCluster { lab, cluster in
            let check = try lab.run(["hosts", "check"], cluster.environment)
            #expect(check.status == 0, "\(check.out)\(check.err)")
            let output = try lab.run(["launch", try lab.write("sweep.yaml", sweep)], cluster.environment)
            #expect(output.status == 0, "\(output.err)")
            #expect(try lab.measurements() == expected)
            // Nothing was left to do: the allocations are gone, and so is what they left.
            try cluster.wait(15, for: "the end of allocations") { try cluster.jobs().isEmpty }
            let hosts = try FileManager.default.contentsOfDirectory(atPath: lab.directory.path + "/host/hosts")
            #expect(hosts.filter { $0.hasPrefix("es-") } == [])
            try requireNobodyCharged(lab)
        }
    }

    /// Something that happens to a sweep under way. The sweep gives the same results all the same, and nobody is charged.
    enum Mishap: String, CaseIterable, CustomTestStringConvertible {
        case scancel, nodeDown, slurmdKilled, controllerRestarted, requeue, relayKilled, pilotKilled
        var testDescription: String { rawValue }
    }

    @Test(arguments: Mishap.allCases) func noMishapLosesAResult(_ mishap: Mishap) throws {
        let expected = try local(Self.long)
        try withCluster { lab, cluster in
            let run = try lab.start(
                ["launch", try lab.write("sweep.yaml", Self.long)], environment: cluster.environment)
            try lab.wait(60, for: "running attempts") { try lab.count("attempt WHERE started_at IS NOT NULL") >= 3 }
            try happen(mishap, lab, cluster)
            #expect(run.isRunning, "the sweep was over before anything happened")
            try lab.wait(150, for: "the end of the sweep") { !run.isRunning }
            #expect(run.terminationStatus == 0, "\(lab.said(by: run))")
            #expect(try lab.measurements() == expected)
            try requireNobodyCharged(lab)
            // Once its daemons are back the cluster can end what it still holds.
            if mishap == .slurmdKilled {
                for node in 1...3 where !cluster.isRunning(node) { try cluster.startNode(node) }
            }
        }
    }

    private func happen(_ mishap: Mishap, _ lab: Lab, _ cluster: Cluster) throws {
        let job = try #require(try cluster.jobs().first { $0.state == "RUNNING" })
        let node = try cluster.run("squeue", ["--noheader", "--jobs=\(job.number)", "--format=%N"])
            .trimmingCharacters(in: .whitespacesAndNewlines)
        switch mishap {
        case .scancel: try cluster.run("scancel", [job.number])
        case .nodeDown:
            try cluster.run("scontrol", ["update", "NodeName=\(node)", "State=DOWN", "Reason=test"])
        case .slurmdKilled: cluster.kill(node)
        case .controllerRestarted:
            cluster.kill("slurmctld")
            sleep(3)
            try cluster.startController()
        case .requeue:
            #expect(throws: Cluster.Refusal.self) { try cluster.run("scontrol", ["requeue", job.number]) }
            try cluster.run("scontrol", ["update", "JobId=\(job.number)", "Requeue=1"])
            try cluster.run("scontrol", ["requeue", job.number])
        case .relayKilled:
            let relays = lab.processes(matching: "eigensweep-agent").filter { pid in
                let line = (try? String(contentsOfFile: "/proc/\(pid)/cmdline", encoding: .utf8)) ?? ""
                return line.split(separator: "\0").last == "connect"
            }
            #expect(relays.count == 1)
            for relay in relays { kill(relay, SIGKILL) }
        case .pilotKilled:
            let pilots = lab.processes(matching: job.name).filter { pid in
                let line = (try? String(contentsOfFile: "/proc/\(pid)/cmdline", encoding: .utf8)) ?? ""
                return line.contains("\0pilot\0")
            }
            #expect(pilots.count == 1)
            for pilot in pilots { kill(pilot, SIGKILL) }
        }
    }

    @Test func trainingsGoOnInTheNextAllocationWhenTheTimeIsOver() throws {
        let sweep = smallSweep(name: "hours", lengths: "[12000, 26000]")
        let expected = try local(sweep)
        try withCluster(hosts: "time: 1m, cores: 2, allocations: 2") { lab, cluster in
            let output = try lab.run(["launch", try lab.write("sweep.yaml", sweep)], cluster.environment)
            #expect(output.status == 0, "\(output.err)")
            #expect(try lab.measurements() == expected)
            let paused = try lab.count("attempt WHERE outcome = 'paused'")
            #expect(paused > 0)
            try requireNobodyCharged(lab)
        }
    }

    @Test func aCoordinatorKilledInMidSubmissionSubmitsNothingTwice() throws {
        let sweep = smallSweep()
        let expected = try local(sweep)
        try withCluster { lab, cluster in
            // The submission takes a while.
            try lab.write(
                "bin/sbatch",
                "#!/bin/sh\ntouch \(lab.directory.path)/submitting\nsleep 2\nexec /usr/bin/sbatch \"$@\"\n")
            chmod(lab.directory.path + "/bin/sbatch", 0o755)
            var slow = cluster.environment
            slow["PATH"] = "\(lab.directory.path)/bin:/usr/bin:/bin"
            let file = try lab.write("sweep.yaml", sweep)
            let run = try lab.start(["launch", file], environment: slow)
            try lab.wait(30, for: "a submission") {
                FileManager.default.fileExists(atPath: lab.directory.path + "/submitting")
            }
            kill(run.processIdentifier, SIGKILL)
            run.waitUntilExit()
            let output = try lab.run(["resume"], cluster.environment)
            #expect(output.status == 0, "\(output.err)")
            #expect(try lab.measurements() == expected)
            try requireNobodyCharged(lab)
            try cluster.wait(40, for: "the end of allocations") { try cluster.jobs().isEmpty }
        }
    }

    /// A Ctrl-C leaves allocations as it leaves jobs to hosts, until they are cleaned away or the run goes on; a second one
    /// ends them.
    @Test(arguments: [1, 2]) func interruptionsLeaveAllocationsOrEndThem(times: Int) throws {
        let expected = try local(Self.long)
        try withCluster { lab, cluster in
            let run = try lab.start(
                ["launch", try lab.write("sweep.yaml", Self.long)], environment: cluster.environment)
            try lab.wait(60, for: "running attempts") { try lab.count("attempt WHERE started_at IS NOT NULL") >= 3 }
            for _ in 0..<times {
                kill(run.processIdentifier, SIGINT)
                usleep(300_000)
            }
            try lab.wait(60, for: "the end of the run") { !run.isRunning }
            if times == 1 {
                #expect(run.terminationStatus == 6, "\(lab.said(by: run))")
                #expect(try cluster.jobs().contains { $0.state == "RUNNING" })
                let cleaned = try lab.run(["hosts", "clean", "--format", "csv"], cluster.environment)
                #expect(cleaned.status == 0, "\(cleaned.err)")
                try cluster.wait(15, for: "the end of cleaned allocations") { try cluster.jobs().isEmpty }
                let output = try lab.run(["resume"], cluster.environment)
                #expect(output.status == 0, "\(output.err)")
                #expect(try lab.measurements() == expected)
                try requireNobodyCharged(lab)
            }
            try cluster.wait(20, for: "the end of allocations") { try cluster.jobs().isEmpty }
        }
    }

    /// Slurm chooses an allocation's GPU. Each of the allocation's jobs has that one and no other, one job at a time.
    @Test func jobsHaveTheGPUsThatTheQueueChose() throws {
        try withCluster(hosts: "time: 10m, cores: 2, gpus: 1, allocations: 2, env: {EIGENSWEEP_AGENT_GPUS: FOLDER}") {
            lab, cluster in
            for gpu in ["0", "1"] { try lab.write("gpus/\(gpu)", "") }
            let hosts = lab.directory.path + "/hosts.yaml"
            try lab.write(
                "hosts.yaml",
                try String(contentsOfFile: hosts, encoding: .utf8)
                    .replacing("FOLDER", with: "\(lab.directory.path)/gpus"))
            let worker = lab.programs.appendingPathComponent("eigensweep-worker").path
            let wrapper = try lab.write(
                "noting",
                """
                #!/bin/sh
                if [ "$1" = run ]; then
                    echo "+ $CUDA_VISIBLE_DEVICES $PWD" >> "\(lab.directory.path)/given"
                    "\(worker)" "$@"; code=$?
                    echo "- $CUDA_VISIBLE_DEVICES $PWD" >> "\(lab.directory.path)/given"
                    exit $code
                fi
                exec "\(worker)" "$@"
                """)
            chmod(wrapper, 0o755)
            let extra = "worker: {command: [./noting], upload: [noting]}\nneeds: {gpus: 1}"
            let sweep = try lab.write("gpu.yaml", smallSweep(name: "gpu", extra: extra))
            let output = try lab.run(["launch", sweep], cluster.environment)
            #expect(output.status == 0, "\(output.err)")
            var chosen: [Substring: Substring] = [:]
            var held: [Substring: Int] = [:]
            let given = try String(contentsOfFile: lab.directory.path + "/given", encoding: .utf8)
            for line in given.split(separator: "\n") {
                let words = line.split(separator: " ")
                try #require(words.count == 3, "\(line)")
                let allocation = try #require(
                    words[2].split(separator: "/").first { $0.hasPrefix("es-") && $0.count > 20 })
                #expect(["0", "1"].contains(words[1]))
                #expect(chosen.updateValue(words[1], forKey: allocation) ?? words[1] == words[1], "\(given)")
                held[allocation, default: 0] += words[0] == "+" ? 1 : -1
                #expect((held[allocation] ?? 0) <= 1, "\(given)")
            }
            #expect(!chosen.isEmpty)
        }
    }

    @Test func allocationsThatWaitAreShownWithTheQueuesReason() throws {
        try withCluster(hosts: "time: 10m, cores: 2, allocations: 1") { lab, cluster in
            try cluster.run("scontrol", ["update", "PartitionName=debug", "State=DOWN"])
            let run = try lab.start(
                ["launch", try lab.write("sweep.yaml", smallSweep())], environment: cluster.environment)
            var list = ""
            try lab.wait(40, for: "the queue's reason") {
                list = try lab.run(["hosts", "list", "--format", "csv"]).out
                return list.contains("here/1,this machine,queued,PartitionDown")
            }
            try cluster.run("scontrol", ["update", "PartitionName=debug", "State=UP"])
            try lab.wait(60, for: "an allocation that runs") {
                list = try lab.run(["hosts", "list", "--format", "csv"]).out
                return !run.isRunning || list.contains("here/1,this machine,connected,\"on n1, ")
            }
            try lab.wait(60, for: "the end of the sweep") { !run.isRunning }
            #expect(run.terminationStatus == 0, "\(list)\(lab.said(by: run))")
        }
    }

    @Test func whatTheQueueRefusesIsSaidInItsOwnWords() throws {
        try withCluster(hosts: "partition: nowhere, time: 10m, cores: 2, allocations: 2") { lab, cluster in
            let check = try lab.run(["hosts", "check", "--format", "csv"], cluster.environment)
            #expect(check.status == 4)
            #expect(check.out.contains("invalid partition specified: nowhere"), "\(check.out)")
            let run = try lab.start(
                ["launch", try lab.write("sweep.yaml", smallSweep())], environment: cluster.environment)
            try lab.wait(30, for: "the queue's words") {
                lab.said(by: run).contains(
                    "the queue takes no allocation: sbatch: error: invalid partition specified: nowhere")
            }
        }
    }

    @Test(.enabled(if: Cluster.lackOfAccounts == nil, Comment(rawValue: Cluster.lackOfAccounts ?? "")))
    func anAccountThatDoesNotExistIsRefusedUntilTheHostsFileNamesOneThatDoes() throws {
        let keys = "time: 10m, cores: 2, allocations: 1, account: "
        let refusal = "Invalid account or account/partition combination specified"
        try withCluster(hosts: keys + "physics", accounts: ["physics"]) { lab, cluster in
            let fine = try lab.run(["hosts", "check"], cluster.environment)
            #expect(fine.status == 0, "\(fine.out)\(fine.err)")
            try lab.write("hosts.yaml", queueHost(lab, keys + "chemistry"))
            let check = try lab.run(["hosts", "check", "--format", "csv"], cluster.environment)
            #expect(check.status == 4)
            #expect(check.out.contains("it takes no such allocation: allocation failure: \(refusal)"), "\(check.out)")
            let disk = try cluster.run("df", ["--output=fstype,source", lab.directory.path])
                .split { $0.isWhitespace }.suffix(2)
            #expect(
                check.out.contains("lies on \(disk[disk.startIndex]) (\(disk[disk.endIndex - 1])), "), "\(check.out)")
            #expect(try cluster.run("squeue", ["--noheader", "--states=all"]) == "")
            let run = try lab.start(
                ["launch", try lab.write("sweep.yaml", smallSweep())], environment: cluster.environment)
            try lab.wait(30, for: "the queue's words") {
                lab.said(by: run).contains(
                    "the queue takes no allocation: sbatch: error: Batch job submission failed: \(refusal)")
            }
            #expect(try lab.count("attempt") == 0)
            #expect(try cluster.run("squeue", ["--noheader", "--states=all"]) == "")
            try lab.write("hosts.yaml", queueHost(lab, keys + "physics"))
            try lab.wait(60, for: "the end of the sweep") { !run.isRunning }
            #expect(run.terminationStatus == 0, "\(lab.said(by: run))")
            try requireNobodyCharged(lab)
        }
    }

    /// A run that was killed has left one allocation that runs and one that waits. The next run finds nothing left to do.
    /// - Parameter hasJobs: whether the first has jobs of the killed run; else it began after that.
    @Test(arguments: ["launch", "resume"], [true, false])
    func whereNothingIsLeftToDoWhatAKilledRunLeftEnds(command: String, hasJobs: Bool) throws {
        try withCluster(hosts: "time: 10m, cores: 3, allocations: 2", nodes: 1) { lab, cluster in
            func setPartition(_ state: String) throws {
                try cluster.run("scontrol", ["update", "PartitionName=debug", "State=\(state)"])
            }
            func states() throws -> Set<String> { Set(try cluster.jobs().map(\.state)) }
            if !hasJobs { try setPartition("DOWN") }
            let file = try lab.write("sweep.yaml", smallSweep(lengths: "[40000]"))
            let run = try lab.start(["launch", file], environment: cluster.environment)
            try lab.wait(60, for: "two allocations") {
                try cluster.jobs().count == 2
                    && (!hasJobs || lab.count("attempt WHERE started_at IS NOT NULL") > 0)
            }
            kill(run.processIdentifier, SIGKILL)
            run.waitUntilExit()
            #expect(try lab.run(["cancel", "small"]).status == 0)
            if !hasJobs { try setPartition("UP") }
            try cluster.wait(20, for: "an allocation that runs") { try states() == ["RUNNING", "PENDING"] }
            let output = try lab.run(command == "launch" ? [command, file] : [command], cluster.environment)
            #expect(output.status == 0, "\(output.err)")
            try cluster.wait(20, for: "the end of allocations") { try cluster.jobs().isEmpty }
            try requireNobodyCharged(lab)
        }
    }

    /// The node has an empty directory where the login node has the shared one.
    @Test(.enabled(if: geteuid() == 0, "mounting needs root"))
    func aNodeThatDoesNotSeeTheDirectoryIsNamedAndNotAskedForAgainAtOnce() throws {
        try withCluster(hosts: "time: 10m, cores: 2, allocations: 2", nodes: 1) { lab, cluster in
            #expect(try lab.run(["hosts", "check"], cluster.environment).status == 0)
            cluster.kill("n1")
            try cluster.startNode(1, hiding: "\(lab.directory.path)/host")
            try cluster.waitForIdleNodes()
            let run = try lab.start(
                ["launch", try lab.write("sweep.yaml", smallSweep())], environment: cluster.environment)
            try lab.wait(120, for: "what became of the allocation") {
                lab.said(by: run).contains(
                    "an allocation ended before it was of use: FAILED on n1 (JobLaunchFailure): the node could not "
                        + "begin the job; does it see the directory?")
            }
            sleep(10)
            let submitted = try cluster.run("squeue", ["--noheader", "--states=all"]).split(separator: "\n").count
            #expect(submitted == 2)
            cluster.kill("n1")
            try cluster.startNode(1)
            try lab.wait(120, for: "the end of the sweep") { !run.isRunning }
            #expect(run.terminationStatus == 0, "\(lab.said(by: run))")
            try requireNobodyCharged(lab)
        }
    }

    @Test func aMachineWithoutAQueueIsSaidToBeOne() throws {
        try withLab { lab in
            try lab.write(
                "hosts.yaml",
                "hosts:\n  - here: {address: local, queue: slurm, time: 10m, directory: \(lab.directory.path)/host}\n")
            let check = try lab.run(
                ["hosts", "check", "--format", "csv"], ["SLURM_CONF": "\(lab.directory.path)/none"])
            #expect(check.status == 4)
            #expect(check.out.contains("here,problem,queue,"), "\(check.out)")
        }
    }
}
