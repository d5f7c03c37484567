import Coordination
import SweepModel

/// The awake clock of a coordinator's machine.
final class SimulatedClock: AwakeClock {
    private let world: World
    private(set) var isAsleep = false
    /// How many nanoseconds the machine has slept in all.
    private var slept: Int64 = 0
    private var sleptAt = Instant(nanoseconds: 0)

    init(_ world: World) { self.world = world }

    func now() -> Instant { awake(isAsleep ? sleptAt : world.now) }

    /// The world's time at which this clock shows `instant`, if its machine does not sleep till then.
    func worldTime(_ instant: Instant) -> Instant { Instant(nanoseconds: instant.nanoseconds + slept) }

    private func awake(_ time: Instant) -> Instant { Instant(nanoseconds: time.nanoseconds - slept) }

    func fallAsleep() {
        isAsleep = true
        sleptAt = world.now
    }

    func wakeUp() {
        isAsleep = false
        slept += world.now.nanoseconds - sleptAt.nanoseconds
    }
}

/// The inbox of a simulated coordinator: waiting for an input lets the world go on.
final class SimulatedInbox: Inbox {
    private let fleet: SimulatedFleet
    private let world: World
    private let kill: KillSwitch
    private let clock: SimulatedClock
    /// Whether another coordinator's waiting drives the world. This one is then called when there is something for it.
    private let isDriven: Bool
    private(set) var deadline: Instant?
    private var sleep: (seconds: Double, linksSurvive: Bool)?

    init(
        _ fleet: SimulatedFleet, _ world: World, _ kill: KillSwitch, _ clock: SimulatedClock, isDriven: Bool
    ) {
        self.fleet = fleet
        self.world = world
        self.kill = kill
        self.clock = clock
        self.isDriven = isDriven
    }

    /// Lets the machine sleep as soon as the coordinator waits.
    func sleep(_ seconds: Double, linksSurvive: Bool) { sleep = (seconds, linksSurvive) }

    func nextWaiting() -> CoordinatorInput? {
        kill.tick(.diedInInbox, world)
        return kill.isDead ? nil : fleet.takeInput()
    }

    func next(before deadline: Instant?) -> CoordinatorInput {
        kill.tick(.diedInInbox, world)
        self.deadline = deadline
        if isDriven { return (kill.isDead ? nil : fleet.takeInput()) ?? .timeout }
        // The last commit took its time, and inputs gathered meanwhile.
        if !kill.isDead, world.random.chance(0.3) {
            world.pass(world.random.seconds(0...2)) { !kill.isDead && sleep == nil }
        }
        while !kill.isDead {
            if let sleep { fallAsleep(sleep.seconds, linksSurvive: sleep.linksSurvive) }
            if let input = fleet.takeInput() { return input }
            if !world.runNext(before: deadline.map(clock.worldTime)) {
                if deadline == nil { world.violation("nothing will ever happen, and the coordinator waits") }
                return .timeout
            }
        }
        return .timeout
    }

    private func fallAsleep(_ seconds: Double, linksSurvive: Bool) {
        sleep = nil
        world.note("the coordinator sleeps for \(seconds)")
        world.census.count(.coordinatorSlept)
        clock.fallAsleep()
        fleet.sleepChanged()
        world.pass(seconds) { !kill.isDead }
        clock.wakeUp()
        fleet.sleepChanged()
        if !linksSurvive { fleet.closeAll() }
    }
}
