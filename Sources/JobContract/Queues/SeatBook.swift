/// What a coordinator knows of a queue host's allocations, and which of them each seat has.
package struct SeatBook: Sendable {
    private let catalogue: String
    /// Allocations by their names; nil while no relay answers.
    package private(set) var allocations: [String: AllocationStanding]?

    /// - Parameter catalogue: the catalogue's name on hosts.
    package init(catalogue: String) { self.catalogue = catalogue }

    /// Begins anew with all allocations that a relay has told of.
    package mutating func replaceAll(with found: [AllocationStanding]) {
        allocations = Dictionary(found.map { ($0.name, $0) }) { $1 }
    }

    /// Forgets the allocations of a relay that no longer answers. They go on without it.
    package mutating func lose() { allocations = nil }

    package func seat(of name: String) -> Int? { AllocationName.seat(of: name, catalogue: catalogue) }

    /// The seat's allocation. Where several bear its number, the first by name; the others wait until that is collected.
    package func allocation(of seat: Int) -> AllocationStanding? {
        (allocations ?? [:]).values.filter { self.seat(of: $0.name) == seat }.min { $0.name < $1.name }
    }

    /// The name under which an allocation is to be submitted for the seat; nil where the seat has one or no relay answers.
    /// The new one counts as the seat's at once, so that no second one is asked for before the queue has answered.
    package mutating func call(_ seat: Int, random: UInt32) -> String? {
        guard allocations != nil, allocation(of: seat) == nil else { return nil }
        let name = AllocationName.make(catalogue: catalogue, seat: seat, random: random)
        allocations?[name] = AllocationStanding(name: name, state: .waiting, words: "it is being submitted")
        return name
    }

    /// - Returns: the seat whose allocation it is; nil where that is not one of this catalogue's, which is not recorded.
    package mutating func record(_ standing: AllocationStanding) -> Int? {
        guard let seat = seat(of: standing.name) else { return nil }
        allocations?[standing.name] = standing.state == .gone ? nil : standing
        return seat
    }

    /// Removes an allocation that the queue did not take.
    /// - Returns: its seat; nil where it is not one of this catalogue's.
    package mutating func remove(_ name: String) -> Int? {
        allocations?[name] = nil
        return seat(of: name)
    }

    /// Names of the allocations that belong to no seat of those that exist.
    package func strays(exists: (Int) -> Bool) -> [String] {
        (allocations ?? [:]).keys.filter { name in seat(of: name).map { !exists($0) } ?? true }.sorted()
    }
}
