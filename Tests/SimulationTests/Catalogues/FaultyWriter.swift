import SweepModel

/// The catalogue with the faults that a coordinator may meet: commits fail, and death comes before or after them.
final class FaultyWriter: CatalogueWriter {
    /// Nil once the coordinator is gone, so that nothing keeps the catalogue open.
    private var writer: (any CatalogueWriter)?
    private let kill: KillSwitch
    private let mutant: Mutant
    private let world: World
    private let log: HostLog
    private let owner: Owner
    private let failure: () -> String?
    /// Changes that a mutant was told to commit and has not committed yet.
    private var held: [CatalogueChange] = []

    init(
        _ writer: any CatalogueWriter, _ kill: KillSwitch, _ mutant: Mutant, _ world: World, _ log: HostLog,
        _ owner: Owner, failure: @escaping () -> String?
    ) {
        self.writer = writer
        self.kill = kill
        self.mutant = mutant
        self.world = world
        self.log = log
        self.owner = owner
        self.failure = failure
    }

    func commit(_ changes: [CatalogueChange]) throws {
        kill.tick(.diedBeforeCommit, world)
        if kill.isDead { throw Killed() }
        if let reason = failure() { throw CatalogueRefusal(description: reason) }
        let changes = changes.map(mutant.recorded)
        let late = changes.filter(mutant.delays)
        let now = held + changes.filter { !mutant.delays($0) }
        held = late
        if !now.isEmpty { try record(now) }
        kill.tick(.diedAfterCommit, world)
        if kill.isDead { throw Killed() }
    }

    func flush() throws {
        guard !held.isEmpty else { return }
        try record(held)
        held = []
    }

    private func record(_ changes: [CatalogueChange]) throws {
        do { try writer?.commit(changes) } catch {
            log.reached(owner, changes, isSure: false, in: world)
            throw error
        }
        log.reached(owner, changes, isSure: true, in: world)
    }

    func letGo() { writer = nil }
}
