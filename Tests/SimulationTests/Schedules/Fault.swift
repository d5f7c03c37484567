/// Something that befalls a run.
enum Fault {
    /// How a worker ends or hangs by itself.
    enum Worker: CaseIterable { case fails, crashes, isKilled, isTerminated, hangs }
    enum Direction: CaseIterable { case toHost, toCoordinator }

    /// What a hostile host says of its attempts, of others' attempts, and of itself.
    enum Lie: CaseIterable {
        /// A result that was not asked for.
        case otherSteps, otherTrial, otherCheckpoint, otherMeasure
        /// Events end at bytes that were told before, or far behind all.
        case offsetBack, offsetJump
        case endTwice, wordsAfterTheEnd, otherFacts, othersResults
    }
    /// What happens to the bytes of a line, or of a frame on its way.
    enum Bytes: CaseIterable {
        case tornLine, damagedLine, cutToHost, cutToCoordinator, damagedToHost, damagedToCoordinator
    }

    /// What befalls a cluster's queue, its jobs and its login node.
    enum Queue {
        /// The queue's commands do not answer, and submissions are taken or not. Afterwards the queue may have forgotten
        /// for a while which jobs run.
        case isMute(seconds: Double, forgets: Bool)
        case refuses(seconds: Double)
        /// Listings lack jobs that run or wait.
        case misses(seconds: Double)
        /// Listings say what was true once.
        case isStale(seconds: Double)
        case relayDeath
        case loginGone(seconds: Double)
        /// A job makes way for another, with so many seconds of warning or with none. Without warning it may be begun
        /// again.
        case preempts(warning: Double?, requeues: Bool)
        /// Somebody ends a job.
        case cancels
        case nodeDies
        /// The queue takes a node for dead that works on.
        case nodeIsForgotten
        /// A node is cut off from the queue and from the directory that all share.
        case nodeIsCutOff(seconds: Double)
    }

    case queue(Queue)
    case cut(host: Int, seconds: Double)
    /// Everything on the link takes longer.
    case slowLink(host: Int, seconds: Double, delay: Double)
    /// Nothing gets through one way; connections notice after their keepalive's patience.
    case oneWayLoss(host: Int, seconds: Double, Direction)
    case agentDeath(host: Int, seconds: Double)
    /// An agent that speaks another protocol serves the host.
    case otherAgent(host: Int, seconds: Double)
    /// The agent's program is an older build: it is replaced as soon as nothing runs.
    case olderAgent(host: Int)
    /// The next worker on the host is of another release.
    case otherWorker(host: Int)
    case reboot(host: Int, seconds: Double, losesDisk: Bool)
    /// Everything on the host stands still.
    case freeze(host: Int, seconds: Double)
    case worker(host: Int, Worker)
    case fullDisk(host: Int, seconds: Double)
    /// A file that an event names cannot be fetched.
    case lostFile(host: Int)
    /// Files of the coordinator's store, or of a host's, are damaged where they lie, each with this chance.
    case damagedFiles(host: Int?, share: Double)
    /// When the host connects again, it tells of attempts that it does not have, and of ends of others' attempts.
    case lies(host: Int)
    /// Every job on the host fails at once for so many seconds; its worker can still describe itself, or not.
    case brokenHost(host: Int, seconds: Double, describes: Bool)
    /// A person takes in what another catalogue has of the sweep: this share of it, by workers of one kind of bits, with
    /// its files or without. The coordinator that works is stopped for that.
    case merge(share: Double, kind: Int, files: Bool)
    /// A person adopts the scenario's network, and wants it measured.
    case adopt
    case lie(host: Int, Lie)
    /// Another catalogue, of the same trainings, is put to work on the same hosts; its coordinator dies after a while, and
    /// another goes on.
    case neighbour(seconds: Double)
    /// Somebody has all hosts cleaned of what nothing needs.
    case cleaning
    /// Somebody has the catalogue repaired: a coordinator that works refuses that, and it is tried again when that has
    /// ended.
    case repair
    /// A worker dies as it writes a line, or the next line or frame is cut or damaged.
    case bytes(host: Int, Bytes)
    /// Another sweep is launched, on the catalogue and the hosts of the first.
    case launch
    /// A person drains a host and lets it work again after a while.
    case drain(host: Int, seconds: Double)
    /// A person takes a host out of the hosts file and puts it back after a while; each time the run begins anew.
    case unlisted(host: Int, seconds: Double)
    /// A person cancels the trials of a training and wants them again after a while.
    case cancelling(training: Int, seconds: Double)
    /// A person launches another sweep with this share of the trials, and removes it.
    case removal(share: Double)
    case coordinatorStop
    case coordinatorDeath
    /// The coordinator's machine sleeps: its awake clock stands still.
    case coordinatorSleep(seconds: Double, linksSurvive: Bool)
    /// The coordinator's machine loses its power: what was not synced is gone or torn.
    case powerLoss(afterCalls: Int)
    /// The coordinator's disk is full: commits fail, and so do later coordinators' starts.
    case fullCatalogue(seconds: Double)
    /// One of the next calls of the catalogue's disk fails.
    case diskError(afterCalls: Int)
    /// The coordinator's store cannot take a file.
    case fullStore(seconds: Double)
    /// Someone sets the coordinator's date.
    case wallClockJump(seconds: Double)
    /// Another coordinator is started on the same catalogue by mistake.
    case secondCoordinator
    /// Another coordinator works on a copy of the catalogue for so many seconds.
    case copiedCatalogue(seconds: Double)
}
