import Testing

@testable import Coordination

@Suite struct AwakeTimeTests {
    private let second: Int64 = 1_000_000_000

    @Test func timeThatIsLookedAtCounts() {
        var time = AwakeTime(at: 5 * second)
        #expect(time.advance(to: 6 * second) == 6 * second)
        #expect(time.advance(to: 6 * second + 1) == 6 * second + 1)
        #expect(time.advance(to: 8 * second) == 8 * second)
    }

    @Test func whatPassesWhileTheProcessIsStoppedDoesNot() {
        var time = AwakeTime(at: 0)
        _ = time.advance(to: second)
        let after = time.advance(to: 3600 * second)
        #expect(after == second + AwakeTime.longestGap)
        #expect(time.advance(to: 3601 * second) == after + second)
    }

    @Test func itNeverGoesBack() {
        var time = AwakeTime(at: 10 * second)
        #expect(time.advance(to: 9 * second) == 10 * second)
        #expect(time.advance(to: 11 * second) == 11 * second)
    }
}
