import Foundation
import JobContract
import Testing

/// Progress as workers write it: numbers that no work has are refused where they are read.
@Suite struct ProgressTests {
    private func decode(_ fields: String) throws -> WorkerEvent {
        try JSONDecoder().decode(WorkerEvent.self, from: Data("{\"event\":\"progress\",\(fields)}".utf8))
    }

    @Test func whatWasWrittenIsRead() throws {
        let progress = WorkerEvent.Progress(done: 5, of: 100, unit: "images", rate: 2.5, loss: -0.25)
        let text = try JSONEncoder().encode(WorkerEvent.progress(progress))
        #expect(try JSONDecoder().decode(WorkerEvent.self, from: text) == .progress(progress))
        #expect(
            try decode(#""done":0,"of":0,"unit":"steps","rate":0"#)
                == .progress(.init(done: 0, of: 0, unit: "steps", rate: 0)))
    }

    @Test(arguments: [
        #""done":-1,"of":10,"unit":"steps","rate":1"#,
        #""done":-9223372036854775808,"of":10,"unit":"steps","rate":1"#,
        #""done":1,"of":9223372036854775807,"unit":"steps","rate":1"#,
        #""done":1,"of":10,"unit":"steps","rate":1e20"#,
        #""done":1,"of":10,"unit":"steps","rate":-1"#,
        #""done":1,"of":10,"unit":"steps","rate":1e999"#,
        "\"done\":1,\"of\":10,\"rate\":1,\"unit\":\"\(String(repeating: "x", count: 65))\"",
    ])
    func numbersThatNoWorkHasAreRefused(fields: String) {
        #expect(throws: DecodingError.self) { try decode(fields) }
    }
}
