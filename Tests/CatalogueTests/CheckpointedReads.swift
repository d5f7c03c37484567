import Foundation
import GRDB
import SweepModel
import Testing

@testable import ResultCatalogue

/// Reads a catalogue while it is written, and while we and another program in turn bring its log into the file and cut it
/// off.
enum CheckpointedReads {
    static func tryOut(_ reads: Int, at path: String) throws {
        let catalogue = try Catalogue(path: path)
        try catalogue.store(Fixture.sweep())
        let writer = Writer(catalogue: catalogue, path: path)
        Thread.detachNewThread { writer.run() }
        let kept = try CatalogueReader(path: path)
        var last = 0
        for read in 0..<reads {
            // One reader stays open, the other comes and goes.
            let reader = read.isMultiple(of: 2) ? kept : try CatalogueReader(path: path)
            let rows = try reader.rows("SELECT count(*) FROM trial").rows
            let count = rows[0][0].integer ?? 0
            #expect(count >= last)
            last = count
        }
        writer.end()
        #expect(writer.problem == nil)
        #expect(writer.rounds > 0)
    }

    private final class Writer: @unchecked Sendable {
        private let catalogue: Catalogue
        private let path: String
        private let condition = NSCondition()
        private var isWanted = true
        private var isOver = false
        private(set) var rounds = 0
        private(set) var problem: (any Error)?

        init(catalogue: Catalogue, path: String) {
            self.catalogue = catalogue
            self.path = path
        }

        func run() {
            do {
                let other = try DatabaseQueue(path: "file:\(path)?vfs=unix")
                while condition.withLock({ isWanted }) {
                    rounds += 1
                    try catalogue.store(Fixture.sweep(name: "sweep-\(rounds)", sizes: [rounds * 3, rounds * 3 + 1]))
                    let mode = ["PASSIVE", "FULL", "RESTART", "TRUNCATE"][rounds % 4]
                    let database = rounds.isMultiple(of: 3) ? other : catalogue.queue
                    do {
                        try database.inDatabase { try $0.execute(sql: "PRAGMA wal_checkpoint(\(mode))") }
                    } catch let error as DatabaseError where error.resultCode.primaryResultCode == .SQLITE_BUSY {}
                }
                try other.close()
            } catch { problem = error }
            condition.withLock { isOver = true }
            condition.broadcast()
        }

        func end() {
            condition.lock()
            isWanted = false
            while !isOver { condition.wait() }
            condition.unlock()
        }
    }
}
