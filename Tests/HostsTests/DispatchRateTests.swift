import Foundation
import JobContract
import SweepModel
import Testing

/// Many jobs that do nothing, and a large file, go the whole way; prints what they cost.
@Suite(
    .serialized,
    .enabled(
        if: ProcessInfo.processInfo.environment["EIGENSWEEP_SLOW_TESTS"] != nil, "slow: hundreds of processes"))
struct DispatchRateTests {
    @Test func `hundreds of jobs on this machine all end`() throws {
        let scratch = try Scratch()
        let coordinator = try TestCoordinator([scratch.localHost()], scratch: scratch)
        defer { coordinator.close() }
        try dispatch(300, to: "here", coordinator)
    }

    @Test(.enabled(if: SSHServer.isAvailable)) func `hundreds of jobs over SSH all end, and a large file arrives`()
        throws
    {
        let server = try SSHServer(try Scratch())
        let coordinator = try TestCoordinator([server.host()], scratch: server.scratch, options: server.options)
        defer { coordinator.close() }
        try dispatch(300, to: "far", coordinator)
        let data = [UInt8](repeating: 7, count: 64 << 20)
        var order = try ScriptedWorker.order(
            1000, in: coordinator.store, "started; cp -L big b; checkpoint 1 b; finished")
        order.uploads.append(.init(name: "big", digest: try coordinator.store.put(data)))
        let begun = Date()
        coordinator.send(.start(order), to: "far")
        try coordinator.wait("arrival") { $0.contains(.running(AttemptNumber(1000))) }
        print("64 MiB upload: \(String(format: "%.0f", 64 / Date().timeIntervalSince(begun))) MiB/s")
        #expect(try coordinator.waitForEnd(1000) == .exited(code: 0))
    }

    private func dispatch(_ count: Int, to host: HostName, _ coordinator: TestCoordinator) throws {
        try coordinator.waitForConnection()
        // The first order brings the files.
        coordinator.send(.start(try noop(1, coordinator)), to: host)
        #expect(try coordinator.waitForEnd(1) == .exited(code: 0))
        let orders = try (2...count + 1).map { try noop($0, coordinator) }
        let begun = Date()
        for order in orders { coordinator.send(.start(order), to: host) }
        let reports = try coordinator.wait(seconds: 120, "all ends") { reports in
            reports.count { if case .ended = $0 { true } else { false } } == count + 1
        }
        let milliseconds = Date().timeIntervalSince(begun) / Double(count) * 1000
        print("no-op job on \(host): \(String(format: "%.2f", milliseconds)) ms")
        #expect((2...count + 1).allSatisfy { reports.end(of: $0) == .exited(code: 0) })
    }

    private func noop(_ attempt: Int, _ coordinator: TestCoordinator) throws -> StartOrder {
        var order = try ScriptedWorker.order(attempt, in: coordinator.store, "")
        order.command = ["/bin/true"]
        return order
    }
}
