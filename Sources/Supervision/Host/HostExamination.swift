import CPosix
import Glibc
import JobContract

/// Tries out what running jobs in a directory needs: by doing it, not by asking the system whether it could be done.
struct HostExamination {
    private let request: ExaminationRequest
    private let place: AgentPlace
    /// A directory for this examination's own files.
    private let bench: String

    init(_ request: ExaminationRequest) throws(AgentRefusal) {
        self.request = request
        place = try AgentPlace(directory: request.directory, catalogue: "none")
        bench = "\(place.root)/hosts/\(place.machine)/check-\(getpid())"
    }

    func run() throws(AgentRefusal) -> ExaminationReport {
        var findings = directory()
        if findings.isEmpty {
            findings += permissions() + writing() + running() + locking() + listening()
            Files.removeTree(bench)
        }
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let existing = existingDirectory
        let gpus = gpus(&findings)
        let others = Files.names(in: "\(place.root)/hosts").filter { $0 != place.machine && $0.utf8.count == 32 }
        let left = request.left.map { ProcessIdentity(boot: $0.boot, pid: $0.pid, start: $0.start) }
        let lives = left?.isAlive
        if let left, lives == true { kill(left.pid, SIGKILL) }
        return ExaminationReport(
            machine: place.machine, directory: place.root, cores: HostSurvey.processors(),
            memory: HostSurvey.memory(), availableMemory: HostSurvey.memory("MemAvailable:"), cpu: HostSurvey.cpu(),
            clock: posix_wall_seconds(), free: HostSurvey.free(existing), freeFiles: HostSurvey.freeFiles(existing),
            descriptors: OutsideValues.bytes(Int(clamping: limit.rlim_cur)), otherMachines: others.sorted(),
            findings: findings,
            left: request.left == nil ? leaveProcess() : nil, leftLives: lives, gpus: gpus)
    }

    private func gpus(_ findings: inout [ExaminationReport.Finding]) -> [GPUFacts]? {
        guard let choice = request.gpus else { return nil }
        let survey = GPUSurvey(environment: request.environment ?? [:])
        let (gpus, missing) = survey.chosen(choice)
        findings += missing.map { .init(.gpus, $0) }
        if gpus.isEmpty, missing.isEmpty { findings.append(.init(.gpus, "no GPU is found there")) }
        let users = GPUUsers.of(gpus)
        return gpus.map { $0.facts(users: users[$0.id] ?? []) }
    }

    /// The directory, or what there is of the way to it.
    private var existingDirectory: String {
        var path = place.root
        while access(path, F_OK) != 0, let slash = path.lastIndex(of: "/"), slash != path.startIndex {
            path = String(path[..<slash])
        }
        return path
    }

    private func directory() -> [ExaminationReport.Finding] {
        do throws(AgentRefusal) {
            try Files.makeDirectory(bench)
            return []
        } catch {
            return [.init(error.kind == .noSpace ? .noSpace : .directory, error.message)]
        }
    }

    /// The directory itself is for the account alone; what is in it cannot be reached by others then.
    private func permissions() -> [ExaminationReport.Finding] {
        var status = stat()
        guard stat(place.root, &status) == 0 else { return [] }
        let mode = status.st_mode & 0o7777
        guard mode & 0o077 != 0 else { return [] }
        let words = "\(place.root) had the mode \(String(mode, radix: 8)): others of this host could look into it"
        guard chmod(place.root, mode & 0o700) == 0 else {
            return [.init(.permissions, "\(words), and it belongs to another account")]
        }
        return [.init(.permissionsRepaired, words)]
    }

    /// A quota shows only when one writes.
    private func writing() -> [ExaminationReport.Finding] {
        let path = "\(bench)/room"
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return [complaint(.directory, "write \(path)")] }
        defer {
            close(descriptor)
            unlink(path)
        }
        let piece = [UInt8](repeating: 0x5a, count: 1 << 20)
        var wanted = min(request.room, 16 << 20)
        if posix_reserve(descriptor, off_t(request.room)) != 0 {
            guard errno == EOPNOTSUPP || errno == ENOSYS else {
                return [complaint(.noSpace, "write \(request.room >> 20) MiB to \(place.root)")]
            }
        }
        while wanted > 0 {
            guard Files.writeAll(descriptor, piece) else { return [complaint(.noSpace, "write to \(place.root)")] }
            wanted -= piece.count
        }
        return fsync(descriptor) == 0 ? [] : [complaint(.noSpace, "write to \(place.root)")]
    }

    private func running() -> [ExaminationReport.Finding] {
        let path = "\(bench)/program"
        do throws(AgentRefusal) {
            try Files.write(SmallestProgram.bytes, to: path, durably: false)
            chmod(path, 0o700)
            let ended = try PosixProgram(path: path, arguments: [path], environment: []).run(seconds: 10)
            if ended.isLate { return [.init(.noexec, "a program in \(place.root) had not ended after 10 s")] }
            return ended.code == 0 ? [] : [.init(.noexec, "a program in \(place.root) ended with \(ended.code)")]
        } catch { return [.init(.noexec, error.message)] }
    }

    private func locking() -> [ExaminationReport.Finding] {
        let descriptor = open("\(bench)/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        defer { close(descriptor) }
        guard descriptor >= 0, flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            return [complaint(.locks, "lock a file in \(place.root)")]
        }
        return []
    }

    private func listening() -> [ExaminationReport.Finding] {
        let descriptor = open(bench, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        let listener = posix_listen_local("/proc/self/fd/\(descriptor)/sock")
        guard listener >= 0 else { return [complaint(.sockets, "make a socket in \(place.root)")] }
        close(listener)
        return []
    }

    private func complaint(
        _ complaint: ExaminationReport.Complaint, _ doing: String
    ) -> ExaminationReport.Finding {
        let refusal = Files.refusal(doing)
        return .init(complaint == .noSpace && refusal.kind != .noSpace ? .directory : complaint, refusal.message)
    }

    /// A process in a session of its own, as an agent is: whether it outlives the login shows later.
    private func leaveProcess() -> ProcessName? {
        let program = PosixProgram(path: "/proc/self/exe", arguments: ["eigensweep-agent", "linger"], environment: [])
        guard let pid = try? program.start(ownSession: true), let identity = ProcessIdentity(of: pid) else {
            return nil
        }
        return ProcessName(boot: identity.boot, pid: identity.pid, start: identity.start)
    }
}

/// An executable that ends at once with 0 and needs nothing: whether a directory lets programs run.
enum SmallestProgram {
    static let bytes: [UInt8] = {
        let code: [UInt8] = [0x31, 0xff, 0xb8, 0x3c, 0, 0, 0, 0x0f, 0x05]  // exit(0)
        let base = 0x400000
        func little(_ value: Int, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(value >> (8 * $0) & 0xff) } }
        var bytes: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1] + [UInt8](repeating: 0, count: 9)
        // An executable for x86-64: entry behind the two headers, one program header, no sections.
        bytes += little(2, 2) + little(62, 2) + little(1, 4) + little(base + 120, 8) + little(64, 8) + little(0, 8)
        bytes += little(0, 4) + little(64, 2) + little(56, 2) + little(1, 2) + little(64, 2) + little(0, 4)
        // All of the file, to be read and run.
        bytes += little(1, 4) + little(5, 4) + little(0, 8) + little(base, 8) + little(base, 8)
        bytes += little(120 + code.count, 8) + little(120 + code.count, 8) + little(0x1000, 8)
        return bytes + code
    }()
}
