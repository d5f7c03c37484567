import JobContract
import Testing

@Suite struct SeatBookTests {
    private func standing(_ name: String, _ state: AllocationStanding.State) -> AllocationStanding {
        AllocationStanding(name: name, state: state)
    }

    @Test func aSeatIsCalledForOnce() {
        var book = SeatBook(catalogue: "c")
        let early = book.call(1, random: 7)
        #expect(early == nil, "no relay has said what exists")
        book.replaceAll(with: [])
        let names = [book.call(1, random: 7), book.call(1, random: 8), book.call(2, random: 9)]
        #expect(names.map { $0 != nil } == [true, false, true])
        #expect(book.allocation(of: 1)?.state == .waiting, "whoever looks meanwhile must not think that there is none")
    }

    @Test func aSeatIsFreeOnceItsAllocationIsGoneOrRefused() throws {
        var book = SeatBook(catalogue: "c")
        book.replaceAll(with: [])
        let called = book.call(1, random: 7)
        let first = try #require(called)
        let refused = book.remove(first)
        #expect(refused == 1)
        let calledAgain = book.call(1, random: 8)
        let second = try #require(calledAgain)
        let over = book.record(standing(second, .over))
        #expect(over == 1)
        let third = book.call(1, random: 9)
        #expect(third == nil, "what it left is to be collected first")
        _ = book.record(standing(second, .gone))
        let fourth = book.call(1, random: 9)
        #expect(fourth != nil)
    }

    @Test func allocationsOfOthersAndOfNoSeatAreTold() {
        var book = SeatBook(catalogue: "c")
        book.replaceAll(with: [standing("es-c-1-a", .running), standing("es-c-3-b", .waiting)])
        #expect(book.strays(exists: { $0 == 1 }) == ["es-c-3-b"])
        let stranger = book.record(standing("es-other-1-a", .running))
        #expect(stranger == nil)
        book.lose()
        #expect(book.allocation(of: 1) == nil)
    }
}
