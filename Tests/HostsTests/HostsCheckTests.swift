import CPosix
import ContentStore
import Foundation
import JobContract
import SweepModel
import Testing

@testable import RemoteHosts

/// What `hosts check` and `hosts clean` find and do on real hosts.
@Suite(.serialized, .enabled(if: SSHServer.isAvailable, "needs openssh-server and openssh-client"))
struct HostsCheckTests {
    private func visits(_ options: ConnectionOptions = .quick) -> HostVisits {
        HostVisits(agentExecutable: TestPrograms.agent, options: options, interaction: NoInteraction())
    }

    /// A worker that is a script, which describes itself with this check.
    private func worker(_ scratch: Scratch, says check: String, expected: String, ends: Int = 0) throws -> WorkerCheck {
        var description = WorkerDescription(
            contract: 1, name: "script", numerics: 1, deterministic: true, jobKinds: ["train"], architectures: ["a"],
            measures: [], build: "b", cpu: "c", kernels: "k", check: check)
        let said = String(decoding: try JSONEncoder().encode(description), as: UTF8.self)
        let text = "#!/bin/sh\necho run >> \(scratch.path("runs"))\necho '\(said)'\nexit \(ends)\n"
        try scratch.write(text, "script")
        description.check = expected
        return WorkerCheck(digest: Digest(of: Array(text.utf8)), path: scratch.path("script"), description: description)
    }

    @Test(arguments: [HostSpec.Transport.libssh, .ssh, .local])
    func `a good host has nothing against it`(_ transport: HostSpec.Transport) throws {
        let server = try SSHServer(try Scratch())
        var host = transport == .local ? server.scratch.localHost() : server.host(transport)
        host.slots = nil
        let worker = try worker(server.scratch, says: "same", expected: "same")
        let found = visits(server.options).examine(host, worker: worker)
        #expect(found.isUsable)
        #expect(found.machine?.isEmpty == false)
        // This machine may be short of something; what the check tries out must work.
        let tried: Set<String> = ["directory", "noexec", "locks", "sockets", "logout", "worker", "numerics", "clock"]
        #expect(found.findings.allSatisfy { !tried.contains($0.subject) }, "\(found.findings)")
        #expect(server.scratch.agents.isEmpty)
    }

    @Test func `a host that computes other bits is named, and refused for our worker`() throws {
        let server = try SSHServer(try Scratch())
        let worker = try worker(server.scratch, says: "theirs", expected: "ours")
        let found = visits(server.options).examine(server.host(), worker: worker)
        #expect(!found.isUsable)
        #expect(found.findings.contains { $0.subject == "numerics" && $0.words.contains("theirs") })
        let coordinator = try TestCoordinator(
            [server.host()], scratch: server.scratch, options: server.options, worker: worker)
        defer { coordinator.close() }
        let failure = try #require(try coordinator.wait("refusal") { !$0.failures.isEmpty }.failures.first)
        #expect(failure.kind == .unsuitable)
        #expect(!failure.isTransient)
    }

    @Test func `a worker that dies there is named, in its own words`() throws {
        let scratch = try Scratch()
        let worker = try worker(scratch, says: "x", expected: "x", ends: 3)
        let found = visits().examine(scratch.localHost(), worker: worker)
        #expect(found.findings.contains { $0.subject == "worker" && $0.words.contains("status 3") })
    }

    @Test func `the worker is asked once for a boot of the machine`() throws {
        let scratch = try Scratch()
        let worker = try worker(scratch, says: "same", expected: "same")
        for generation in 1...3 {
            let coordinator = try TestCoordinator(
                [scratch.localHost()], scratch: scratch, generation: generation, worker: worker)
            try coordinator.waitForConnection()
            coordinator.close()
        }
        #expect(scratch.read("runs") == "run\n")
    }

    @Test(.enabled(if: getuid() == 0, "file systems are mounted as root"), arguments: ["noexec", "size=1m"])
    func `a directory that will not do is named by trying`(_ option: String) throws {
        let scratch = try Scratch()
        try FileManager.default.createDirectory(atPath: scratch.path("host"), withIntermediateDirectories: true)
        let enter = "mount -t tmpfs -o \(option) none \(scratch.path("host")) && exec \"$@\""
        let server = try SSHServer(scratch, around: ["/usr/bin/unshare", "--mount", "/bin/sh", "-c", enter, "sh"])
        let found = visits(server.options).examine(server.host(), worker: nil)
        #expect(!found.isUsable)
        let (subject, words) =
            option == "noexec" ? ("spawn-failed", "Permission denied") : ("no-space", "No space left on device")
        #expect(found.findings.contains { $0.subject == subject && $0.words.contains(words) }, "\(found.findings)")
    }

    @Test(.enabled(if: getuid() == 0, "a process namespace is made as root"))
    func `a host that ends processes with the login is named`() throws {
        let scratch = try Scratch()
        try scratch.write(
            "exec unshare --pid --fork --kill-child --mount-proc /bin/sh -c \"$SSH_ORIGINAL_COMMAND\"\n", "login")
        let server = try SSHServer(scratch, extra: "ForceCommand sh \(scratch.path("login"))")
        let found = visits(server.options).examine(server.host(), worker: nil)
        #expect(found.findings.contains { $0.subject == "logout" && $0.level == .problem }, "\(found.findings)")
    }

    @Test func `others are shut out of the directory`() throws {
        let scratch = try Scratch()
        try FileManager.default.createDirectory(
            atPath: scratch.path("host"), withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        let found = visits().examine(scratch.localHost(), worker: nil)
        #expect(found.findings.contains { $0.subject == "permissions-repaired" })
        let mode = try FileManager.default.attributesOfItem(atPath: scratch.path("host"))[.posixPermissions] as? Int
        #expect(mode == 0o700)
        #expect(!visits().examine(scratch.localHost(), worker: nil).findings.contains { $0.subject.hasPrefix("perm") })
    }

    @Test func `what the hosts file promises is compared, and what is not reached is named`() throws {
        let server = try SSHServer(try Scratch(), extra: "MaxSessions 1")
        var host = server.host()
        host.memory = 1 << 50
        host.slots = 4096
        let found = visits(server.options).examine(host, worker: nil)
        #expect(Set(found.findings.map(\.subject)).isSuperset(of: ["memory", "slots", "sessions"]))
        try server.scratch.write("", "known_hosts")
        let unknown = visits(server.options).examine(server.host(), worker: nil)
        #expect(unknown.findings.map(\.subject) == ["host-key-unknown"])
        #expect(unknown.machine == nil)
        var nowhere = server.host()
        nowhere.port = try LoopbackPort.free("127.0.0.1").number
        #expect(visits(server.options).examine(nowhere, worker: nil).findings.map(\.subject) == ["unreachable"])
    }

    @Test(arguments: [(100.0, "98 s ahead of"), (-30, "40 s behind"), (3, nil), (1, nil)] as [(Double, String?)])
    func `a clock that is off is named with its offset`(_ there: Double, _ words: String?) {
        let found = HostJudgement.clock("far", there, between: there < 0 ? 10 : 0, and: there < 0 ? 12 : 2)
        #expect(found.first?.words.contains(words ?? "") ?? (words == nil))
        #expect(found.count == (words == nil ? 0 : 1))
    }

    /// Asks nobody, and remembers what is told.
    private final class Listener: HostInteraction, @unchecked Sendable {
        private let lock = NSLock()
        private var said: [String] = []
        var notes: [String] { lock.withLock { said } }
        func ask(_ prompt: String, isShown: Bool) -> String? { nil }
        func note(_ words: String) { lock.withLock { said.append(words) } }
    }

    @Test(arguments: [-86_400.0, 86_400, 0])
    func `a run says that a clock is a day off, once, and goes on`(_ offset: Double) throws {
        let scratch = try Scratch()
        let facts = HostFacts(machine: "m", boot: "b", cores: 2, memory: 1 << 34, cpu: "c", free: 1 << 40)
        let welcome = AgentWelcome(facts, held: [], clock: posix_wall_seconds() + offset)
        let greeting = AgentGreeting(digest: Digest(of: Array("agent".utf8)), machine: "m")
        var speech = AgentProtocol.preamble
        for message in [AgentMessage.greeting(greeting), .welcome(welcome)] {
            try AgentProtocol.frame(message).append(to: &speech)
        }
        try Data(speech).write(to: URL(fileURLWithPath: scratch.path("speech")))
        try scratch.write("#!/bin/sh\ncat \(scratch.path("speech"))\nsleep 10\n", "agent")
        chmod(scratch.path("agent"), 0o755)
        let listener = Listener()
        let coordinator = try TestCoordinator(
            [scratch.localHost()], scratch: scratch, interaction: listener, agent: scratch.path("agent"))
        defer { coordinator.close() }
        try coordinator.waitForConnection()
        let host = scratch.localHost().name
        let words = "\(host): its clock is 24 hours \(offset > 0 ? "ahead of" : "behind") this machine's; set one"
        #expect(listener.notes.count == (offset == 0 ? 0 : 1))
        #expect(listener.notes.allSatisfy { $0.hasPrefix(words) })
    }

    @Test func `two names of one machine are found`() throws {
        let scratch = try Scratch()
        var twin = scratch.localHost()
        twin.name = "twin"
        let visits = visits()
        var found = HostVisits.together([scratch.localHost(), twin], waiting: { _, _ in }) {
            visits.examine($0, worker: nil)
        }
        HostExamination.refuseTwins(&found)
        #expect(found.map(\.isUsable) == [true, false])
        #expect(found[1].findings.contains { $0.subject == "duplicate" && $0.words.contains("here") })
    }

    @Test func `cleaning keeps what attempts need and what is young`() throws {
        let scratch = try Scratch()
        let coordinator = try TestCoordinator([scratch.localHost()], scratch: scratch)
        defer { coordinator.close() }
        try coordinator.waitForConnection()
        let script = "started; echo made > a; checkpoint 100 a; await go; finished"
        coordinator.send(.start(try ScriptedWorker.order(1, in: coordinator.store, script)), to: "here")
        try coordinator.wait("checkpoint") { $0.events().count == 2 }
        let host = try ContentStore(directory: scratch.path("host/store"))
        let old = try host.put(Array("nobody needs this".utf8))
        let needed = Set(try host.digests()).subtracting([old])
        #expect(needed.count == 3)

        let kept = try visits().clean(scratch.localHost(), age: 3600, isRehearsal: false)
        #expect(kept.files == 0 && kept.youngFiles == 1 && kept.neededFiles == 3 && kept.attempts == 1)
        let rehearsed = try visits().clean(scratch.localHost(), age: 0, isRehearsal: true)
        #expect(rehearsed.files == 1 && rehearsed.bytes == 17)
        #expect(host.contains(old))
        // Another catalogue's coordinator asks, and the attempt of this one keeps its content all the same.
        let cleaned = try visits().clean(scratch.localHost(), age: 0, isRehearsal: false)
        #expect(cleaned.files == 1)
        #expect(Set(try host.digests()) == needed)

        try scratch.write("", "go")
        #expect(try coordinator.waitForEnd() == .exited(code: 0))
        coordinator.send(.release(AttemptNumber(1)), to: "here")
        try scratch.waitUntil("the attempt is gone") {
            (try? visits().clean(scratch.localHost(), age: 3600, isRehearsal: false))?.attempts == 0
        }
        #expect(try !host.digests().isEmpty)
        // Nothing is needed any more: the agent ends, and nothing is left but what is not ours.
        coordinator.close()
        try scratch.write("mine", "host/notes.txt")
        _ = try visits().clean(scratch.localHost(), age: 0, isRehearsal: true)
        #expect(try !host.digests().isEmpty)
        _ = try visits().clean(scratch.localHost(), age: 0, isRehearsal: false)
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path("host")) == ["notes.txt"])
        #expect(scratch.processes("serve").isEmpty)
    }
}
