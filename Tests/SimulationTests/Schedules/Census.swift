/// How often each kind of fault happened, and each state that only faults lead to was seen. A fault that found nothing
/// to hit does not count.
struct Census {
    private(set) var counts: [String: Int] = [:]

    mutating func count(_ kind: Kind) { counts[kind.rawValue, default: 0] += 1 }
    mutating func add(_ other: Census) { counts.merge(other.counts, uniquingKeysWith: +) }
    subscript(kind: Kind) -> Int { counts[kind.rawValue] ?? 0 }

    /// The kinds that never happened.
    var missing: [Kind] { Kind.allCases.filter { self[$0] == 0 } }

    enum Kind: String, CaseIterable {
        case linkDropped = "link dropped"
        case linkSlow = "link slow"
        case lossToHost = "loss towards the host"
        case lossToCoordinator = "loss towards the coordinator"
        case commandLate = "command after its connection's end"
        case commandTwice = "command twice"
        case reportTwice = "report twice"
        case startOvertaken = "start overtaken by its cancel or release"
        case eventOvertaken = "event overtaken by a later report"
        case agentDied = "agent died"
        case agentReplaced = "agent replaced"
        case agentRefused = "agent of another version refused"
        case workerRefused = "worker of another version"
        case hostRebooted = "host rebooted"
        case hostLostDisk = "host lost its disk"
        case hostFroze = "host stood still"
        case hostOutOfReach = "host out of reach for a lease"
        case hostDiskFull = "host's disk full"
        case fileLost = "file not fetched"
        case filesDamaged = "stored files damaged"
        case damageFound = "damaged file found in the store"
        case damageFoundOnHost = "damaged file found on a host"
        case fileNowhere = "order without its file"
        case broughtFromHost = "lost file brought from a host"
        case trainedAgain = "lost milestone waits again"
        case workerFailed = "worker failed"
        case workerCrashed = "worker crashed"
        case workerKilled = "worker killed"
        case workerTerminated = "worker terminated"
        case workerHung = "worker hung"
        case hostDrained = "host drained"
        case trialsCancelled = "trials cancelled and wanted again"
        case replanned = "run planned anew"
        case coordinatorStopped = "coordinator stopped"
        case diedInInbox = "coordinator killed waiting"
        case diedBeforeCommit = "coordinator killed before a commit"
        case diedAfterCommit = "coordinator killed after a commit"
        case diedBeforeSend = "coordinator killed before a send"
        case coordinatorSlept = "coordinator slept"
        case powerLost = "coordinator lost power"
        case piecesLost = "unsynced writes lost with the power"
        case catalogueFull = "catalogue's disk full"
        case diskFailed = "catalogue's disk failed"
        case storeFull = "store full"
        case clockJumped = "wall clock jumped"
        case secondRefused = "second coordinator refused"
        case copyFenced = "copied catalogue fenced off"
        case ownerKept = "host kept by who works with it"
        case originalFenced = "original fenced off by a copy"
        case twoAlive = "two attempts of a job alive"
        case stateKept = "state kept on its host"
        case resumedFromState = "training continued from a state"
        case lateBacklog = "backlog begun after the lease"
        case hostBroken = "jobs failed at once on a broken host"
        case probePassed = "probe described itself"
        case probeFailed = "probe failed"
        case ranAfterKill = "killed job run again"
        case ranAloneAfterKill = "killed job run again, alone on two slots"
        case revoked = "waiting attempt revoked"
        case revokedTooLate = "revoked as it had begun"
        case launchedMidRun = "second sweep launched mid-run"
        case trainingExtended = "launched sweep asked more of a training"
    }
}
