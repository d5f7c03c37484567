import JobContract
import SweepModel

/// What a host's report means for running jobs there.
struct HostJudgement {
    let host: HostSpec
    let report: ExaminationReport

    /// Bytes that must be had by writing.
    static let room = 256 << 20
    /// Seconds by which clocks may differ before it is worth saying.
    static let clockSeconds = 5.0
    private static let scarceBytes = 2 << 30
    private static let scarceMemory = 512 << 20
    private static let scarceFiles = 10_000
    private static let scarceDescriptors = 256

    func findings() -> [HostFinding] {
        report.findings.map(judge) + resources() + promises() + sharing() + gpus()
    }

    private func judge(_ finding: ExaminationReport.Finding) -> HostFinding {
        let elsewhere = "name another directory: in the hosts file"
        let (level, advice): (HostFinding.Level, String) =
            switch finding.complaint {
            case .directory: (.problem, elsewhere)
            case .permissionsRepaired: (.note, "it is 0700 now")
            case .permissions: (.warning, "chmod 700 it, or \(elsewhere)")
            case .noSpace: (.problem, "free space or raise the quota there, or \(elsewhere)")
            case .noexec: (.problem, "mount it without noexec, or \(elsewhere)")
            case .locks, .sockets: (.problem, "\(elsewhere), on a local file system")
            case .gpus: (.problem, "correct gpus: in the hosts file, or see why the driver does not show them")
            }
        return HostFinding(host.name, level, finding.complaint.rawValue, finding.words, advice)
    }

    private func resources() -> [HostFinding] {
        var found: [HostFinding] = []
        if report.free < Self.scarceBytes {
            found.append(
                warning(
                    "space", "\(report.directory) has \(report.free >> 20) MiB free",
                    "free some, or eigensweep hosts clean"))
        }
        if let files = report.freeFiles, files < Self.scarceFiles {
            found.append(warning("inodes", "\(report.directory) has room for \(files) more files", "remove some"))
        }
        if report.descriptors < Self.scarceDescriptors {
            found.append(
                warning(
                    "descriptors", "a process may have \(report.descriptors) files open", "raise ulimit -n there"))
        }
        if report.availableMemory < Self.scarceMemory {
            found.append(
                warning("memory", "\(report.availableMemory >> 20) MiB of memory are free", "see what takes it"))
        }
        return found
    }

    /// What the hosts file says of it.
    private func promises() -> [HostFinding] {
        var found: [HostFinding] = []
        if let memory = host.memory, memory > report.memory {
            found.append(
                HostFinding(
                    host.name, .problem, "memory",
                    "the hosts file promises \(memory >> 20) MiB of memory, there are \(report.memory >> 20)",
                    "correct memory: in the hosts file"))
        }
        if let slots = host.slots, slots * host.threads > report.cores {
            found.append(
                warning(
                    "slots", "\(slots) slots of \(host.threads) threads are more than its \(report.cores) cores",
                    "fewer slots: or threads: in the hosts file"))
        }
        return found
    }

    /// What jobs will have, and with whom they share it.
    private func gpus() -> [HostFinding] {
        (report.gpus ?? []).map { gpu in
            let what = "\(gpu.title): jobs have it\(host.jobsPerGPU == 1 ? "" : ", \(host.jobsPerGPU) at a time")"
            guard let users = gpu.users, !users.isEmpty else { return HostFinding(host.name, .note, "gpu", what) }
            return warning(
                "gpu", "\(what), beside \(users.prefix(4).joined(separator: "; "))\(users.count > 4 ? "; …" : "")",
                "leave it out of gpus: in the hosts file, or ask whose these are")
        }
    }

    /// What networks compute on, and how many jobs have none of it.
    func device(_ found: WorkerCheck.Device) -> HostFinding {
        switch found {
        case .found(let name, let passedOver):
            let places = (report.gpus ?? []).count * host.jobsPerGPU
            let slots = host.slots ?? max(1, report.cores / host.threads)
            let rest = max(0, slots - places)
            let most = min(places, slots)
            let jobs = most == 1 ? "1 job" : "\(most) jobs"
            let words =
                "networks compute on \(HostWords.line(name)), with this machine's bits: \(jobs) at a time"
                + (passedOver.map { "; not by CUDA: \(HostWords.line($0))" } ?? "")
            guard rest > 0 else { return HostFinding(host.name, .note, "device", words) }
            return HostFinding(
                host.name, .note, "device", "\(words), and on the CPU \(rest) more",
                "slots: \(places) in the hosts file leaves none to the CPU")
        case .none(let words):
            return warning(
                "device", "jobs compute on the CPU: \(HostWords.line(words))",
                "see that the GPU's driver has its library of CUDA or OpenCL, or leave gpus: out of the hosts file")
        }
    }

    private func sharing() -> [HostFinding] {
        guard !report.otherMachines.isEmpty else { return [] }
        let count = report.otherMachines.count
        return [
            HostFinding(
                host.name, .note, "shared",
                "\(report.directory) is shared with \(count) other machine\(count == 1 ? "" : "s"): that is fine")
        ]
    }

    /// The host read its clock at some time between two readings of this machine's.
    static func clock(
        _ host: HostName, _ there: Double, between before: Double, and after: Double
    ) -> [HostFinding] {
        let offset = there < before ? there - before : there > after ? there - after : 0
        guard abs(offset) > clockSeconds else { return [] }
        let words = "its clock is \(time(abs(offset))) \(offset > 0 ? "ahead of" : "behind") this machine's"
        return [
            HostFinding(
                host, .warning, "clock", words,
                "set one of the two (NTP): times of results are this machine's, ages of files there go by its own")
        ]
    }

    /// Whole seconds, minutes, hours or days.
    private static func time(_ seconds: Double) -> String {
        let units = [(86_400.0, "days"), (3600, "hours"), (60, "minutes")]
        guard let (unit, name) = units.first(where: { seconds >= 2 * $0.0 }) else {
            return "\(Int(seconds.rounded())) s"
        }
        return "\(Int((seconds / unit).rounded())) \(name)"
    }

    private func warning(_ subject: String, _ words: String, _ advice: String) -> HostFinding {
        HostFinding(host.name, .warning, subject, words, advice)
    }
}
