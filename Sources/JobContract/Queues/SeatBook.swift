/// What a coordinator knows of the allocations of a queue host, and which of them each of its seats has.
package struct SeatBook: Sendable {
    private let catalogue: String
    /// Nil while no relay answers.
    package private(set) var allocations: [String: AllocationStanding]?

    /// - Parameter catalogue: its name on hosts.
    package init(catalogue: String) { self.catalogue = catalogue }

    /// A relay answers, and these are all that exist.
    package mutating func areAll(_ found: [AllocationStanding]) {
        allocations = Dictionary(found.map { ($0.name, $0) }) { $1 }
    }

    /// No relay answers any more. Allocations go on without it.
    package mutating func lose() { allocations = nil }

    package func seat(of name: String) -> Int? { AllocationName.seat(of: name, catalogue: catalogue) }

    /// The seat's allocation: the first, where there are several, of which the others wait for their turn to be collected.
    package func allocation(of seat: Int) -> AllocationStanding? {
        (allocations ?? [:]).values.filter { self.seat(of: $0.name) == seat }.min { $0.name < $1.name }
    }

    /// The name under which an allocation is to be submitted for the seat; nil where there is one. It counts from now on: who
    /// looks before the queue has answered must not ask for another.
    package mutating func call(_ seat: Int, random: UInt32) -> String? {
        guard allocations != nil, allocation(of: seat) == nil else { return nil }
        let name = AllocationName.make(catalogue: catalogue, seat: seat, random: random)
        allocations?[name] = AllocationStanding(name: name, state: .waiting, words: "it is being submitted")
        return name
    }

    /// - Returns: the seat of which there is news; nil where it is none of ours.
    package mutating func isTold(_ standing: AllocationStanding) -> Int? {
        guard let seat = seat(of: standing.name) else { return nil }
        allocations?[standing.name] = standing.state == .gone ? nil : standing
        return seat
    }

    /// The queue does not take it: it is as if it had never been asked for.
    package mutating func refused(_ name: String) -> Int? {
        allocations?[name] = nil
        return seat(of: name)
    }

    /// Those that none of the seats is kept for.
    package func strays(among seats: (Int) -> Bool) -> [String] {
        (allocations ?? [:]).keys.filter { name in seat(of: name).map { !seats($0) } ?? true }.sorted()
    }
}
