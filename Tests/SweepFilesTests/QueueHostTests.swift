import JobContract
import SweepModel
import Testing

@testable import SweepFiles

/// Queues in the hosts file.
struct QueueHostTests {
    private func hosts(_ entry: String) throws -> [HostSpec] {
        try HostsFile.parse("hosts:\n  - cluster: {queue: slurm, \(entry)}\n", file: "hosts.yaml")
    }

    @Test func aQueueIsAsManyHostsAsAllocations() throws {
        let hosts = try hosts(
            "address: login.example.org, user: me, partition: cpu, account: abc, qos: low, time: 4h, cores: 16, "
                + "memory: 32G, gpus: 2, allocations: 3, options: [\"--constraint=rome\"], slots: 8")
        #expect(hosts.map(\.name) == ["cluster/1", "cluster/2", "cluster/3"])
        let settings = QueueSettings(
            partition: "cpu", account: "abc", qualityOfService: "low", seconds: 4 * 3600, cores: 16, memory: 32 << 30,
            gpus: 2, options: ["--constraint=rome"])
        #expect(hosts.map(\.seat?.settings) == [settings, settings, settings])
        #expect(hosts.map(\.seat?.number) == [1, 2, 3])
        #expect(hosts.allSatisfy { $0.address == "login.example.org" && $0.slots == 8 && $0.memory == 32 << 30 })
        #expect(hosts.allSatisfy { $0.gpus == .all })
        let gates = hosts.gates
        #expect(gates.map(\.name) == ["cluster"] && gates[0].seat == nil && gates[0].user == "me")
    }

    @Test func theLoginNodeMayBeThisMachineOrAnAlias() throws {
        let here = try hosts("address: local, time: 90m")[0]
        #expect(here.transport == .local)
        let alias = try hosts("time: 90m")[0]
        #expect(alias.transport == .libssh && alias.address == "cluster" && alias.gate.name == "cluster")
    }

    @Test(arguments: [
        ("90m", 5400), ("4h", 14_400), ("1d", 86_400), ("1h30m", 5400), ("60s", 60), ("01:30:00", 5400),
        ("1-12:00:00", 129_600),
    ]) func timesAreReadAsPeopleAndSlurmWriteThem(text: String, seconds: Int) throws {
        #expect(try hosts("time: \"\(text)\"")[0].seat?.settings.seconds == seconds)
    }

    @Test(arguments: [
        ("cores: 4", "expected the time limit"), ("time: 30s", "a time limit of a minute or more"),
        ("time: 90", "a time limit of a minute or more"), ("time: 1h, queues: 3", "no such setting"),
        ("time: 1h, allocations: 0", "allocations at a time"), ("time: 1h, options: [rome]", "an option such as"),
        ("time: 1h, options: [\"--array=1-3\"]", "is decided by eigensweep"),
        ("time: 1h, options: [\"-J\"]", "is decided by eigensweep"), ("time: 1h, gpus: auto", "GPUs of an allocation"),
        ("time: 1h, machine: shared", "leave it out"), ("time: 1h, partition: \"a b\"", "a partition's name"),
        ("time: 99999999999999999999h", "a time limit of a minute or more"),
    ]) func whatCannotBeIsRefusedWithItsLine(entry: String, words: String) throws {
        let error = #expect(throws: SweepFileError.self) { try hosts(entry) }
        #expect(error.map { "\($0)".contains(words) && "\($0)".contains("hosts.yaml:2") } == true, "\(error as Any)")
    }

    @Test func settingsOfQueuesAreForQueues() throws {
        let error = #expect(throws: SweepFileError.self) {
            try HostsFile.parse("hosts:\n  - node: {partition: cpu}\n", file: "hosts.yaml")
        }
        #expect(error.map { "\($0)".contains("only hosts with queue:") } == true, "\(error as Any)")
    }
}
