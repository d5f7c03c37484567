import CPosix
import Foundation
import JobContract
import RemoteHosts
import SweepModel
import Testing

/// A host whose disk really fills up: a small file system in a mount namespace of its own.
@Suite(
    .serialized, .enabled(if: SSHServer.isAvailable && getuid() == 0, "file systems are mounted as root"))
struct HostSpaceTests {
    private func smallHost(_ scratch: Scratch, megabytes: Int) throws -> SSHServer {
        try FileManager.default.createDirectory(atPath: scratch.path("host"), withIntermediateDirectories: true)
        let enter = "mount -t tmpfs -o size=\(megabytes)m none \(scratch.path("host")) && exec \"$@\""
        return try SSHServer(scratch, around: ["/usr/bin/unshare", "--mount", "/bin/sh", "-c", enter, "sh"])
    }

    @Test func `a file that does not fit is refused before it is sent`() throws {
        let server = try smallHost(try Scratch(), megabytes: 64)
        let coordinator = try TestCoordinator([server.host()], scratch: server.scratch, options: server.options)
        defer { coordinator.close() }
        try coordinator.waitForConnection()
        var order = try ScriptedWorker.order(1, in: coordinator.store, "started; finished")
        order.uploads.append(
            .init(name: "big", digest: try coordinator.store.put([UInt8](repeating: 1, count: 80 << 20))))
        coordinator.send(.start(order), to: "far")
        let reports = try coordinator.wait("refusal") { $0.refusals[AttemptNumber(1)] != nil }
        #expect(reports.refusals[AttemptNumber(1)]?.kind == .noSpace)
        // Nor is an order whose results will need more room than there is.
        var large = try ScriptedWorker.order(3, in: coordinator.store, "started; finished")
        large.description.spec["model.architecture"] = "ddpmpp"
        large.description.spec["model.scale"] = 128
        coordinator.send(.start(large), to: "far")
        let refused = try coordinator.wait("refusal") { $0.refusals[AttemptNumber(3)] != nil }
        #expect(refused.refusals[AttemptNumber(3)]?.message.contains("the job's files need about") == true)
        // There is room for an order that fits.
        coordinator.send(
            .start(try ScriptedWorker.order(2, in: coordinator.store, "started; finished")), to: "far")
        #expect(try coordinator.waitForEnd(2) == .exited(code: 0))
    }

    @Test func `a worker is asked to pause before the disk is full, and nothing new is started`() throws {
        let server = try smallHost(try Scratch(), megabytes: 64)
        let coordinator = try TestCoordinator([server.host()], scratch: server.scratch, options: server.options)
        defer { coordinator.close() }
        try coordinator.waitForConnection()
        let script = """
            trap 'head -c 300000 /dev/zero > w; checkpoint 40 w; echo "{\\"event\\":\\"paused\\",\\"steps\\":40}"; exit 0' TERM
            started; await fill; head -c 66500000 /dev/zero > $SCRATCH/host/fill
            while :; do sleep 0.02; done
            """
        coordinator.send(.start(try ScriptedWorker.order(1, in: coordinator.store, script)), to: "far")
        try coordinator.wait("started") { $0.events().count == 1 }
        try server.scratch.write("", "fill")
        #expect(try coordinator.waitForEnd() == .stopped(.noSpace, exit: 0))
        #expect(coordinator.reports.events().last?.event == .paused(steps: 40))
        coordinator.send(
            .start(try ScriptedWorker.order(2, in: coordinator.store, "started; finished")), to: "far")
        let refused = try coordinator.wait("refusal") { $0.refusals[AttemptNumber(2)] != nil }
        #expect(refused.refusals[AttemptNumber(2)]?.kind == .noSpace)
    }
}

extension [HostReport] {
    fileprivate var refusals: [AttemptNumber: HostFailure] {
        var found: [AttemptNumber: HostFailure] = [:]
        for case .refused(let attempt, let failure) in self { found[attempt] = failure }
        return found
    }
}
