import CPosix
import Glibc
import JobContract

/// Where an allocation keeps its things, in the directory that login node and nodes share. No two allocations ever have one
/// place: each is a host of its own, which comes once and goes for good.
struct AllocationPlace {
    let name: String
    let agent: AgentPlace
    private var home: String { agent.home }

    /// - Throws: where the name or the place cannot be one of ours.
    init(directory: String, catalogue: String, name: String) throws(AgentRefusal) {
        guard AllocationName.isPlain(name) else {
            throw AgentRefusal(.protocolViolation, "\"\(name.prefix(80))\" is no allocation's name")
        }
        self.name = name
        agent = try AgentPlace(directory: directory, catalogue: catalogue, machine: name)
    }

    init(_ place: RelayPlace, name: String) throws(AgentRefusal) {
        try self.init(directory: place.directory, catalogue: place.catalogue, name: name)
    }

    /// Stands while the allocation is wanted, from before the queue hears of it. Without it no pilot begins here. Its content
    /// is the `settings`.
    var intent: String { "\(home)/intent" }
    /// Has the queue's number for the job, once the queue has answered.
    var job: String { "\(home)/job" }
    /// Made by the one pilot that may begin here: a `PilotNote`.
    var started: String { "\(home)/started" }
    /// Grows by a byte with every beat of the pilot.
    var beat: String { "\(home)/beat" }
    /// Has the pilot's last word.
    var ended: String { "\(home)/ended" }
    /// The last word of a pilot that leaves nothing to collect.
    static let endedEmpty = "ended empty\n"
    /// Where it stands no pilot begins, and one that runs ends at once.
    var closed: String { "\(home)/closed" }
    /// A folder for each conversation with a coordinator.
    var sessions: String { "\(home)/sessions" }
    /// What the queue's job runs.
    var script: String { "\(home)/script" }
    /// What the queue's job prints.
    var output: String { "\(home)/output" }

    /// What the queue was asked for.
    /// - Throws: where there is no intent, or one that cannot be read.
    func settings() throws -> QueueSettings {
        try JSONText.decode(QueueSettings.self, from: Files.read(intent) ?? [])
    }

    /// Lets no pilot begin any more, and asks one that runs to end.
    func markClosed() throws(AgentRefusal) { try Files.write(Array("closed\n".utf8), to: closed) }

    /// Names of a catalogue's allocations that are wanted, in their order.
    /// - Throws: where the directory cannot be read now, which is not to be taken for one without allocations.
    static func all(in place: RelayPlace) throws(AgentRefusal) -> [String] {
        let root = try AgentPlace(directory: place.directory, catalogue: place.catalogue).root
        guard access("\(root)/hosts", R_OK | X_OK) == 0 || errno == ENOENT && access(root, R_OK | X_OK) == 0 else {
            throw Files.refusal("read \(root)/hosts")
        }
        return Files.names(in: "\(root)/hosts").filter { name in
            AllocationName.isPlain(name) && access("\(root)/hosts/\(name)/\(place.catalogue)/intent", F_OK) == 0
        }.sorted()
    }

    /// Removes everything, the intent first: a pilot that the queue begins later does not find it.
    func remove() {
        unlink(intent)
        Files.removeTree(home)
        rmdir("\(agent.root)/hosts/\(name)")
        Files.removeTree("\(agent.root)/gpus/\(name)")
    }

    // These open a path before they look at it: then a network file system asks its server what other machines changed.

    static func exists(_ path: String) -> Bool {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        close(descriptor)
        return true
    }

    /// Bytes of a file; 0 where there is none.
    static func size(of path: String) -> Int {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return 0 }
        defer { close(descriptor) }
        var status = stat()
        return fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
    }

    /// Makes the file system ask anew what is in a directory, so that later looks for names in it are answered truly.
    static func refresh(_ directory: String) {
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        var status = stat()
        fstat(descriptor, &status)
        close(descriptor)
    }

    /// Makes a file with this content, durably, and returns whether it was this call that made it. The file is whole or not
    /// there, and only one of several machines makes it, on network file systems too.
    /// - Parameter mark: tells those apart that may call at once.
    /// - Throws: where the file can neither be made nor is there.
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
        // A network file system whose answer was lost asks again, and may then find the link that it made.
        var status = stat()
        return stat(temporary, &status) == 0 && status.st_nlink == 2
    }
}

/// What a pilot writes as it begins.
struct PilotNote: Codable {
    /// The node on which it runs.
    var node: String
    /// The queue's number for its job; nil where the queue does not tell it.
    var job: String?
}
