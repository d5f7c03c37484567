/// Ends a coordinator between two calls of its ports.
final class KillSwitch {
    private var callsLeft: Int?
    private(set) var calls = 0
    private(set) var isDead = false

    init(afterCalls calls: Int?) { callsLeft = calls }

    func tick(_ place: Census.Kind, _ world: World) {
        guard !isDead else { return }
        calls += 1
        guard let left = callsLeft else { return }
        callsLeft = left - 1
        guard left <= 1 else { return }
        isDead = true
        world.census.count(place)
        world.note(place.rawValue)
    }

    func strike() { isDead = true }
}

struct Killed: Error {}
