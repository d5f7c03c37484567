import JobContract
import SweepModel

/// What people do to hosts beside the coordinators.
extension SimulatedHost {
    /// Cleans as `hosts clean --all` does: removes files that no attempt of any catalogue needs and that are not in `kept`.
    func clean(keeping kept: Set<Digest>) {
        guard isUp else { return }
        let needed = mutant == .cleaningTakesAll ? [] : kept.union(neededFiles)
        let removed = store.retire { !needed.contains($0) }
        world.note("\(name) is cleaned of \(removed) files")
        if removed > 0 { world.census.count(.hostCleaned) }
    }

    /// Files that attempts read or have left.
    private var neededFiles: Set<Digest> {
        var needed: Set<Digest> = []
        for held in agents.flatMap(\.disk.values) {
            needed.formUnion(held.order.description.filesToRead.map(\.digest))
            for entry in held.spool { needed.formUnion(entry.event.files.map(\.digest)) }
            needed.formUnion(held.lines?.files ?? [])
        }
        return needed
    }

    /// Repairs as `doctor --repair` does with the catalogue's lock: gives up attempts that the catalogue does not know as
    /// open, and puts damaged files aside.
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
