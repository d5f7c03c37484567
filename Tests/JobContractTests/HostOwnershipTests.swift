import Testing

@testable import JobContract

/// Which places are one catalogue, and when a host changes hands.
@Suite struct HostOwnershipTests {
    private static func place(
        machine: String = "m", host: String = "h", path: String = "/a/c.sqlite", file: UInt64 = 1
    ) -> CataloguePlace { CataloguePlace(machine: machine, host: host, path: path, file: file) }

    @Test func onePathOfAMachineOrOneFileIsOneCatalogue() {
        let own = Self.place()
        #expect(own.isSame(as: Self.place(file: 2)), "a file that was replaced")
        #expect(own.isSame(as: Self.place(machine: "n", host: "g", path: "/b")), "the file, seen from elsewhere")
        for other in [
            Self.place(machine: "n", file: 2), Self.place(host: "g", file: 2), Self.place(path: "/b", file: 2),
        ] { #expect(!own.isSame(as: other), "\(other)") }
    }

    private func objection(
        _ change: (inout HostOwnership) -> Void, after starts: [CoordinatorStart] = [], silence: Double = 0,
        hasLeft: Bool = false
    ) -> HostOwnership.Objection? {
        var owner = HostOwnership(generation: 5, nonce: "n", place: Self.place(), leaseSeconds: 900)
        var caller = owner
        owner.hasLeft = hasLeft
        change(&caller)
        return owner.objection(to: caller, after: starts, silence: silence)
    }

    @Test func aHostIsTheLatestCoordinators() {
        #expect(objection { _ in } == nil)
        #expect(objection { $0.generation = 4 } == .isLater)
        #expect(objection { $0.nonce = "o" } == .isOtherCopy)
        let starts = [CoordinatorStart(generation: 5, nonce: "n")]
        #expect(objection({ ($0.generation, $0.nonce) = (6, "o") }, after: starts) == nil)
        let others = [CoordinatorStart(generation: 5, nonce: "p")]
        #expect(objection({ ($0.generation, $0.nonce) = (6, "o") }, after: others) == .isOtherCopy)
    }

    /// A copy waits until the original has left, or has been silent for a lease.
    @Test func aCopyElsewhereWaits() {
        func copy(_ caller: inout HostOwnership) {
            (caller.generation, caller.nonce) = (6, "o")
            caller.place = Self.place(machine: "n", file: 2)
        }
        #expect(objection(copy, silence: 100) == .isAtWork(seconds: 800))
        #expect(objection(copy, silence: 900) == nil)
        #expect(objection(copy, silence: 100, hasLeft: true) == nil)
        #expect(
            objection(
                {
                    copy(&$0); $0.place = nil
                }, silence: 100) == nil)
    }
}
