import ContentStore
import Foundation
import JobContract
import Testing

@testable import RemoteHosts
@testable import Supervision

/// Files on their way between a host and the coordinator that are not as announced.
struct FileTransferTests {
    @Test func `a file that becomes shorter ends its transfer in words`() throws {
        let scratch = try Scratch()
        try scratch.write(String(repeating: "x", count: Chunk.size + 10), "file")
        let sender = try FileSender(transfer: 1, path: scratch.path("file"))
        let first = try sender.next()
        #expect(first != nil)
        truncate(scratch.path("file"), off_t(Chunk.size))
        let refusal = try #require(throws: AgentRefusal.self) { try sender.next() }
        #expect(refusal.message.contains("behind byte \(Chunk.size) of \(Chunk.size + 10)"))
    }

    @Test func `content other than the event's fails the event, and the file may come later`() throws {
        let scratch = try Scratch()
        let store = try ContentStore(directory: scratch.path("store"))
        var table = FetchTable(host: "far", depot: store)
        let file = OutputFile(path: "w", digest: Digest(of: Array("right".utf8)), bytes: 5)
        for (transfer, content) in [(UInt32(1), "wrong"), (2, "right")] {
            let asked = try table.want(file)
            #expect(asked.count == 1)
            let begun = try table.open(transfer, bytes: 5)
            #expect(!begun.settled)
            let step = try table.write(Chunk(transfer: transfer, offset: 0, bytes: Array(content.utf8)[...]))
            #expect(step.settled)
            #expect((table.failure(of: file.digest) != nil) == (content == "wrong"))
            #expect(store.contains(file.digest) == (content == "right"))
            table.forgetFailures()
        }
    }
}
