import CPosix
import ContentStore
import Glibc
import JobContract

/// Starts workers: own process group, an environment that says everything, standard output straight to the event file.
struct WorkerLauncher {
    let store: ContentStore
    /// Where programs are looked for.
    private let path: String
    /// `NAME=value` of every variable, each ended by a zero, and how many these are.
    private let variables: String
    private let variableCount: Int
    private let givesGPUs: Bool

    /// - Parameters:
    ///   - environment: added to, and before, the ordinary environment.
    ///   - givesGPUs: whether each attempt is told which GPUs it has.
    init(store: ContentStore, environment: [String: String], givesGPUs: Bool = false) {
        self.store = store
        self.givesGPUs = givesGPUs
        var settings = Self.environment(environment)
        if givesGPUs { for name in GPUVariables.all { settings[name] = nil } }
        path = settings["PATH"] ?? ""
        variables = settings.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)\0" }.joined()
        variableCount = settings.count
    }

    /// What a worker's environment is, but for what its attempt adds.
    static func environment(_ added: [String: String]) -> [String: String] {
        var settings = ["PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C"]
        if let home = getenv("HOME") { settings["HOME"] = String(cString: home) }
        settings.merge(added) { _, new in new }
        settings[Leftovers.variable] = nil
        return settings
    }

    /// The started process, or why there is none.
    func start(
        _ order: AgentOrder, in directory: AttemptDirectory, having grant: GPUPool.Grant?
    ) throws(AgentRefusal) -> pid_t {
        for (name, digest) in order.uploads { try Self.place(digest, of: store, as: "\(directory.work)/\(name)") }
        let job = order.text.placed(inStore: store.directory)
        let input = posix_memory_file(job, job.count)
        let flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW
        let output = open(directory.events, flags, 0o600)
        let errors = open(directory.errors, flags, 0o600)
        defer { for descriptor in [input, output, errors] where descriptor >= 0 { close(descriptor) } }
        guard input >= 0, output >= 0, errors >= 0 else { throw Files.refusal("open the attempt's files") }
        var command = order.command
        if grant != nil, let program = order.onDevice { command[0] = "./\(program)" }
        let path = Self.program(command[0], in: directory.work, path: self.path)
        let list = command.map { $0 + "\0" }.joined()
        let gpus = givesGPUs ? GPUVariables.settings(for: grant?.gpus ?? []) : [:]
        let added = gpus.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)\0" }.joined()
        let variables = "\(variables)\(added)\(Leftovers.variable)=\(directory.path)\0"
        let kept = grant?.locks ?? []
        var pid: pid_t = 0
        let rc = path.withCString { path in
            list.withCString { list in
                variables.withCString { variables in
                    directory.work.withCString { work in
                        var program = posix_program(
                            path: path, arguments: list, argument_count: command.count,
                            environment: variables, environment_count: variableCount + gpus.count + 1, directory: work,
                            input: input, output: output, error: errors, own_session: 0)
                        return posix_start_program_keeping(&program, kept, kept.count, &pid)
                    }
                }
            }
        }
        guard rc == 0 else {
            throw AgentRefusal(.spawnFailed, "cannot start \(path): \(String(cString: strerror(rc)))")
        }
        return pid
    }

    /// A program by path, by the name of an upload, or by PATH.
    static func program(_ name: String, in work: String, path: String) -> String {
        if name.contains("/") { return name }
        if access("\(work)/\(name)", X_OK) == 0 { return "\(work)/\(name)" }
        return path.split(separator: ":").map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 } ?? name
    }

    /// The most bytes of a file that is copied for each attempt.
    private static let mostCopied = 4 << 20

    /// Places stored content under a name, executable and not writable: as a file of the attempt's own, so that a job which
    /// changes it changes no other job's. Only a large one, where the file system cannot share content, is another name of
    /// the stored file; what a job did to that is noticed before the next attempt begins.
    static func place(_ digest: Digest, of store: ContentStore, as path: String) throws(AgentRefusal) {
        let stored = store.path(of: digest)
        var status = stat()
        guard stat(stored, &status) == 0 else {
            throw AgentRefusal(.spawnFailed, "the file \(digest.short) is no longer in the store \(store.directory)")
        }
        // A start that was tried before may have left it.
        unlink(path)
        if Files.cloneOrCopy(stored, to: path, most: mostCopied) {
            guard chmod(path, 0o555) == 0 else { throw Files.refusal("place \(path)") }
            return
        }
        unlink(path)
        if status.st_mode & 0o111 != 0o111, access(stored, X_OK) != 0 { chmod(stored, 0o555) }
        if link(stored, path) == 0 { return }
        guard Files.copy(stored, to: path), chmod(path, 0o555) == 0 else {
            throw Files.refusal("place \(path)")
        }
    }
}

extension Files {
    /// Copies content to a new file; content of more than `most` bytes only where the file system shares it.
    static func cloneOrCopy(_ source: String, to target: String, most: Int) -> Bool {
        copy(source, to: target) { input, output in
            if posix_clone_content(input, output) == 0 { return true }
            var status = stat()
            return fstat(input, &status) == 0 && status.st_size <= most && copyContent(input, output)
        }
    }

    /// Copies content to a new file.
    static func copy(_ source: String, to target: String) -> Bool { copy(source, to: target, copyContent) }

    private static func copy(_ source: String, to target: String, _ copies: (Int32, Int32) -> Bool) -> Bool {
        let input = openRegular(source)
        guard input >= 0 else { return false }
        defer { close(input) }
        let output = open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard output >= 0 else { return false }
        defer { close(output) }
        return copies(input, output)
    }

    private static func copyContent(_ input: Int32, _ output: Int32) -> Bool {
        var piece = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = Glibc.read(input, &piece, piece.count)
            if count == 0 { return true }
            guard count > 0, writeAll(output, Array(piece[..<count])) else { return false }
        }
    }
}
