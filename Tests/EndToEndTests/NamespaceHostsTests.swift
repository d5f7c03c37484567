import CPosix
import ContentStore
import Foundation
import JobContract
import RemoteHosts
import SweepModel
import Testing

/// Three hosts, each with an address, an sshd, a machine-id and a home of its own.
@Suite(.serialized, .enabled(if: NamespaceHosts.isAvailable, "namespaces are made as root"))
struct NamespaceHostsTests {
    @Test func `three hosts run a job each, and one of them is cut off meanwhile`() throws {
        let network = try NamespaceHosts(count: 3)
        defer { network.remove() }
        let store = try ContentStore(directory: network.directory + "/store")
        let log = ReportLog()
        var options = ConnectionOptions()
        options.knownHosts = network.knownHosts
        options.sshConfig = network.sshConfig
        options.firstRetrySeconds = 0.1
        options.lastRetrySeconds = 0.5
        options.pingSeconds = 1
        options.silenceSeconds = 3
        let fleet = HostFleet(
            hosts: network.hosts.map { network.spec($0) }, catalogue: "test", generation: 1, depot: store,
            agent: AgentProgram(path: Self.agent), options: options, deliver: { log.add($0, $1) })
        fleet.start()
        defer { fleet.close() }
        let program = try store.put(Array(Self.worker.utf8))
        let dataset = try store.put(Array("pictures".utf8))
        for (index, host) in network.hosts.enumerated() {
            try log.wait("\(host.name) answers") { $0.contains { $0.host == host.name && $0.isConnected } }
            let name = Digest(of: Array(host.name.utf8))
            let description = JobDescription(
                job: JobID(name), attempt: AttemptNumber(index + 1), training: TrainingID(name), spec: [:],
                dataset: dataset, task: .train(TrainTask(milestones: [1])))
            let order = StartOrder(
                description: description, command: ["worker"], uploads: [.init(name: "worker", digest: program)])
            fleet.send(.start(order), to: host.name)
            fleet.flush()
            try log.wait("\(host.name) runs") { $0.contains { $0.report == .running(AttemptNumber(index + 1)) } }
        }
        #expect(Set(log.machines) == Set(network.hosts.map(\.machine)))
        let lost = network.hosts[2]
        try network.setLink(of: lost, up: false)
        try log.wait("the silence is noticed") { $0.contains { $0.host == lost.name && $0.isDisconnected } }
        for host in network.hosts {
            try "".write(toFile: "\(host.home)/go", atomically: false, encoding: .utf8)
        }
        for attempt in 1...2 { try log.wait("attempt \(attempt) ends") { $0.contains { $0.ended == attempt } } }
        #expect(!log.entries.contains { $0.ended == 3 })
        try network.setLink(of: lost, up: true)
        try log.wait("attempt 3 ends", seconds: 60) { $0.contains { $0.ended == 3 } }
        for (index, host) in network.hosts.enumerated() {
            let files = log.entries.filter { $0.host == host.name }.flatMap(\.files)
            #expect(files.count == 1)
            let path = try #require(files.first.flatMap { store.location(of: $0.digest) })
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "\(host.name)\n", "attempt \(index + 1)")
        }
    }

    private static var agent: String {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(fileURLWithPath: own).deletingLastPathComponent().path + "/eigensweep-agent"
    }

    /// A worker that waits for a file in its home, then leaves its host's name as a checkpoint.
    private static let worker = #"""
        #!/bin/sh
        while [ ! -e "$HOME/go" ]; do sleep 0.05; done
        hostname > name
        printf '{"event":"checkpoint","steps":1,"milestone":true,"weights":{"path":"name","digest":"%s","bytes":%d},"parameters":1,"seconds":1}\n' \
            "$(sha256sum name | cut -c1-64)" "$(stat -c %s name)"
        echo '{"event":"finished"}'
        """#
}

/// What hosts reported, in order of arrival.
private final class ReportLog: @unchecked Sendable {
    struct Entry {
        let host: HostName
        let report: HostReport

        var isConnected: Bool { if case .connected = report { true } else { false } }
        var isDisconnected: Bool { if case .disconnected = report { true } else { false } }
        var ended: Int? { if case .ended(let attempt, .exited(code: 0), _) = report { attempt.value } else { nil } }
        var files: [OutputFile] { if case .event(_, let event, _) = report { event.files } else { [] } }
    }
    private let condition = NSCondition()
    private var list: [Entry] = []

    func add(_ host: HostName, _ report: HostReport) {
        condition.lock()
        list.append(Entry(host: host, report: report))
        condition.broadcast()
        condition.unlock()
    }

    var entries: [Entry] {
        condition.lock()
        defer { condition.unlock() }
        return list
    }

    var machines: [String] {
        entries.compactMap { if case .connected(let facts, _) = $0.report { facts.machine } else { nil } }
    }

    func wait(_ what: String, seconds: Double = 30, until test: ([Entry]) -> Bool) throws {
        let limit = Date(timeIntervalSinceNow: seconds)
        condition.lock()
        defer { condition.unlock() }
        while !test(list) {
            guard condition.wait(until: limit) else {
                throw NamespaceHosts.Failure(
                    description: "\(what): did not happen; reports:\n"
                        + list.map { "\($0.host): \($0.report)" }.joined(separator: "\n"))
            }
        }
    }
}
