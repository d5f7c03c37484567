import JobContract
import SweepModel

/// What people have done on hosts beside the coordinators.
extension SimulatedHost {
    /// `hosts clean --all`: removes what no attempt needs, of whatever catalogue, and nothing keeps.
    func clean(keeping kept: Set<Digest>) {
        guard isUp else { return }
        let needed = mutant == .cleaningTakesAll ? [] : kept.union(neededFiles)
        let removed = store.retire { !needed.contains($0) }
        world.note("\(name) is cleaned of \(removed) files")
        if removed > 0 { world.census.count(.hostCleaned) }
    }

    /// What attempts read, and what they left.
    private var neededFiles: Set<Digest> {
        var needed: Set<Digest> = []
        for held in agents.flatMap(\.disk.values) {
            needed.formUnion(held.order.description.filesToRead.map(\.digest))
            for entry in held.spool { needed.formUnion(entry.event.files.map(\.digest)) }
            needed.formUnion(held.lines?.files ?? [])
        }
        return needed
    }

    /// `doctor --repair` with the catalogue's lock: attempts that the catalogue does not know as open are given up, and
    /// damaged files put aside.
    func repair(open: Set<AttemptNumber>, of owner: Owner) {
        guard answers, memory?.owner == owner else { return }
        for (number, _) in inOrder where !open.contains(number) || mutant == .repairTakesAll {
            world.note("\(name): \(number) is given up by a repair")
            world.census.count(.strangerReleased)
            receive(.cancel(number), of: owner)
            receive(.release(number), of: owner)
        }
        var found = false
        for file in store.damaged.sorted() where store.putAsideIfDamaged(file) { found = true }
        if found { world.census.count(.damageFoundOnHost) }
    }
}
