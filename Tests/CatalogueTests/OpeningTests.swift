import Foundation
import GRDB
import JobContract
import SweepModel
import Testing

@testable import ResultCatalogue

@Suite struct OpeningTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func contents() throws -> [String: Data] {
        var contents = [String: Data]()
        for name in try FileManager.default.contentsOfDirectory(atPath: scratch.path) where !name.hasSuffix(".lock") {
            contents[name] = FileManager.default.contents(atPath: scratch.path + "/" + name)
        }
        return contents
    }

    /// Checks that both kinds of opening refuse, and leave every byte as it was.
    private func checkRefused(_ kind: CatalogueError.Kind, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let before = try contents()
        let writer = #expect(throws: CatalogueError.self, sourceLocation: sourceLocation) {
            _ = try Catalogue(path: scratch.catalogue)
        }
        #expect(writer?.kind == kind, sourceLocation: sourceLocation)
        let reader = #expect(throws: CatalogueError.self, sourceLocation: sourceLocation) {
            _ = try CatalogueReader(path: scratch.catalogue)
        }
        #expect(reader?.kind == kind, sourceLocation: sourceLocation)
        #expect(try contents() == before, sourceLocation: sourceLocation)
    }

    private func execute(_ sql: String) throws { try RawDatabase.execute(sql, at: scratch.catalogue) }

    /// A process that has lost its locks has its `-wal` removed by the next that closes the catalogue.
    @Test func openingAnotherConnectionKeepsTheLocksOfTheFirst() throws {
        func locks() throws -> Int {
            let inode = try FileManager.default.attributesOfItem(atPath: scratch.catalogue)[.systemFileNumber] as? Int
            let end = ":\(try #require(inode)) "
            return try String(contentsOfFile: "/proc/locks", encoding: .utf8).split(separator: "\n").count { line in
                line.contains(" \(getpid()) ") && line.contains(end)
            }
        }
        do { _ = try Catalogue(path: scratch.catalogue) }
        let reader = try CatalogueReader(path: scratch.catalogue)
        let before = try locks()
        let writer = try Catalogue(path: scratch.catalogue)
        #expect(try before > 0 && locks() >= before)
        _ = try CatalogueReader(path: scratch.catalogue)
        #expect(try locks() >= before)
        withExtendedLifetime((reader, writer)) {}
    }

    @Test func aMissingCatalogueIsMadeByWritersOnly() throws {
        let error = #expect(throws: CatalogueError.self) { _ = try CatalogueReader(path: scratch.catalogue) }
        #expect(error?.kind == .missing)
        #expect(!FileManager.default.fileExists(atPath: scratch.catalogue))
        let nested = scratch.path + "/results/deep/catalogue.sqlite"
        let catalogue = try Catalogue(path: nested)
        #expect(try CatalogueReader(path: nested).id == catalogue.id)
    }

    @Test func anEmptyFileBecomesACatalogue() throws {
        try Data().write(to: URL(fileURLWithPath: scratch.catalogue))
        _ = try Catalogue(path: scratch.catalogue)
        #expect(try RawDatabase.text("PRAGMA integrity_check", at: scratch.catalogue) == ["ok"])
    }

    /// A disk that is full after some pages keeps what was committed before.
    @Test(arguments: [1, 2, 3, 4, 20, 40]) func aCatalogueCutOffInTheMakingIsMadeWhole(pages: Int) throws {
        let queue = try DatabaseQueue(path: scratch.catalogue)
        try queue.inDatabase { try $0.execute(sql: "PRAGMA max_page_count = \(pages)") }
        #expect(throws: DatabaseError.self) { try Schema.migrate(queue) }
        try queue.close()
        #expect(throws: CatalogueError.self) { _ = try CatalogueReader(path: scratch.catalogue) }
        let catalogue = try Catalogue(path: scratch.catalogue)
        try catalogue.store(Fixture.sweep())
        #expect(try CatalogueReader(path: scratch.catalogue).sweeps().count == 1)
    }

    @Test func theFileIsInWALModeAndSaysWhoseItIs() throws {
        let catalogue = try Catalogue(path: scratch.catalogue)
        #expect(try RawDatabase.text("PRAGMA journal_mode", at: scratch.catalogue) == ["wal"])
        #expect(try RawDatabase.text("PRAGMA application_id", at: scratch.catalogue) == ["\(0x4553_7770)"])
        #expect(try RawDatabase.text("PRAGMA user_version", at: scratch.catalogue) == ["\(Schema.version)"])
        // 2 is FULL: a commit survives a loss of power.
        #expect(try catalogue.queue.inDatabase { try Int.fetchOne($0, sql: "PRAGMA synchronous") } == 2)
    }

    @Test func idsAreRandomAndStayAndGenerationsGrow() throws {
        let id: String
        do {
            let catalogue = try Catalogue(path: scratch.catalogue)
            id = catalogue.id
            #expect(catalogue.generation == 0)
            #expect(try catalogue.beginGeneration() == 1)
            #expect(try catalogue.beginGeneration() == 2)
        }
        let again = try Catalogue(path: scratch.catalogue)
        #expect(again.id == id)
        #expect(again.generation == 2)
        #expect(try again.beginGeneration() == 3)
        #expect(try Catalogue(path: scratch.path + "/other.sqlite").id != id)
    }

    @Test func aSecondWriterIsToldWhoWrites() throws {
        let first = try Catalogue(path: scratch.catalogue)
        let error = #expect(throws: CatalogueError.self) { _ = try Catalogue(path: scratch.catalogue) }
        #expect(error?.kind == .locked(pid: Int(getpid())))
        #expect(error?.message.contains("\(getpid())") == true)
        // A writer that comes by a symbolic link is refused too.
        let link = scratch.path + "/link.sqlite"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: scratch.catalogue)
        #expect(throws: CatalogueError.self) { _ = try Catalogue(path: link) }
        withExtendedLifetime(first) {}
    }

    /// A descriptor that is closed twice is another thread's the second time.
    @Test func aRefusedWriterClosesNothingOfOthers() async throws {
        let holder = try WriterLock(catalogue: scratch.catalogue)
        let path = scratch.catalogue
        let refusals = Task.detached {
            for _ in 0..<20_000 { #expect(throws: CatalogueError.self) { _ = try WriterLock(catalogue: path) } }
        }
        var isOurs = true
        for _ in 0..<100_000 where isOurs {
            let descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC)
            var status = stat()
            isOurs = fstat(descriptor, &status) == 0
            close(descriptor)
        }
        await refusals.value
        #expect(isOurs)
        withExtendedLifetime(holder) {}
    }

    /// The file lies on a medium that cannot be written: nothing is made beside it.
    @Test func aFileThatNeverChangesIsRead() throws {
        do {
            let catalogue = try Catalogue(path: scratch.path + "/a b?#%.sqlite")
            try catalogue.store(Fixture.sweep())
        }
        let path = CatalogueFile.unchangingPath(scratch.path + "/a b?#%.sqlite")
        let before = try FileManager.default.contentsOfDirectory(atPath: scratch.path).sorted()
        let queue = try DatabaseQueue(path: path, configuration: CatalogueFile.configuration(readOnly: true))
        #expect(try queue.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM trials") } == 8)
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).sorted() == before)
    }

    @Test func theLockGoesWithTheWriter() throws {
        do { _ = try Catalogue(path: scratch.catalogue) }
        _ = try Catalogue(path: scratch.catalogue)
    }

    @Test func textIsRefused() throws {
        try Data(String(repeating: "not a database\n", count: 100).utf8)
            .write(to: URL(fileURLWithPath: scratch.catalogue))
        try checkRefused(.foreign)
    }

    @Test(arguments: [
        "CREATE TABLE bookmarks (url TEXT)", "PRAGMA application_id = 99; CREATE TABLE t (x)",
        "PRAGMA user_version = 3; CREATE TABLE trials (x)",
    ])
    func databasesOfOthersAreRefused(_ sql: String) throws {
        try execute(sql)
        try checkRefused(.foreign)
    }

    @Test func aLaterSchemaIsRefused() throws {
        try Catalogue(path: scratch.catalogue).queue.close()
        try execute("PRAGMA user_version = \(Schema.version + 1); CREATE TABLE from_the_future (x)")
        try checkRefused(.newer)
    }

    @Test(arguments: [60, 5000, 20_000])
    func truncatedFilesAreRefused(_ bytes: Int) throws {
        try Catalogue(path: scratch.catalogue).queue.close()
        let whole = try #require(FileManager.default.contents(atPath: scratch.catalogue))
        try whole.prefix(bytes).write(to: URL(fileURLWithPath: scratch.catalogue))
        let error = #expect(throws: CatalogueError.self) { _ = try Catalogue(path: scratch.catalogue) }
        #expect(error?.kind == .corrupt)
        #expect(error?.message.contains(scratch.catalogue) == true)
    }

    @Test func damagedPagesAreFound() throws {
        let catalogue = try Catalogue(path: scratch.catalogue)
        try catalogue.store(Fixture.sweep(sizes: Array(1...50)))
        try catalogue.queue.close()
        var bytes = try #require(FileManager.default.contents(atPath: scratch.catalogue))
        for page in 2..<(bytes.count / 4096) {
            bytes.replaceSubrange(page * 4096..<page * 4096 + 200, with: Data(repeating: 0xA5, count: 200))
        }
        try bytes.write(to: URL(fileURLWithPath: scratch.catalogue))
        let error = #expect(throws: CatalogueError.self) { _ = try Catalogue(path: scratch.path + "/catalogue.sqlite") }
        #expect(error?.kind != nil)
    }

    @Test func aDirectoryThatCannotBeWrittenIsAnError() throws {
        let file = scratch.path + "/file"
        try Data().write(to: URL(fileURLWithPath: file))
        for path in [file + "/catalogue.sqlite", "/proc/eigensweep/catalogue.sqlite"] {
            let error = #expect(throws: CatalogueError.self) { _ = try Catalogue(path: path) }
            #expect(error?.kind == .unwritable)
        }
        // A folder lies where the file should be.
        let error = #expect(throws: CatalogueError.self) { _ = try Catalogue(path: scratch.path) }
        #expect(error != nil)
    }
}
