import Foundation
import Testing

@testable import Commands

/// The reserve lets the catalogue end well; a sweep's files may not use it.
@Suite struct DiskRoomTests {
    @Test func theReserveIsNotForSweeps() throws {
        let directory = NSTemporaryDirectory() + "disk-room-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: directory) }
        var options = CatalogueOptions()
        options.catalogue = directory + "/catalogue.sqlite"
        let workplace = try Workplace(options)
        let room = try #require(DiskRoom(at: directory))
        #expect(room.reserve > 0 && room.reserve <= 256 << 20)
        #expect(workplace.disks == [workplace.store.directory], "one disk is looked at once")
        try workplace.requireRoom(for: max(0, room.free - 2 * room.reserve))
        for bytes in [room.free - room.reserve / 2, room.free + room.reserve] {
            let error = #expect(throws: CommandFailure.self) { try workplace.requireRoom(for: bytes) }
            #expect("\(error.map { "\($0)" } ?? "")".contains("--accept-low-space"))
        }
    }
}
