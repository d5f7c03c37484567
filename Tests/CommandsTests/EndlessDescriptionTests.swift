import SweepModel
import Testing

@testable import Commands

/// A worker of somebody else's that does not come to an end when it is asked what it is.
@Suite struct EndlessDescriptionTests {
    @Test func aDescriptionWithoutEndIsRefusedInWords() {
        let error = #expect(throws: CommandFailure.self) {
            try WorkerProgram(WorkerCommand(command: ["yes"], upload: []))
        }
        #expect(error?.description.contains("`yes describe` printed 4 MiB and was ended") == true)
    }
}
