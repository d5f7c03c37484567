import Foundation
import JobContract
import RemoteHosts
import SweepModel
import Testing

/// Hosts' GPUs, which are pretended here: each is a file.
@Suite(.serialized)
struct GPUTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func host(
        _ choice: GPUChoice? = .all, devices: [String], each jobs: Int = 1, slots: Int = 8,
        visible: String? = nil
    ) throws -> HostSpec {
        try FileManager.default.createDirectory(
            atPath: scratch.path("gpus"), withIntermediateDirectories: true)
        for (index, text) in devices.enumerated() { try scratch.write(text, "gpus/\(index)") }
        var host = scratch.localHost(slots: slots)
        host.environment["EIGENSWEEP_AGENT_GPUS"] = scratch.path("gpus")
        host.environment["CUDA_VISIBLE_DEVICES"] = visible
        host.gpus = choice
        host.jobsPerGPU = jobs
        return host
    }

    private func connected(_ host: HostSpec, catalogue: String = "test") throws -> TestCoordinator {
        let coordinator = try TestCoordinator([host], scratch: scratch, store: catalogue, catalogue: catalogue)
        try coordinator.waitForConnection()
        return coordinator
    }

    /// Starts an attempt that writes what it sees to `seen-NUMBER` and goes on when there is a file `go-NUMBER`.
    private func start(
        _ name: Int, gpus: Int = 1, by coordinator: TestCoordinator
    ) throws {
        let variables = ["CUDA", "HIP", "ROCR"].map { "${\($0)_VISIBLE_DEVICES-unset}" }.joined(separator: " ")
        let script = "started; echo \"\(variables)\" > \"$SCRATCH/seen-\(name)\"; await go-\(name); finished"
        coordinator.send(
            .start(try ScriptedWorker.order(name, in: coordinator.store, gpus: gpus, script)), to: "here")
    }

    private func seen(_ name: Int) throws -> String {
        try scratch.waitUntil("attempt \(name) says what it sees") { scratch.read("seen-\(name)")?.isEmpty == false }
        return try #require(scratch.read("seen-\(name)")).trimmingCharacters(in: .newlines)
    }

    private func letGo(_ name: Int) throws { try scratch.write("", "go-\(name)") }

    private func facts(_ coordinator: TestCoordinator) -> [GPUFacts]? {
        for case .connected(let facts, _) in coordinator.reports.reversed() { return facts.gpus }
        return nil
    }

    @Test func `each attempt sees its own GPU and no other, and waits while there is none`() throws {
        let coordinator = try connected(try host(devices: ["", #"{"name": "Big", "uuid": "GPU-7", "memory": 1024}"#]))
        defer { coordinator.close() }
        #expect(facts(coordinator)?.map(\.id) == ["0", "GPU-7"])
        #expect(facts(coordinator)?.map(\.name) == ["pretended", "Big"])
        for number in 1...3 { try start(number, by: coordinator) }
        try start(4, gpus: 0, by: coordinator)
        #expect(Set([try seen(1), try seen(2)]) == ["0 0 0", "GPU-7 GPU-7 GPU-7"])
        #expect(try seen(4) == "  ", "who asked for none sees none")
        usleep(200_000)
        #expect(scratch.read("seen-3") == nil)
        let first = try seen(1)
        try letGo(1)
        #expect(try seen(3) == first)
    }

    @Test func `an attempt that needs several gets them before later ones`() throws {
        let coordinator = try connected(try host(devices: ["", "", ""]))
        defer { coordinator.close() }
        try start(1, by: coordinator)
        _ = try seen(1)
        try start(2, gpus: 3, by: coordinator)
        try start(3, by: coordinator)
        usleep(200_000)
        #expect(scratch.read("seen-3") == nil, "it would take what the one before waits for")
        try letGo(1)
        #expect(try seen(2) == "0,1,2 0,1,2 0,1,2")
        try letGo(2)
        _ = try seen(3)
        try start(4, gpus: 4, by: coordinator)
        guard case .neverStarted(let reason) = try coordinator.waitForEnd(4) else { throw Unexpected() }
        #expect(reason == "it needs 4 GPUs, and there are 3")
    }

    @Test func `a place that cannot be taken is told where it stands in a job's way`() throws {
        let coordinator = try connected(try host(devices: ["", ""]))
        defer { coordinator.close() }
        let machines = scratch.path("host/gpus")
        let machine = try #require(try FileManager.default.contentsOfDirectory(atPath: machines).first)
        let lock = "\(machines)/\(machine)/1.0"
        try FileManager.default.createDirectory(atPath: lock, withIntermediateDirectories: false)
        try start(1, by: coordinator)
        #expect(try seen(1) == "0 0 0", "the other one is left")
        try start(2, by: coordinator)
        #expect(
            try coordinator.waitForEnd(2) == .neverStarted(reason: "cannot open \(lock) for a GPU: Is a directory"))
        try FileManager.default.removeItem(atPath: lock)
        try start(3, by: coordinator)
        #expect(try seen(3) == "1 1 1")
    }

    @Test(
        arguments: [
            (GPUChoice.all, nil, ["0", "GPU-aa11", "2"]), (.first(2), nil, ["0", "GPU-aa11"]),
            (.named(["2", "GPU-AA"]), nil, ["2", "GPU-aa11"]), (.all, "2,1", ["2", "1"]),
            (.all, "1,9,0", ["1", "9", "0"]),
            (.all, "1,-1,0", ["1"]), (.all, "", []), (.named(["0"]), "2", []),
            (.first(5), nil, ["0", "GPU-aa11", "2"]),
        ] as [(GPUChoice, String?, [String])])
    func `GPUs are those that the hosts file names of those that the surroundings leave`(
        choice: GPUChoice, visible: String?, expected: [String]
    ) throws {
        let devices = ["", #"{"uuid": "GPU-aa11"}"#, ""]
        let coordinator = try connected(try host(choice, devices: devices, visible: visible))
        defer { coordinator.close() }
        #expect(facts(coordinator)?.map(\.id) == expected)
    }

    @Test func `without GPUs in the hosts file nothing is said of them`() throws {
        let coordinator = try connected(try host(nil, devices: [""], visible: "5"))
        defer { coordinator.close() }
        #expect(facts(coordinator) == nil)
        try start(1, gpus: 0, by: coordinator)
        #expect(try seen(1) == "5 unset unset")
    }

    @Test func `the next agent, and another catalogue, give no GPU that is taken`() throws {
        let host = try host(devices: ["", ""])
        let coordinator = try connected(host)
        defer { coordinator.close() }
        try start(1, by: coordinator)
        let first = try seen(1)
        kill(try #require(scratch.agents.first), SIGKILL)
        try coordinator.wait("reconnection") { $0.count { if case .connected = $0 { true } else { false } } == 2 }
        let other = try connected(host, catalogue: "other")
        defer { other.close() }
        try start(2, by: other)
        #expect(try seen(2) != first)
        try start(3, by: coordinator)
        usleep(300_000)
        #expect(scratch.read("seen-3") == nil)
        try letGo(1)
        #expect(try seen(3) == first)
    }

    @Test func `a GPU on which jobs fail at once is set aside by itself`() throws {
        let coordinator = try connected(try host(devices: ["", ""], slots: 2))
        defer { coordinator.close() }
        for number in 1...12 {
            let script = "[ $CUDA_VISIBLE_DEVICES = 0 ] && exit 3; started; sleep 0.1; finished"
            coordinator.send(
                .start(try ScriptedWorker.order(number, in: coordinator.store, gpus: 1, script)), to: "here")
        }
        for number in 1...12 { _ = try coordinator.waitForEnd(number) }
        let reports = coordinator.reports
        let told = reports.compactMap { if case .gpuFailed(let gpu) = $0 { gpu } else { nil } }
        #expect(told.map(\.id) == ["0"])
        let failed = (1...12).filter { reports.end(of: $0) == .exited(code: 3) }
        #expect(told.first?.attempts.map(\.value).sorted() == failed)
        #expect(failed.count == 3, "the fourth has the other one")
        coordinator.send(.enquire, to: "here")
        try coordinator.wait("standing") { $0.count { if case .connected = $0 { true } else { false } } == 2 }
        #expect(facts(coordinator)?.map { $0.setAside != nil } == [true, false])
    }

    @Test func `where all GPUs fail alike none is set aside`() throws {
        let coordinator = try connected(try host(devices: ["", ""], slots: 2))
        defer { coordinator.close() }
        for number in 1...10 {
            coordinator.send(
                .start(try ScriptedWorker.order(number, in: coordinator.store, gpus: 1, "exit 3")), to: "here")
        }
        for number in 1...10 { #expect(try coordinator.waitForEnd(number) == .exited(code: 3)) }
        #expect(!coordinator.reports.contains { if case .gpuFailed = $0 { true } else { false } })
    }

    /// The agent is killed several times meanwhile.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["EIGENSWEEP_SLOW_TESTS"] != nil, "it takes a minute"))
    func `a thousand short jobs find no GPU overcrowded`() throws {
        let coordinator = try connected(try host(devices: ["", "", "", ""], each: 2, slots: 12))
        defer { coordinator.close() }
        let count = 1000
        let script = """
            echo "+$CUDA_VISIBLE_DEVICES" >> "$SCRATCH/log"; sleep 0.03; echo "-$CUDA_VISIBLE_DEVICES" >> "$SCRATCH/log"
            started; finished
            """
        for number in 1...count {
            coordinator.send(
                .start(try ScriptedWorker.order(number, in: coordinator.store, gpus: 1, script)), to: "here")
        }
        // Waits until every order is accepted: one that is on its way when the agent dies would have to be sent again.
        try coordinator.wait(seconds: 120, "\(count) taken") { reports in
            reports.count { if case .accepted = $0 { true } else { false } } == count
        }
        for ended in [200, 450, 700] {
            try coordinator.wait(seconds: 300, "\(ended) ends") { Self.ends($0).count >= ended }
            try scratch.waitUntil("an agent") { !scratch.agents.isEmpty }
            for agent in scratch.agents { kill(agent, SIGKILL) }
        }
        try coordinator.wait(seconds: 300, "all ends") { Self.ends($0).count == count }
        var held: [String: Int] = [:]
        var most: [String: Int] = [:]
        for line in try #require(scratch.read("log")).split(separator: "\n") {
            let gpu = String(line.dropFirst())
            held[gpu, default: 0] += line.hasPrefix("+") ? 1 : -1
            most[gpu] = max(most[gpu] ?? 0, held[gpu] ?? 0)
        }
        #expect(most == ["0": 2, "1": 2, "2": 2, "3": 2], "two at a time, never more, and never fewer for long")
        #expect(held.values.allSatisfy { $0 == 0 })
    }

    private static func ends(_ reports: [HostReport]) -> Set<AttemptNumber> {
        Set(reports.compactMap { if case .ended(let number, _, _) = $0 { number } else { nil } })
    }

    private struct Unexpected: Error {}
}
