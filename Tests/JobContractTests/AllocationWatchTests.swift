import JobContract
import Testing

/// When an allocation counts as over.
struct AllocationWatchTests {
    private func entry(_ state: QueueEntry.State) -> QueueEntry {
        QueueEntry(name: "es-c-1-a", job: "7", state: state, words: "")
    }

    @Test func oneThatBeatsIsNotOverWhateverIsListed() {
        var watch = AllocationWatch(at: 0)
        for second in stride(from: 5.0, through: 600, by: 5) {
            watch.record(hasBegun: true, beats: Int(second / 5), hasEnded: false, at: second)
            watch.record(second < 300 ? nil : entry(.over), at: second)
            #expect(watch.verdict(at: second) == .running)
        }
    }

    @Test func oneThatIsSilentIsNotOverWhileItIsListed() {
        var watch = AllocationWatch(at: 0)
        watch.record(hasBegun: true, beats: 1, hasEnded: false, at: 1)
        for second in stride(from: 10.0, through: 3600, by: 10) {
            watch.record(entry(.running), at: second)
            #expect(watch.verdict(at: second) == .running)
        }
    }

    @Test func oneThatIsSilentAndGoneIsOverAfterSomeListings() {
        var watch = AllocationWatch(at: 0)
        watch.record(hasBegun: true, beats: 1, hasEnded: false, at: 1)
        watch.record(nil, at: 100)
        #expect(watch.verdict(at: 200) == .running, "one listing is no proof")
        watch.record(nil, at: 110)
        watch.record(nil, at: 140)
        #expect(watch.verdict(at: 141) == .over)
    }

    @Test func theLastWordDecidesAtOnce() {
        var watch = AllocationWatch(at: 0)
        watch.record(entry(.running), at: 1)
        watch.record(hasBegun: true, beats: 1, hasEnded: true, at: 2)
        #expect(watch.verdict(at: 2) == .over)
    }

    @Test func oneThatNeverBeganIsOverOnceTheQueueHasForgottenIt() {
        var watch = AllocationWatch(at: 0)
        watch.record(entry(.waiting), at: 5)
        #expect(watch.verdict(at: 86_400) == .waiting)
        for second in [86_400.0, 86_420, 86_440] { watch.record(nil, at: second) }
        #expect(watch.verdict(at: 86_441) == .over)
    }

    @Test func placesAreReadFromNames() {
        let name = AllocationName.make(catalogue: "lab-7", seat: 12, random: 77)
        #expect(AllocationName.isPlain(name) && AllocationName.seat(of: name, catalogue: "lab-7") == 12)
        #expect(AllocationName.seat(of: name, catalogue: "lab") == nil)
        for other in ["es-lab-7-0-a", "es-lab-7-x-a", "es-lab-7-1-", "es-lab-7-1-a-b", "job"] {
            #expect(AllocationName.seat(of: other, catalogue: "lab-7") == nil)
        }
        for bad in ["", "es-", "es-../x", "es-a b", "ES-a"] { #expect(!AllocationName.isPlain(bad)) }
    }
}
