import JobContract
import SweepModel

/// What a catalogue holds, as the checker reads it.
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

    /// Every recorded result of every unit: one of each, in a catalogue that does its duty.
    var results: [Unit: [Result]] = [:]
    /// Measures and comparisons that are recorded as failed.
    var failed: Set<Unit> = []
    var states: [TrialID: TrialState] = [:]
    /// How many images a trial saw, and how many different ones, as queries show them.
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

/// A catalogue that outlives its coordinators.
protocol DurableCatalogue: AnyObject {
    /// Tells the catalogue which run it is part of, once and before anything else.
    func isPut(in world: World)
    /// Opens it for a new coordinator, however the last one ended. Throws while another has it open.
    func open() throws -> OpenedCatalogue
    /// What an open catalogue has, and the number of its next attempt: what a new coordinator plans by.
    func plan() throws -> (Holdings, AttemptNumber)
    /// Cancels trials of an open catalogue, or wants them again.
    func cancel(_ trials: [TrialID]) throws
    func retry(_ trials: [TrialID]) throws
    /// Stores another sweep with these trials, and others, in an open catalogue, and removes it.
    func addAndRemove(_ trials: [TrialID]) throws
    /// Takes in results of elsewhere, as `merge` and `adopt` do, and returns the numbers that their attempts have here. A
    /// second time changes nothing. Throws while a coordinator has the catalogue open.
    func merge(_ foreign: ForeignResults) throws -> [AttemptNumber: AttemptNumber]
    /// States that only hosts have; nil where the catalogue cannot be asked. It may also be asked beside a coordinator.
    func statesOnHosts() -> Set<Digest>?
    /// Files of its store that an open catalogue names.
    func referencedFiles() throws -> Set<Digest>
    /// Closes it after its coordinator, however that ended.
    func close()
    /// Another catalogue with the same content, as by copying the files.
    func copy() throws -> any DurableCatalogue
    /// Takes the power away at one of the disk's next calls, or when the coordinator ends: what was written and not synced
    /// is lost or torn. False where the catalogue has no such disk.
    func losePower(afterCalls calls: Int) -> Bool
    /// Lets one of the disk's next calls fail. False where the catalogue has no such disk.
    func failDisk(afterCalls calls: Int) -> Bool
    /// Fills the disk, or makes room again. False where the catalogue has no such disk.
    func fillDisk(_ isFull: Bool) -> Bool
    /// How many calls of the disk have failed.
    var diskFailures: Int { get }
    func contents() throws -> CatalogueContents
    /// What an examination of the file finds; empty when the file is sound.
    func damage() throws -> [String]
}

struct CatalogueRefusal: Error, CustomStringConvertible {
    let description: String
}
