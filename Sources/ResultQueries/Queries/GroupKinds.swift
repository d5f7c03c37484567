/// Where numbers belong in a table of groups. Trials that agree in the keys grouped by are one group; so are comparisons
/// whose trials have the same values of these keys and differ in the same keys.
package struct GroupKinds {
    /// Where the numbers of one block go.
    package struct Belonging {
        /// The number of its group, which is a row of the table.
        package var group: Int32
        /// The number of its place: trials, or comparisons, that only replication tells apart.
        package var place: Int32
        /// The subset or comparison that a number is a fact of; −1: its trial's alone.
        package var unit: Int32 = -1
    }

    private let trials: TrialKeys
    private let codes: [Int32]
    /// For each group, the trials whose values of the keys are shown.
    private var rows: [[Int32]]
    private let singles: Int32
    /// Groups and places of comparisons, by their trials' groups or places and what these differ in.
    private var groups: [[String]: Int32] = [:]
    private var places: [[String]: Int32] = [:]
    private var units: [[Int32]: Int32] = [:]
    private var known: [Int32: (ofNetworks: Belonging, ofSubset: Belonging)] = [:]
    /// The trials of each unit of a comparison, or the numbers of their subsets.
    package private(set) var members: [[Int32]] = []

    package init(_ trials: TrialKeys, _ keys: [String], _ comparisons: ComparedTrials) {
        self.trials = trials
        let found = trials.groups(by: keys)
        codes = found.codes
        rows = found.first.map { [Int32($0)] }
        singles = Int32(found.count)
        for number in comparisons.members.indices { learn(Int32(number), comparisons.members[number]) }
    }

    func rows(of group: Int32) -> [Int32] { rows[Int(group)] }
    func isOfComparisons(_ group: Int32) -> Bool { group >= singles }

    package func belonging(of block: MeasurementBlock, isOfSubset: Bool) -> Belonging {
        if let known = known[block.comparison] { return isOfSubset ? known.ofSubset : known.ofNetworks }
        let row = block.trial
        return isOfSubset
            ? Belonging(group: codes[row], place: trials.subsetPlaces[row], unit: trials.subsets[row])
            : Belonging(group: codes[row], place: trials.places[row])
    }

    private mutating func learn(_ comparison: Int32, _ trialsOf: [Int32]) {
        let difference = trials.differing(trialsOf)
        func names(_ numbers: [Int32]) -> [String] { difference + [""] + numbers.sorted().map(String.init) }
        let name = names(Array(Set(trialsOf.map { codes[Int($0)] })))
        let group = groups[name] ?? Int32(rows.count)
        if Int(group) == rows.count {
            groups[name] = group
            rows.append(trialsOf)
        }
        func place(_ name: [String]) -> Int32 {
            let place = places[name] ?? Int32(places.count)
            places[name] = place
            return place
        }
        func unit(_ members: [Int32]) -> Int32 {
            let unit = units[members] ?? Int32(self.members.count)
            if Int(unit) == self.members.count {
                units[members] = unit
                self.members.append(members)
            }
            return unit
        }
        // Rows and numbers of subsets are kept apart by what leads them.
        let subsets = Set(trialsOf.map { trials.subsets[Int($0)] }).sorted()
        known[comparison] = (
            Belonging(
                group: group, place: place(names(trialsOf.map { trials.places[Int($0)] })), unit: unit(trialsOf)),
            Belonging(
                group: group, place: place(["of subsets"] + names(trialsOf.map { trials.subsetPlaces[Int($0)] })),
                unit: unit(subsets.map { -1 - $0 }))
        )
    }
}
