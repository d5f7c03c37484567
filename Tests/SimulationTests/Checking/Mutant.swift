import JobContract
import Scheduling
import SweepModel

/// Ways to break what the design promises, one at a time. The checker must notice each.
enum Mutant: CaseIterable {
    case none
    /// Results reach the disk only after their acknowledgement is sent.
    case acknowledgesBeforeCommit
    /// Intents reach the disk only after the start is sent.
    case intentIsNotDurable
    /// A result that comes again for the same unit is recorded again.
    case doesNotDeduplicate
    /// Every coordinator counts its attempts from one.
    case numbersRestart
    /// A host's jobs go to others after five seconds of silence.
    case leasesAreShort
    /// A host's jobs never go to others.
    case leasesNeverExpire
    /// Hosts serve every coordinator that calls: older ones, and those of copied catalogues.
    case fencingIsMissing
    /// Hosts change over to a copy of the catalogue while they work for the original.
    case ownerIsNotKept
    /// Two coordinators may write one catalogue.
    case lockIsMissing
    /// The coordinator's disk says that it synced and does not.
    case diskLies
    /// A host that gets an order again begins it again.
    case startsTwice
    /// A host takes stored files for whole without reading them.
    case damageIsTrusted
    /// An order whose file is lost counts against its host, and is given again.
    case lossIsTheHostsFault
    /// A number that a host claims to have counts as one that was given.
    case hostsNumbersCount

    /// The catalogue forgets that a measure could not be taken.
    case failuresAreForgotten

    /// Workers believe the files in their host's store.
    case inputsAreBelieved
    /// Of a training's states the coordinator keeps only the longest.
    case longestStateAlone
    /// Hosts that left the hosts file get jobs.
    case leftHostsAreUsed
    /// Jobs go to hosts without the memory and tags that they need.
    case needsAreIgnored
    /// The catalogue forgets how the loss went.
    case lossesAreForgotten
    /// A result that differs from the one that stands leaves no evidence.
    case evidenceIsForgotten
    /// A later result takes the place of the first.
    case lastResultStands
    /// The catalogue forgets the files that a measure leaves for people.
    case artifactsAreForgotten
    /// A measure is recorded before its files have come.
    case artifactsAreNotFetched
    /// Every row of a measure gets as many images as the first has.
    case countsAreOfTheFirst
    /// Progress that counts images is taken to count steps.
    case imagesAreSteps
    /// The removal of a sweep takes trials that another lists.
    case removalTakesShared
    /// A merge gives attempts the numbers that they have elsewhere.
    case mergeKeepsNumbers
    /// A merge takes measures of other weights for measures of those that stand.
    case mergeTakesMeasuresOfOthers
    /// A merge adds a result to the one that stands.
    case mergeDoubles
    /// A merge goes on beside a coordinator.
    case mergeIgnoresTheLock
    /// Every network of a comparison is taken for one of the first one's training.
    case othersAreTheFirst
    /// A line that its worker died over is taken for the line that it was to become.
    case tornLinesCount
    /// The next connection goes on with a frame that the last one cut off.
    case cutFramesGoOn
    /// A line with a damaged byte is read as it may have been.
    case damagedBytesPass

    /// A result that was not asked for is taken for one that was.
    case unaskedResultsCount
    /// The coordinator believes what a host says of any attempt, whosever it is.
    case anyHostIsBelieved

    /// Cleaning removes files that attempts and the catalogue need.
    case cleaningTakesAll
    /// A repair gives up attempts that nobody has collected.
    case repairTakesAll

    /// An agent holds attempts of two catalogues under their numbers alone.
    case cataloguesAreMixed

    /// A submission whose fate is unknown is followed by another for the same seat.
    case submissionIsRepeated
    /// An allocation that one listing lacks counts as over.
    case listingIsBelieved

    /// Whether only the real catalogue can show the mutant.
    var isOfTheCatalogue: Bool { self == .diskLies || self == .longestStateAlone }

    func delays(_ change: CatalogueChange) -> Bool {
        switch (self, change) {
        case (.acknowledgesBeforeCommit, .milestone), (.acknowledgesBeforeCommit, .measured): true
        case (.intentIsNotDurable, .attemptIntended): true
        default: false
        }
    }

    /// A change as the mutant lets it reach the catalogue.
    func recorded(_ change: CatalogueChange) -> CatalogueChange {
        switch (self, change) {
        case (.lossesAreForgotten, .milestone(let training, let trial, let attempt, var checkpoint)):
            checkpoint.losses = nil
            return .milestone(training, trial, attempt, checkpoint)
        case (.countsAreOfTheFirst, .measured(let attempt, var measured)):
            for row in measured.rows.indices { measured.rows[row].n = measured.rows[0].n }
            return .measured(attempt, measured)
        case (.artifactsAreForgotten, .measured(let attempt, var measured)):
            measured.artifacts = []
            return .measured(attempt, measured)
        default: return change
        }
    }

    /// A worker's progress as the mutant lets it reach the coordinator.
    func told(_ progress: WorkerEvent.Progress) -> WorkerEvent.Progress {
        guard self == .imagesAreSteps else { return progress }
        var progress = progress
        progress.unit = "steps"
        return progress
    }

    /// What the mutant reads in a line that is no event.
    func event(in line: [UInt8]) -> WorkerEvent? {
        guard self == .damagedBytesPass else { return nil }
        return WorkerEvent(line: line.map { $0 < 32 || $0 == 0xFF ? UInt8(ascii: "0") : $0 })
    }

    /// An event of an attempt with this order, as the mutant takes it.
    func taken(_ event: WorkerEvent, of job: JobDescription) -> WorkerEvent {
        guard self == .unaskedResultsCount else { return event }
        switch (event, job.task) {
        case (.checkpoint(var checkpoint), .train(let task))
        where checkpoint.milestone && !task.milestones.contains(checkpoint.steps):
            checkpoint.steps = task.milestones[0]
            return .checkpoint(checkpoint)
        case (.measure(var measured), .measure(let task))
        where measured.trial != task.trial || !task.measures.contains(measured.request)
            || measured.checkpoint != task.checkpoint:
            (measured.trial, measured.request, measured.checkpoint) = (task.trial, task.measures[0], task.checkpoint)
            return .measure(measured)
        default: return event
        }
    }

    /// Faults that show the mutant soonest.
    var provocation: [Fault] {
        switch self {
        case .diskLies: [.powerLoss(afterCalls: 1), .powerLoss(afterCalls: 10)]
        case .submissionIsRepeated:
            (0..<6).flatMap { _ in [.queue(.isMute(seconds: 20, forgets: false)), .queue(.relayDeath)] }
        case .listingIsBelieved: (0..<4).map { _ in .queue(.misses(seconds: 60)) }
        case .lockIsMissing: Array(repeating: .secondCoordinator, count: 4)
        case .damageIsTrusted, .lossIsTheHostsFault:
            (0..<8).map { .damagedFiles(host: $0 % 2 == 0 ? nil : 0, share: 1) }
        case .inputsAreBelieved: (0..<30).map { _ in .damagedFiles(host: 0, share: 1) }
        case .longestStateAlone: (0..<4).map { _ in .cut(host: 0, seconds: 1000) }
        case .evidenceIsForgotten, .lastResultStands: (0..<6).map { _ in .cut(host: 0, seconds: 1200) }
        case .mergeTakesMeasuresOfOthers: (0..<4).map { .merge(share: 0.7, kind: $0 % 3, files: true) }
        case .mergeKeepsNumbers, .mergeDoubles, .mergeIgnoresTheLock: [.merge(share: 0.7, kind: 0, files: true)]
        case .removalTakesShared: (0..<6).map { _ in .removal(share: 1) }
        case .leftHostsAreUsed: [.unlisted(host: 0, seconds: 300)]
        case .fencingIsMissing, .ownerIsNotKept: Array(repeating: .copiedCatalogue(seconds: 600), count: 2)
        case .hostsNumbersCount: (0..<6).flatMap { _ in [.lies(host: 0), .coordinatorDeath] }
        case .unaskedResultsCount:
            (0..<8).map { .lie(host: 0, Fault.Lie.allCases[$0 % 4]) }
        case .anyHostIsBelieved: (0..<8).map { _ in .lie(host: 0, .othersResults) }
        case .cleaningTakesAll: Array(repeating: .cleaning, count: 10)
        case .repairTakesAll: (0..<6).flatMap { _ in [.repair, .coordinatorDeath] }
        case .cataloguesAreMixed: [.neighbour(seconds: 100)]
        case .tornLinesCount: (0..<6).map { _ in .bytes(host: 0, .tornLine) }
        case .cutFramesGoOn:
            (0..<6).map { .bytes(host: 0, $0 % 2 == 0 ? .cutToHost : .cutToCoordinator) }
        case .damagedBytesPass:
            (0..<6).map { .bytes(host: 0, $0 % 2 == 0 ? .damagedLine : .damagedToCoordinator) }
        default: []
        }
    }

    /// The first number of a coordinator's own attempts, after all that its catalogue knows.
    func first(_ first: AttemptNumber, _ log: HostLog) -> AttemptNumber {
        switch self {
        case .numbersRestart: AttemptNumber(1)
        case .hostsNumbersCount: max(first, AttemptNumber(log.claimed + 1))
        default: first
        }
    }

    /// The hosts as the mutant's coordinator sees them.
    func hosts(_ hosts: [HostSpec], needs: JobNeeds) -> [HostSpec] {
        guard self == .needsAreIgnored else { return hosts }
        return hosts.map {
            HostSpec(name: $0.name, transport: $0.transport, slots: $0.slots, memory: 1 << 50, tags: needs.tags)
        }
    }

    /// An order as the mutant's coordinator sends it.
    func order(_ order: StartOrder) -> StartOrder {
        guard self == .othersAreTheFirst else { return order }
        var order = order
        for index in (order.description.otherTrainings ?? []).indices {
            order.description.otherTrainings?[index].spec = order.description.spec
        }
        return order
    }

    var policy: SchedulingPolicy {
        var policy = SchedulingPolicy()
        if self == .leasesAreShort { policy.leaseSeconds = 5 }
        if self == .leasesNeverExpire { policy.leaseSeconds = 1e8 }
        return policy
    }
}
