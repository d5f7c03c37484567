import JobContract

/// A wanted trial and the jobs that serve it, as indices into a graph's jobs; nil: nothing is left to do of that kind.
package struct WantedTrial: Hashable, Sendable {
    package let id: TrialID
    package let training: TrainingID
    package let steps: Int
    package let trainJob: Int?
    package let measureJob: Int?

    /// Whether nothing is left to do.
    package var isRecorded: Bool { trainJob == nil && measureJob == nil }
}

/// Wanted trials in order, each once. Others name them by their place, for there may be a million; an ID is looked up.
package struct WantedTrials: Sendable {
    /// A training of wanted trials.
    package struct Family: Sendable {
        package let id: TrainingID
        package var needs: JobNeeds
        /// The place of its first trial.
        package let first: Int
        fileprivate var last: Int
        /// The sweep whose needs were added last.
        fileprivate var sweep: Int
    }

    /// A trial with the places of what belongs to it, −1 for none.
    private struct Member {
        let id: TrialID
        let steps: Int
        let family: Int32
        /// The training's next trial.
        var next: Int32 = -1
        var trainJob: Int32 = -1
        var measureJob: Int32 = -1
    }

    /// The trainings, in the order in which they are first met.
    package private(set) var trainings: [Family] = []
    private var list: [Member] = []
    private var index = TrialIndex()
    private var trainingPlaces: [TrainingID: Int] = [:]
    /// The training of the trial added last.
    private var current = 0

    package init() {}

    package var count: Int { list.count }
    package var indices: Range<Int> { list.indices }
    package var ids: [TrialID] { list.map(\.id) }
    package subscript(place: Int) -> WantedTrial {
        let member = list[place]
        return WantedTrial(
            id: member.id, training: trainings[Int(member.family)].id, steps: member.steps,
            trainJob: member.trainJob < 0 ? nil : Int(member.trainJob),
            measureJob: member.measureJob < 0 ? nil : Int(member.measureJob))
    }
    package subscript(id: TrialID) -> WantedTrial? { place(of: id).map { self[$0] } }

    mutating func setTrainJob(_ job: Int, at place: Int) { list[place].trainJob = Int32(job) }
    mutating func setMeasureJob(_ job: Int, at place: Int) { list[place].measureJob = Int32(job) }

    package func place(of id: TrialID) -> Int? {
        var probe = index.probe(id)
        while let place = index.next(&probe) { if list[place].id == id { return place } }
        return nil
    }

    /// The places of a training's trials, in order.
    package func places(of training: TrainingID) -> some Sequence<Int> {
        places(from: trainingPlaces[training].map { trainings[$0].first } ?? -1)
    }

    package func places(from first: Int) -> some Sequence<Int> {
        sequence(state: first) { place -> Int? in
            guard place >= 0 else { return nil }
            defer { place = Int(list[place].next) }
            return place
        }
    }

    mutating func reserve(_ count: Int) {
        list.reserveCapacity(count)
        index.reserve(count)
    }

    /// Adds a trial of a sweep, unless it is there, and what the sweep needs of hosts.
    mutating func add(_ trial: Trial, needs: JobNeeds, of sweep: Int) -> (place: Int, isNew: Bool) {
        let known = place(of: trial.id)
        let place = known ?? list.count
        if trainings.isEmpty || trainings[current].id != trial.training {
            if let family = trainingPlaces[trial.training] {
                current = family
            } else {
                current = trainings.count
                trainingPlaces[trial.training] = current
                trainings.append(Family(id: trial.training, needs: needs, first: place, last: place, sweep: sweep))
            }
        }
        if known == nil {
            index.insert(trial.id, at: place)
            list.append(Member(id: trial.id, steps: trial.steps, family: Int32(current)))
            if trainings[current].first != place {
                list[trainings[current].last].next = Int32(place)
                trainings[current].last = place
            }
        }
        if trainings[current].sweep != sweep {
            trainings[current].sweep = sweep
            trainings[current].needs.formUnion(needs)
        }
        return (place, known == nil)
    }
}

/// Positions by trial ID: open addressing, eight bytes a slot. It keeps 32 bits of an ID: a position that it gives may be
/// another trial's.
package struct TrialIndex: Sendable {
    package struct Probe {
        fileprivate var slot: Int
        fileprivate let tag: UInt64
    }

    /// Half of an ID's first word, and position + 1; 0 is free. At most half are in use.
    private var slots: [UInt64] = []
    private var count = 0

    package init() {}

    /// Makes room for `capacity` positions in all.
    package mutating func reserve(_ capacity: Int) {
        var size = 16
        while size < 2 * capacity { size *= 2 }
        guard size > slots.count else { return }
        let old = slots
        slots = Array(repeating: 0, count: size)
        for entry in old where entry != 0 { put(entry) }
    }

    package mutating func insert(_ id: TrialID, at position: Int) {
        count += 1
        if 2 * count > slots.count { reserve(2 * count) }
        put(Self.tag(id) | UInt64(position + 1))
    }

    package func probe(_ id: TrialID) -> Probe {
        let tag = Self.tag(id)
        return Probe(slot: Int(tag >> 32) & (slots.count - 1), tag: tag)
    }

    /// The next position that may be the ID's; nil: there is none left.
    package func next(_ probe: inout Probe) -> Int? {
        while !slots.isEmpty, case let entry = slots[probe.slot], entry != 0 {
            probe.slot = (probe.slot + 1) & (slots.count - 1)
            if entry & 0xFFFF_FFFF_0000_0000 == probe.tag { return Int(entry & 0xFFFF_FFFF) - 1 }
        }
        return nil
    }

    // Digests are uniform, so any of their bits will do.
    private static func tag(_ id: TrialID) -> UInt64 { id.digest.prefixBits << 32 }

    private mutating func put(_ entry: UInt64) {
        var slot = Int(entry >> 32) & (slots.count - 1)
        while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
        slots[slot] = entry
    }
}
