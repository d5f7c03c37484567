import Foundation
import JobContract
import Testing

@testable import Supervision

/// A host believes what it remembers of its coordinator only as it was written.
@Suite struct CoordinatorMemoryTests {
    private func memory() throws -> CoordinatorMemory {
        try JSONText.decode(
            CoordinatorMemory.self,
            from: Array(#"{"generation":17,"nonce":"abcd","environment":{"A":"b"},"slots":2,"threads":1}"#.utf8))
    }

    @Test func itIsReadBackUnlessAByteOfItChanged() throws {
        let scratch = try Scratch()
        let place = try AgentPlace(directory: scratch.directory, catalogue: "c")
        try place.makeDirectories()
        #expect(CoordinatorMemory.load(place) == nil)
        let memory = try memory()
        try memory.save(place)
        #expect(CoordinatorMemory.load(place) == memory)
        let whole = try #require(Files.read(place.memory))
        for index in whole.indices {
            var damaged = whole
            damaged[index] ^= 1
            try Files.write(damaged, to: place.memory, durably: false)
            #expect(CoordinatorMemory.load(place) == nil, "byte \(index)")
            try Files.write(Array(whole[..<index]), to: place.memory, durably: false)
            #expect(CoordinatorMemory.load(place) == nil, "cut after \(index)")
        }
    }

    @Test func whatAnEarlierAgentWroteIsRead() throws {
        let scratch = try Scratch()
        let place = try AgentPlace(directory: scratch.directory, catalogue: "c")
        try place.makeDirectories()
        let memory = try memory()
        try Files.write(try JSONText.encode(memory), to: place.memory)
        #expect(CoordinatorMemory.load(place) == memory)
    }
}
