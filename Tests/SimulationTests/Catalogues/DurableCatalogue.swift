import JobContract
import SweepModel

/// What a catalogue holds, for the checker.
struct CatalogueContents {
    struct Result: Hashable {
        let attempt: AttemptNumber
        let given: Given
    }

    /// A result that differs from the one that stands. The catalogue does not say with whom a trial was compared.
    struct Evidence: Hashable {
        let trial: TrialID
        /// The measure; nil for a checkpoint.
        let measure: String?
        let attempt: AttemptNumber
        let found: Given
    }

    /// Every recorded result of every unit: one each, in a catalogue that does its duty.
    var results: [Unit: [Result]] = [:]
    /// Measures and comparisons that could not be taken.
    var failed: Set<Unit> = []
    var states: [TrialID: TrialState] = [:]
    /// Images that a trial saw, and of how many different ones, as queries show them.
    var images: [TrialID: [Int]] = [:]
    var evidence: Set<Evidence> = []
    var openAttempts: [AttemptRecord] = []
}

/// A catalogue as a new coordinator finds it.
struct OpenedCatalogue {
    let writer: any CatalogueWriter
    private(set) var holdings: Holdings
    private(set) var firstAttempt: AttemptNumber
    let generation: Int

    init(writer: any CatalogueWriter, plan: (Holdings, AttemptNumber), generation: Int) {
        self.writer = writer
        (holdings, firstAttempt) = plan
        self.generation = generation
    }

    mutating func replan(_ plan: (Holdings, AttemptNumber)) { (holdings, firstAttempt) = plan }
}

/// A catalogue that coordinators come and go before.
protocol DurableCatalogue: AnyObject {
    /// The run it is part of; told once, before anything else.
    func isPut(in world: World)
    /// Opens it for a new coordinator, whatever became of the last; throws while another has it open.
    func open() throws -> OpenedCatalogue
    /// What is to be done, of an open catalogue.
    func plan() throws -> (Holdings, AttemptNumber)
    /// Takes the wish for trials back, or wants them again; of an open catalogue.
    func cancel(_ trials: [TrialID]) throws
    func retry(_ trials: [TrialID]) throws
    /// Takes in what was made elsewhere, as `merge` and `adopt` do: the numbers that its attempts have here. To do it again
    /// changes nothing. Throws while a coordinator has it open.
    func merge(_ foreign: ForeignResults) throws -> [AttemptNumber: AttemptNumber]
    /// States that are only on hosts; nil where it cannot be asked. Anybody may ask, also beside a coordinator.
    func statesOnHosts() -> Set<Digest>?
    /// What the catalogue names of its store; of an open catalogue.
    func referencedFiles() throws -> Set<Digest>
    /// The coordinator that had it open is gone.
    func close()
    /// Another catalogue with the same content, as by copying the files.
    func copy() throws -> any DurableCatalogue
    /// The power goes with one of the disk's next calls, or with the coordinator's end: what was written and not synced
    /// is lost or torn. False where there is no disk that could.
    func losePower(afterCalls calls: Int) -> Bool
    /// One of the disk's next calls fails; false where there is no disk that could.
    func failDisk(afterCalls calls: Int) -> Bool
    /// The disk is full, or has room again; false where there is no disk that could.
    func fillDisk(_ isFull: Bool) -> Bool
    /// Calls of the disk that failed.
    var diskFailures: Int { get }
    func contents() throws -> CatalogueContents
    /// What an examination of the file finds; empty when it is sound.
    func damage() throws -> [String]
}

struct CatalogueRefusal: Error, CustomStringConvertible {
    let description: String
}
