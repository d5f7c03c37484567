import CPosix
import Glibc
import JobContract

/// Where an allocation keeps its things, in the directory that login node and nodes share. One allocation has it and no
/// other ever: it is a host of its own, which comes once and goes for good.
struct AllocationPlace {
    let name: String
    let agent: AgentPlace
    private var home: String { agent.home }

    init(_ place: RelayPlace, name: String) throws(AgentRefusal) {
        guard AllocationName.isPlain(name) else {
            throw AgentRefusal(.protocolViolation, "\"\(name.prefix(80))\" is no allocation's name")
        }
        self.name = name
        agent = try AgentPlace(directory: place.directory, catalogue: place.catalogue, machine: name)
    }

    /// Says that the allocation is wanted, before the queue hears of it. Without it nothing begins here.
    var intent: String { "\(home)/intent" }
    /// The queue's number for it, once the queue has answered.
    var job: String { "\(home)/job" }
    /// The one pilot that began here, and where.
    var started: String { "\(home)/started" }
    /// Grows by a byte with every beat of the pilot.
    var beat: String { "\(home)/beat" }
    /// The pilot's last word.
    var ended: String { "\(home)/ended" }
    /// The last word of a pilot that leaves nothing to collect.
    static let endedEmpty = "ended empty\n"
    /// Nothing may begin here any more, and what runs is to end at once.
    var closed: String { "\(home)/closed" }
    var sessions: String { "\(home)/sessions" }
    var script: String { "\(home)/script" }
    var output: String { "\(home)/output" }

    /// Names of the allocations of a catalogue that have a place.
    static func all(in place: RelayPlace) throws(AgentRefusal) -> [String] {
        let root = try AgentPlace(directory: place.directory, catalogue: place.catalogue).root
        // A directory that cannot be read now is not one without allocations.
        guard access("\(root)/hosts", R_OK | X_OK) == 0 || errno == ENOENT && access(root, R_OK | X_OK) == 0 else {
            throw Files.refusal("read \(root)/hosts")
        }
        return Files.names(in: "\(root)/hosts").filter { name in
            AllocationName.isPlain(name) && access("\(root)/hosts/\(name)/\(place.catalogue)/intent", F_OK) == 0
        }.sorted()
    }

    /// Removes everything; a pilot that the queue begins later finds no intent.
    func remove() {
        unlink(intent)
        Files.removeTree(home)
        rmdir("\(agent.root)/hosts/\(name)")
        Files.removeTree("\(agent.root)/gpus/\(name)")
    }

    /// What another machine may have changed is looked at anew: an open does that on network file systems.
    static func exists(_ path: String) -> Bool {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        close(descriptor)
        return true
    }

    static func size(of path: String) -> Int {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return 0 }
        defer { close(descriptor) }
        var status = stat()
        return fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
    }

    /// Asks the file system anew what is in a directory, so that later looks for names in it are answered truly.
    static func refresh(_ directory: String) {
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        var status = stat()
        fstat(descriptor, &status)
        close(descriptor)
    }

    /// Makes a file with this content if there is none of its name; false where there is one. Whole or not there, also on
    /// network file systems.
    static func make(_ path: String, _ content: [UInt8], mark: String) throws(AgentRefusal) -> Bool {
        let temporary = "\(path).\(mark)"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Files.refusal("write \(temporary)") }
        defer { unlink(temporary) }
        let isWritten = Files.writeAll(descriptor, content) && fsync(descriptor) == 0
        close(descriptor)
        guard isWritten else { throw Files.refusal("write \(temporary)") }
        if link(temporary, path) == 0 { return true }
        guard errno == EEXIST else { throw Files.refusal("make \(path)") }
        // An answer that was lost, and asked for again, may say that of our own link.
        var status = stat()
        return stat(temporary, &status) == 0 && status.st_nlink == 2
    }
}

/// What the pilot of an allocation says as it begins.
struct PilotNote: Codable {
    var node: String
    /// The queue's number for the job.
    var job: String?
}
