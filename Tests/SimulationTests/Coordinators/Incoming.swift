/// Results of elsewhere that wait until a person can take them in. While a coordinator works the catalogue refuses them,
/// and the person stops the coordinator.
final class Incoming {
    enum Kind { case merge, adoption }

    private var waiting: [ForeignResults] = []
    private var merges = 0

    var isEmpty: Bool { waiting.isEmpty }

    func merge(
        of scenario: Scenario, share: Double, kind: Int, bringsFiles: Bool, into catalogue: any DurableCatalogue,
        _ life: CoordinatorLife?, _ world: World
    ) {
        merges += 1
        bring(
            .init(merges, of: scenario, share: share, kind: kind, bringsFiles: bringsFiles, in: world), to: catalogue,
            life, world)
    }

    func adoption(
        of scenario: Scenario, into catalogue: any DurableCatalogue, _ life: CoordinatorLife?, _ world: World
    ) {
        guard let trial = scenario.sweep.trials.first(where: { $0.id == scenario.adopted }) else { return }
        bring(.init(adopting: trial, in: world), to: catalogue, life, world)
    }

    private func bring(
        _ foreign: ForeignResults, to catalogue: any DurableCatalogue, _ life: CoordinatorLife?, _ world: World
    ) {
        waiting.append(foreign)
        guard let life else { return }
        do {
            _ = try catalogue.merge(foreign)
            world.violation("the catalogue took in results beside its coordinator")
        } catch {
            world.census.count(.mergeRefused)
        }
        life.fleet.post(.stop)
    }

    /// Takes the next results in, between coordinators. Throws when the catalogue cannot be written; then they go on
    /// waiting.
    func takeNext(into catalogue: any DurableCatalogue, _ log: HostLog, _ world: World) throws -> Kind? {
        guard let foreign = waiting.first else { return nil }
        // Files must have come before the catalogue names them.
        if foreign.bringsFiles { for file in foreign.files { world.store.add(file.digest) } }
        let numbers = try catalogue.merge(foreign)
        waiting.removeFirst()
        log.took(foreign, as: numbers, in: world)
        world.note("results of elsewhere are taken in")
        if foreign.isAdoption {
            world.census.count(.adopted)
            world.isSecondLaunched = true
            return .adoption
        }
        world.census.count(.merged)
        if world.random.chance(0.3), try catalogue.merge(foreign) != numbers {
            world.violation("to merge again is something else")
        }
        return .merge
    }
}
