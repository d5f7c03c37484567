import Foundation
import JobContract
import RemoteHosts
import SweepModel
import Testing

/// Jobs that need no GPU and have a program for one: both programs are scripts, and the GPUs are files.
@Suite(.serialized)
struct GPUWorkerTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func host(gpus: Int, slots: Int = 4) throws -> HostSpec {
        try FileManager.default.createDirectory(atPath: scratch.path("gpus"), withIntermediateDirectories: true)
        for index in 0..<gpus { try scratch.write("", "gpus/\(index)") }
        var host = scratch.localHost(slots: slots)
        host.environment["EIGENSWEEP_AGENT_GPUS"] = scratch.path("gpus")
        host.gpus = .all
        return host
    }

    private static func description(_ device: DeviceUse? = nil, check: String = "same") -> WorkerDescription {
        WorkerDescription(
            contract: 1, name: "script", numerics: 1, deterministic: true, jobKinds: ["train"], architectures: ["a"],
            measures: [], device: device, build: "b", cpu: "c", kernels: "k", check: check)
    }

    /// A script that says `text` and how it ends.
    private func program(_ text: String, _ name: String, ends: Int = 0) throws -> (digest: Digest, path: String) {
        let text = "#!/bin/sh\necho '\(text)'\nexit \(ends)\n"
        try scratch.write(text, name)
        return (Digest(of: Array(text.utf8)), scratch.path(name))
    }

    private func check(_ saying: WorkerDescription, ends: Int = 0) throws -> WorkerCheck {
        func said(_ description: WorkerDescription) throws -> String {
            String(decoding: try JSONEncoder().encode(description), as: UTF8.self)
        }
        let here = Self.description()
        let (digest, path) = try program(said(here), "describing")
        return WorkerCheck(
            digest: digest, path: path, description: here,
            onDevice: try program(ends == 0 ? said(saying) : "it is lost", "on-device", ends: ends))
    }

    /// An attempt that writes which program it is and what it sees to `seen-NUMBER`, and goes on when there is `go-NUMBER`.
    private func start(_ number: Int, gpus: Int = 0, by coordinator: TestCoordinator) throws {
        func script(_ name: String) -> String {
            "started; echo \"\(name) $CUDA_VISIBLE_DEVICES\" > \"$SCRATCH/seen-\(number)\"; await go-\(number); finished"
        }
        let store = coordinator.store
        var order = try ScriptedWorker.order(number, in: store, gpus: gpus, script("cpu"))
        let other = try ScriptedWorker.order(number, in: store, script("device"))
        order.onDevice = StartOrder.Upload(name: "worker-gpu", digest: try #require(other.uploads.first).digest)
        coordinator.send(.start(order), to: "here")
    }

    private func seen(_ number: Int) throws -> String {
        let name = "seen-\(number)"
        try scratch.waitUntil("attempt \(number) says what it sees") { scratch.read(name)?.isEmpty == false }
        return try #require(scratch.read(name)).trimmingCharacters(in: .newlines)
    }

    private func letGo(_ number: Int) throws { try scratch.write("", "go-\(number)") }

    private func connected(
        _ host: HostSpec, _ worker: WorkerCheck, notes: NoteBook = NoteBook()
    ) throws -> TestCoordinator {
        let coordinator = try TestCoordinator([host], scratch: scratch, worker: worker, interaction: notes)
        try coordinator.waitForConnection()
        return coordinator
    }

    @Test func `as many have one as there are, by the program for it`() throws {
        let coordinator = try connected(host(gpus: 2), check(Self.description(DeviceUse(name: "D"))))
        defer { coordinator.close() }
        for number in 1...3 {
            try start(number, by: coordinator)
            _ = try seen(number)
        }
        #expect(Set([try seen(1), try seen(2)]) == ["device 0", "device 1"])
        #expect(try seen(3) == "cpu ")
        let first = try seen(1)
        try letGo(1)
        _ = try coordinator.waitForEnd(1)
        try start(4, by: coordinator)
        #expect(try seen(4) == first)
    }

    /// The second waits for both GPUs, of which one is free: the third, which can do without, leaves it.
    @Test func `one that needs GPUs comes first, and runs the program for them too`() throws {
        let coordinator = try connected(host(gpus: 2), check(Self.description(DeviceUse(name: "D"))))
        defer { coordinator.close() }
        try start(1, gpus: 1, by: coordinator)
        #expect(try ["device 0", "device 1"].contains(seen(1)))
        try start(2, gpus: 2, by: coordinator)
        try start(3, by: coordinator)
        #expect(try seen(3) == "cpu ")
        #expect(scratch.read("seen-2") == nil)
        try letGo(1)
        #expect(try seen(2) == "device 0,1")
    }

    @Test(arguments: [
        (description(DeviceUse(problem: "there is no driver")), 0, "there is no driver"),
        (description(DeviceUse(name: "D"), check: "other"), 0, "computes other bits there (check other"),
        (description(), 0, "its worker knows of no devices"),
        (description(), 3, "ended with status 3: it is lost"),
    ]) func `where it will not do all have the other program, and it is said why`(
        says: WorkerDescription, ends: Int, words: String
    ) throws {
        let notes = NoteBook()
        let worker = try check(says, ends: ends)
        let host = try host(gpus: 1)
        let coordinator = try connected(host, worker, notes: notes)
        defer { coordinator.close() }
        try start(1, by: coordinator)
        #expect(try seen(1) == "cpu ")
        #expect(
            notes.words.contains { $0.hasPrefix("here: its jobs compute on the CPU: ") && $0.contains(words) },
            "\(notes.words)")
        let visits = HostVisits(agentExecutable: TestPrograms.agent, options: .quick, interaction: NoInteraction())
        let found = visits.examine(host, worker: worker).findings.filter { $0.subject == "device" }
        #expect(found.count == 1 && found[0].level == .warning && found[0].words.contains(words), "\(found)")
    }

    @Test(arguments: [
        (2, 4, "2 jobs at a time, and on the CPU 2 more"), (3, 2, "2 jobs at a time"), (1, 1, "1 job at a time"),
    ])
    func `it is told how many jobs have one`(gpus: Int, slots: Int, words: String) throws {
        let visits = HostVisits(agentExecutable: TestPrograms.agent, options: .quick, interaction: NoInteraction())
        let worker = try check(Self.description(DeviceUse(name: "Big, driver 1")))
        let found = visits.examine(try host(gpus: gpus, slots: slots), worker: worker)
        let device = try #require(found.findings.first { $0.subject == "device" })
        #expect(found.isUsable && device.level == .note)
        #expect(device.words == "networks compute on Big, driver 1, with this machine's bits: \(words)")
        #expect(
            device.advice.hasPrefix(slots > gpus ? "slots: \(gpus) " : "") && device.advice.isEmpty == (slots <= gpus))
    }
}
