import ContentStore
import Foundation
import JobContract
import RemoteHosts
import SweepModel
import Testing

@testable import Supervision

/// What an agent says of an attempt's end is what its worker said, whole lines only, and what became of the process that
/// was its worker.
@Suite(.serialized) struct LastWordTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// A coordinator whose attempt's worker has written that much of a line, and nothing more.
    private func coordinator(_ line: String) throws -> TestCoordinator {
        let coordinator = try TestCoordinator([scratch.localHost()], scratch: scratch)
        try coordinator.waitForConnection()
        let script = "started; printf '%s' '\(line)'; touch $SCRATCH/torn; await never"
        coordinator.send(.start(try ScriptedWorker.order(1, in: coordinator.store, script)), to: "here")
        try scratch.waitUntil("the torn line") { scratch.exists("torn") }
        return coordinator
    }

    private func failures(_ coordinator: TestCoordinator) -> [WorkerEvent] {
        coordinator.reports.events().map(\.event).filter { if case .failed = $0 { true } else { false } }
    }

    private static let torn = [
        #"{"event":"fini"#, #"{"event":"failed","kind":"diverged","message":"#, #"{"event":"paused","steps":4"#,
        "{\"event\":\"checkpoint\",\"steps\":1",
    ]

    /// The agent watches the worker end.
    @Test(arguments: torn) func aTornLineIsNoFailure(line: String) throws {
        let coordinator = try coordinator(line)
        defer { coordinator.close() }
        kill(-(try #require(scratch.workers.first)), SIGKILL)
        #expect(try coordinator.waitForEnd() == .signalled(signal: 9))
        #expect(failures(coordinator).isEmpty)
    }

    /// Agent and worker end together, as when memory is short.
    @Test(arguments: torn) func aTornLineDoesNotTellHowAWorkerEnded(line: String) throws {
        let coordinator = try coordinator(line)
        defer { coordinator.close() }
        let worker = try #require(scratch.workers.first)
        for agent in scratch.agents { kill(agent, SIGKILL) }
        kill(-worker, SIGKILL)
        #expect(try coordinator.waitForEnd() == .vanished)
        #expect(failures(coordinator).isEmpty)
    }

    /// A process that was given the worker's number, in this boot or in another, is not the worker, and the agent leaves it
    /// alone.
    @Test(arguments: [false, true]) func aNumberUsedAgainIsNotTheWorker(isOfAnotherBoot: Bool) throws {
        let stranger = Process()
        stranger.executableURL = URL(fileURLWithPath: "/bin/sleep")
        stranger.arguments = ["1000"]
        try stranger.run()
        // The stranger may have been started with other signals blocked.
        defer { kill(stranger.processIdentifier, SIGKILL) }
        var worker = try #require(ProcessIdentity(of: stranger.processIdentifier))
        #expect(worker.isAlive)
        if isOfAnotherBoot { worker.boot = "earlier" } else { worker.start -= 1 }
        #expect(!worker.isAlive)
        let place = try AgentPlace(directory: scratch.path("host"), catalogue: "test", machine: "machine")
        try place.makeDirectories()
        let order = AgentOrder(
            attempt: AttemptNumber(1), job: JobID(Digest(of: [1])), text: JobText(bytes: Array("{}".utf8)), inputs: [],
            output: 0, command: ["worker"], uploads: [:])
        try Journal(path: place.journal).rewrite([
            .ordered(order, boot: isOfAnotherBoot ? "earlier" : HostSurvey.boot()),
            .started(AttemptNumber(1), worker), .stopping(AttemptNumber(1), .cancelled),
        ])
        let directory = AttemptDirectory(of: AttemptNumber(1), in: place.attempts)
        try directory.make()
        try Data().write(to: URL(fileURLWithPath: directory.events))
        let table = AttemptTable(place: place, store: try ContentStore(directory: place.store))
        try table.load()
        #expect(table.held.map(\.state) == [.ended(.stopped(.cancelled, exit: nil))])
        #expect(!table.hasRunning)
        table.killOverdue()
        table.cancel(AttemptNumber(1))
        table.signalStopped()
        #expect(stranger.isRunning)
    }

    /// A coordinator that acknowledges more than it was told loses nothing.
    @Test func whatWasNotToldCannotBeAcknowledged() throws {
        let first = try TestCoordinator([scratch.localHost()], scratch: scratch)
        try first.waitForConnection()
        let script = "started; await go; echo w > w; checkpoint 100 w; finished"
        first.send(.start(try ScriptedWorker.order(1, in: first.store, script)), to: "here")
        try first.wait("started") { $0.events().count == 1 }
        first.send(.acknowledge(AttemptNumber(1), offset: 1 << 20), to: "here")
        first.send(.start(try ScriptedWorker.order(2, in: first.store, "finished")), to: "here")
        try first.wait("what was sent later is done") { $0.contains(.accepted(AttemptNumber(2))) }
        first.close()
        try scratch.write("", "go")
        let second = try TestCoordinator([scratch.localHost()], scratch: scratch, generation: 2, store: "second")
        defer { second.close() }
        #expect(try second.waitForEnd(1) == .exited(code: 0))
        #expect(second.reports.events(of: 1).count == 3)
    }

    /// The attempt with the lowest number begins first, whichever came first.
    @Test func whatWaitsBeginsInTheOrderOfItsNumbers() throws {
        let coordinator = try TestCoordinator([scratch.localHost(slots: 1)], scratch: scratch)
        defer { coordinator.close() }
        try coordinator.waitForConnection()
        for attempt in [1, 5, 3, 4, 2] {
            let script = "started; await go; echo \(attempt) >> $SCRATCH/order; finished"
            coordinator.send(.start(try ScriptedWorker.order(attempt, in: coordinator.store, script)), to: "here")
            try coordinator.wait("taken") { $0.contains(.accepted(AttemptNumber(attempt))) }
        }
        try scratch.write("", "go")
        for attempt in 1...5 { #expect(try coordinator.waitForEnd(attempt) == .exited(code: 0)) }
        #expect(scratch.read("order") == "1\n2\n3\n4\n5\n")
    }
}
