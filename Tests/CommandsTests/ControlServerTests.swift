import CPosix
import Foundation
import JobContract
import ResultCatalogue
import SweepModel
import Testing

@testable import Commands
@testable import Scheduling

/// The coordinator's socket, with real sockets and a real catalogue.
@Suite struct ControlServerTests {
    private let directory: String
    private var path: String { directory + "/catalogue.sqlite" }

    init() throws {
        directory = "/tmp/es-control-\(UInt32.random(in: 0...UInt32.max))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    }

    /// Calls `body` while a server listens for a new catalogue.
    private func withServer(_ body: (ControlServer, Catalogue) throws -> Void) throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let catalogue = try Catalogue(path: path)
        let server = try #require(
            ControlServer(catalogue) { _, _, _, _ in throw CommandFailure(.invalidInput, "faces.yaml:3: no such key") })
        server.start()
        defer { server.end(status: 0) }
        try body(server, catalogue)
    }

    @Test func theSocketIsTheAccountsAlone() throws {
        try withServer { _, catalogue in
            let socket = try #require(CatalogueFile.lockHolder(path)?.socket)
            var status = stat()
            #expect(lstat(socket, &status) == 0)
            #expect(status.st_mode & 0o777 == 0o600)
            #expect(lstat(URL(fileURLWithPath: socket).deletingLastPathComponent().path, &status) == 0)
            #expect(status.st_mode & 0o777 == 0o700)
            #expect(socket.utf8.count < 108)
        }
    }

    @Test func aChangeIsMadeByTheRunsThreadAndAnswered() throws {
        try withServer { server, _ in
            let woken = DispatchSemaphore(value: 0)
            server.changes.attend { woken.signal() }
            let thread = Thread {
                woken.wait()
                for entry in server.changes.takeAll() {
                    guard case .wish(.cancel(let sweep, nil)) = entry.change else { continue }
                    entry.answer(.done(.init(count: 4, sweeps: [sweep])))
                }
            }
            thread.start()
            let client = try #require(ControlClient(catalogue: path))
            #expect(client.process == Int(getpid()))
            #expect(try client.make(.cancel(sweep: "faces", where: nil)).count == 4)
        }
    }

    @Test func aRefusalKeepsItsWordsAndItsExitCode() throws {
        try withServer { _, _ in
            let client = try #require(ControlClient(catalogue: path))
            #expect { try client.make(.launch(file: "/faces.yaml", overrides: [], folder: "/")) } throws: { error in
                let failure = error as? CommandFailure
                return failure?.status == .invalidInput && failure?.description == "faces.yaml:3: no such key"
            }
        }
    }

    @Test func aChangeThatComesTooLateIsAskedAgain() throws {
        try withServer { server, _ in
            let client = try #require(ControlClient(catalogue: path))
            #expect(server.changes.closeIfEmpty())
            #expect(throws: ControlClient.CoordinatorEnds.self) { try client.make(.undrain(host: "far")) }
        }
    }

    @Test func aChangeThatWaitsKeepsTheRunFromEnding() throws {
        let changes = PendingChanges()
        let entry = changes.submit(.wish(.undrain(host: "far")))
        #expect(!changes.closeIfEmpty())
        changes.close()
        #expect(entry.wait() == .ending)
        #expect(changes.submit(.wish(.undrain(host: "far"))).wait() == .ending)
    }

    @Test func viewersSeeTheLatestAndTheEnd() throws {
        try withServer { server, _ in
            server.broadcast.publish(notice: "said before anyone looked")
            let client = try #require(ControlClient(catalogue: path))
            var totals: [Int] = []
            var notices: [String] = []
            let status = try client.watch { view in
                notices += view.notices
                guard let fleet = view.fleet else {
                    // Nobody has to see all of a hundred quick changes; the last one counts.
                    for total in 1...100 {
                        server.broadcast.publish(
                            Self.fleet(total), RunProgress(fraction: Double(total) / 100, secondsLeft: 3))
                    }
                    server.broadcast.publish(notice: "far: connected")
                    return true
                }
                totals.append(fleet.total)
                #expect(view.progress == RunProgress(fraction: Double(fleet.total) / 100, secondsLeft: 3))
                if fleet.total == 100 { server.broadcast.end(status: 1) }
                return true
            }
            #expect(status == 1)
            #expect(totals.last == 100 && totals.count < 10)
            #expect(notices == ["far: connected"])
        }
    }

    @Test func aDeadCoordinatorsSocketIsReplaced() throws {
        try withServer { _, catalogue in
            let socket = try #require(CatalogueFile.lockHolder(path)?.socket)
            // A killed process leaves this: the file is there, and nobody listens.
            let other = try Catalogue(path: directory + "/other.sqlite")
            let stale = try #require(
                RuntimeDirectory.sockets(catalogue: other.id, at: other.path).first {
                    RuntimeDirectory.prepare(for: $0) != nil
                })
            #expect(stale != socket)
            close(posix_listen_local(stale))
            #expect(FileManager.default.fileExists(atPath: stale))
            other.announce(socket: stale)
            #expect(ControlClient(catalogue: other.path) == nil)
            let server = try #require(ControlServer(other) { _, _, _, _ in throw ControlClient.CoordinatorEnds() })
            server.start()
            #expect(ControlClient(catalogue: other.path) != nil)
            server.end(status: 0)
            #expect(ControlClient(catalogue: other.path) == nil)
        }
    }

    /// The server's thread ends with the run, and does not ask again and again who may come.
    @Test func nothingIsLeftOfAServerThatEnded() throws {
        weak var gone: ControlServer?
        try withServer { server, _ in gone = server }
        let limit = Date(timeIntervalSinceNow: 20)
        while gone != nil, Date() < limit { usleep(10_000) }
        #expect(gone == nil)
    }

    @Test func nonsenseIsAnsweredInWords() throws {
        try withServer { _, _ in
            let socket = try #require(CatalogueFile.lockHolder(path)?.socket)
            let stream = try #require(LineStream(descriptor: posix_connect_local(socket)))
            #expect(stream.write(Array("dance!\n".utf8)))
            let line = try #require(stream.read(limit: 1 << 20, seconds: 10))
            guard case .refused = try ControlMessages.read(ControlAnswer.self, line) else {
                Issue.record("expected a refusal")
                return
            }
        }
    }

    private static func fleet(_ total: Int) -> FleetSnapshot {
        FleetSnapshot(
            trials: [.waiting: total], total: total, hosts: [], workDone: 0, workWanted: 0, measuresLeft: 0,
            elapsedSeconds: 0, secondsLeft: nil, imagesPerSecond: 0)
    }
}
