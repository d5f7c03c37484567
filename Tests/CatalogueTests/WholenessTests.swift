import Foundation
import GRDB
import JobContract
import SweepModel
import Synchronization
import Testing

@testable import ResultCatalogue

/// A catalogue whose file, or one page of it, is not as it was written.
@Suite struct WholenessTests {
    let scratch: Scratch
    private var path: String { scratch.catalogue }
    /// What people were told, about any catalogue.
    private static let told = Mutex<[String]>([])

    init() throws {
        scratch = try Scratch()
        CatalogueFile.onCaution { message in Self.told.withLock { $0.append(message) } }
    }

    private func cautions() -> [String] { Self.told.withLock { $0.filter { $0.hasPrefix(path + ":") } } }

    /// Makes a catalogue with measurements on many pages, and closes it in order.
    private func makeCatalogue(trials: Int = 60) throws {
        let catalogue = try Catalogue(path: path)
        let sweep = Fixture.sweep(sizes: Array(1...trials), scales: [4], steps: [256])
        try catalogue.store(sweep)
        for (index, trial) in sweep.trials.enumerated() {
            try catalogue.commit(DamagedCopies.measured(trial, attempt: index + 1))
        }
    }

    /// Changes the catalogue as a program does that knows nothing of seals.
    private func elsewhere(_ sql: String) throws {
        let queue = try DatabaseQueue(path: "file:\(path)?vfs=unix")
        try queue.inDatabase { try $0.execute(sql: sql) }
        try queue.close()
    }

    private func refusal(_ body: () throws -> Void) -> CatalogueError? {
        #expect(throws: CatalogueError.self, performing: body)
    }

    private func bytes() throws -> Data { try #require(FileManager.default.contents(atPath: path)) }
    private func write(_ bytes: Data) throws { try bytes.write(to: URL(fileURLWithPath: path)) }
    private func count() throws -> Int {
        try CatalogueReader(path: path).rows("SELECT count(*) FROM measurements").rows[0][0].integer ?? -1
    }

    /// Of a file that grows beyond 1 GiB by its log, SQLite leaves one page out.
    @Test func thePageForLocksIsInNoLog() throws {
        let size = 4096
        func word(_ value: Int) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }
        func log(_ pages: [Int], round: UInt8) throws {
            let salts = [UInt8](repeating: round, count: 8)
            var bytes = [UInt8](repeating: 0, count: 16) + salts + [UInt8](repeating: 0, count: 8)
            for page in pages {
                bytes += word(page) + word(page) + salts + [UInt8](repeating: 0, count: 8 + size)
            }
            try Data(bytes).write(to: URL(fileURLWithPath: path + "-wal"))
        }
        let locks = (1 << 30) / size + 1
        try log([locks - 1, locks + 1], round: 1)
        #expect(try LogPages.hold(path, from: locks - 1, through: locks + 1, size: size))
        try log([locks - 1], round: 2)
        #expect(try !LogPages.hold(path, from: locks - 1, through: locks + 1, size: size))
    }

    @Test(arguments: [1, 300, 1000, 2500, 4000, 4095, 4096, 10_000]) func aCopyCutShortIsRefused(_ cut: Int) throws {
        try makeCatalogue()
        let whole = try bytes()
        try write(whole.dropLast(cut))
        let error = refusal { _ = try count() }
        #expect(error?.kind == .corrupt)
        #expect(error?.message.contains("it has \(whole.count - cut) bytes") == true)
        #expect(error?.message.contains("(\(whole.count) bytes)") == true)
        let writer = refusal { _ = try Catalogue(path: path) }
        #expect(writer?.kind == .corrupt)
        // Whoever merges it is told as well.
        let ours = try Catalogue(path: scratch.path + "/ours.sqlite")
        let merged = refusal {
            _ = try ours.merge(
                CatalogueReader(database: ours.queue, path: path, id: "theirs"), states: false)
        }
        #expect(merged?.kind == .corrupt)
    }

    @Test func pagesThatAreOnlyInTheLogAreThere() throws {
        let catalogue = try Catalogue(path: path)
        try catalogue.store(Fixture.sweep(sizes: Array(1...200)))
        let copy = scratch.path + "/copy.sqlite"
        for suffix in ["", "-wal"] {
            try FileManager.default.copyItem(atPath: path + suffix, toPath: copy + suffix)
        }
        let (main, promised) = (try bytes().count, try RawDatabase.text("PRAGMA page_count", at: path))
        #expect(main < (Int(promised[0]) ?? 0) * 4096)
        #expect(try CatalogueReader(path: copy).sweeps().map(\.trials) == [800])
        #expect(try CatalogueReader(path: path).sweeps().map(\.trials) == [800])
        withExtendedLifetime(catalogue) {}
    }

    /// A `-wal` that cannot be opened, for want of descriptors say, makes no whole catalogue one that is cut short.
    @Test func aLogThatCannotBeOpenedIsNotMissing() throws {
        let log = path + "-wal"
        try FileManager.default.createSymbolicLink(atPath: log, withDestinationPath: log)
        #expect(throws: CatalogueError(.other, "\(log) cannot be opened: Too many levels of symbolic links")) {
            try LogPages.hold(path, from: 2, through: 3, size: 4096)
        }
    }

    @Test func whatIsRememberedOfALogHidesNoCut() throws {
        let catalogue = try Catalogue(path: path)
        try catalogue.store(Fixture.sweep(sizes: Array(1...200)))
        try catalogue.queue.inDatabase { try $0.execute(sql: "PRAGMA wal_checkpoint(PASSIVE)") }
        try catalogue.store(Fixture.sweep(name: "more", sizes: Array(1...300)))
        #expect(try catalogue.reader.sweeps().map(\.trials) == [800, 1200])
        let whole = try bytes()
        let promised = try #require(try RawDatabase.text("PRAGMA page_count", at: path).first.flatMap { Int($0) })
        #expect(whole.count < promised * 4096)
        try FileHandle(forWritingTo: URL(fileURLWithPath: path)).truncate(atOffset: UInt64(whole.count / 2))
        #expect(refusal { _ = try catalogue.reader.sweeps() }?.message.contains("cut short") == true)
    }

    @Test func aChangedByteIsFoundOnEveryPage() throws {
        try makeCatalogue()
        let whole = try bytes()
        #expect(whole.count > 30 * 4096)
        for page in 0..<whole.count / 4096 {
            var damaged = whole
            damaged[page * 4096 + 2000] ^= 0x10
            try write(damaged)
            // A check reads all pages, in use or not.
            let error = refusal { _ = try Catalogue(path: path) }
            #expect(error?.kind == .corrupt)
            if page > 0 { #expect(error?.message.contains("page \(page + 1) ") == true) }
        }
        try write(whole)
        #expect(try count() > 0)
        #expect(cautions().isEmpty)
    }

    @Test func noDamagedCopyAnswersWrongly() throws {
        try DamagedCopies(in: scratch.path).tryOut(400, seed: 20_261_129)
    }

    @Test func aReaderBesideACheckpointingWriterIsNeverAlarmed() throws {
        try CheckpointedReads.tryOut(400, at: path)
    }

    @Test func whatAnotherProgramEditsIsReadWithAWordAndSealedByTheNextWriter() throws {
        try makeCatalogue()
        let before = try count()
        try elsewhere("UPDATE measurement SET value = 7 WHERE ordinal = 0")
        #expect(try count() == before)
        #expect(cautions().count == 1)
        #expect(cautions().first?.contains("another program edited this catalogue") == true)
        _ = try Catalogue(path: path)
        #expect(cautions().count == 2)
        #expect(try count() == before)
        #expect(cautions().count == 2)
        var damaged = try bytes()
        damaged[damaged.count - 3000] ^= 1
        try write(damaged)
        #expect(refusal { _ = try Catalogue(path: path) }?.kind == .corrupt)
    }

    /// After a kill, whoever closes the log last brings it into the file, which may be a program without seals.
    @Test func whatAnotherProgramBringsIntoTheFileIsReadAndSealed() throws {
        let catalogue = try Catalogue(path: path)
        try catalogue.store(Fixture.sweep(sizes: Array(1...50)))
        let killed = try Scratch()
        for suffix in ["", "-wal"] {
            try FileManager.default.copyItem(atPath: path + suffix, toPath: killed.catalogue + suffix)
        }
        let queue = try DatabaseQueue(path: "file:\(killed.catalogue)?vfs=unix")
        #expect(try queue.inDatabase { try Int.fetchOne($0, sql: "SELECT count(*) FROM trials") } == 200)
        try queue.inDatabase { try $0.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
        try queue.close()
        #expect(try CatalogueReader(path: killed.catalogue).sweeps().map(\.trials) == [200])
        do { _ = try Catalogue(path: killed.catalogue) }
        #expect(try CatalogueReader(path: killed.catalogue).sweeps().map(\.trials) == [200])
        let bare = try #require(FileManager.default.contents(atPath: killed.catalogue))
        for page in 0..<bare.count / 4096 {
            #expect(bare[page * 4096 + 4088..<page * 4096 + 4096].contains { $0 != 0 })
        }
        withExtendedLifetime(catalogue) {}
    }

    @Test func aFileThatAnotherProgramWroteAnewIsReadWithAWord() throws {
        try makeCatalogue()
        let before = try count()
        try elsewhere("VACUUM INTO '\(path).new'")
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.moveItem(atPath: path + ".new", toPath: path)
        #expect(try count() == before)
        #expect(cautions().first?.contains("wrote this file anew") == true)
        _ = try Catalogue(path: path)
        let told = cautions().count
        #expect(try count() == before)
        #expect(cautions().count == told)
    }

    /// `.backup` copies page by page.
    @Test func aBackupBearsItsSeals() throws {
        try makeCatalogue()
        let before = try count()
        let source = try DatabaseQueue(path: "file:\(path)?vfs=unix")
        let copy = try DatabaseQueue(path: "file:\(path).backup?vfs=unix")
        try source.backup(to: copy)
        try source.close()
        try copy.close()
        let reader = try CatalogueReader(path: path + ".backup")
        #expect(try reader.rows("SELECT count(*) FROM measurements").rows == [[.integer(Int64(before))]])
        #expect(cautions().isEmpty)
        var damaged = try #require(FileManager.default.contents(atPath: path + ".backup"))
        for page in 10..<20 { damaged[page * 4096 + 3000] ^= 1 }
        try damaged.write(to: URL(fileURLWithPath: path + ".backup"))
        #expect(refusal { _ = try Catalogue(path: path + ".backup") }?.kind == .corrupt)
    }

    @Test func anEarlierCatalogueIsSealedByTheNextWriter() throws {
        let queue = try DatabaseQueue(path: path)
        try Schema.migrate(queue, through: 15)
        try queue.write {
            try $0.execute(
                sql: """
                    INSERT INTO catalogue_identity (one, catalogue_id, generation, created_at)
                    VALUES (1, 'kept', 7, '2026-01-01T00:00:00.000Z')
                    """)
        }
        try queue.close()
        #expect(try bytes()[20] == 0)
        do {
            let catalogue = try Catalogue(path: path)
            try catalogue.store(Fixture.sweep())
        }
        #expect(try bytes()[20] == 8)
        let told = cautions().count
        #expect(try CatalogueReader(path: path).sweeps().map(\.trials) == [8])
        #expect(cautions().count == told)
        var damaged = try bytes()
        damaged[3 * 4096 + 3000] ^= 1
        try write(damaged)
        #expect(refusal { _ = try Catalogue(path: path) }?.message.contains("page 4 ") == true)
    }
}
