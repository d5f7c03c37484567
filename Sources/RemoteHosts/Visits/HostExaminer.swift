import CPosix
import Foundation
import JobContract
import SweepModel

/// What `hosts check` learned of a host.
package struct HostExamination: Sendable {
    package var host: HostName
    /// machine-id; nil when the host could not be asked.
    package var machine: String?
    package var findings: [HostFinding]
    /// Whether the hosts file says that other machines have its machine-id too.
    package var sharesMachineID = false

    package var isUsable: Bool { !findings.contains { $0.level == .problem } }

    /// Only the first of several names of one machine can be used.
    package static func refuseTwins(_ examinations: inout [HostExamination]) {
        var names: [String: HostName] = [:]
        for index in examinations.indices {
            guard let machine = examinations[index].machine, !examinations[index].sharesMachineID else { continue }
            let name = examinations[index].host
            if let other = names[machine] {
                let words = "it has the machine-id of \(other) (\(machine))"
                examinations[index].findings.removeAll { $0.level == .fine }
                examinations[index].findings.append(
                    HostFinding(
                        name, .problem, "duplicate", words,
                        "keep one of the two in the hosts file, or, if they are two machines, say machine: shared of one"
                    ))
            } else {
                names[machine] = name
            }
        }
    }
}

extension HostVisits {
    /// Finds what will not do on a host, by two visits: a process that the first leaves behind must live at the second.
    ///
    /// - Parameters:
    ///   - queue: a seat of the queue whose login node the host is; nil: it is none.
    ///   - worker: must run there and give the bits that it gives here; nil: no worker is looked at.
    ///   - trial: a worker of the user's own that must run there.
    package func examine(
        _ host: HostSpec, queue: QueueSeat? = nil, worker: WorkerCheck?, trial: WorkerTrial? = nil
    ) -> HostExamination {
        var result = HostExamination(host: host.name, findings: [], sharesMachineID: host.sharesMachineID)
        do throws(HostFailure) {
            let report = try first(host, worker, trial, &result.findings)
            result.machine = report.machine
            if let queue {
                result.findings += HostJudgement(host: host, report: report).findings().filter {
                    // Of the login node; jobs run elsewhere, and nothing of theirs stays on it.
                    !["slots", "memory", "gpu", "sockets", "locks"].contains($0.subject)
                }
                result.findings += try examine(queue, through: host)
            } else {
                result.findings += HostJudgement(host: host, report: report).findings()
                if host.transport != .local, let left = report.left { result.findings += try second(host, left) }
            }
        } catch {
            result.findings.append(error.finding(host.name))
        }
        if !result.findings.contains(where: { $0.level > .note }) {
            result.findings.insert(HostFinding(host.name, .fine, "host", "nothing stands in the way"), at: 0)
        }
        return result
    }

    private func first(
        _ host: HostSpec, _ worker: WorkerCheck?, _ trial: WorkerTrial?, _ findings: inout [HostFinding]
    ) throws(HostFailure) -> ExaminationReport {
        var found: [HostFinding] = []
        defer { findings += found }
        return try visit(host) { visit, transport throws(HostFailure) in
            let request = ExaminationRequest(
                directory: host.directory, room: HostJudgement.room, gpus: host.gpus, environment: host.environment)
            stages.set(host.name, "trying out its directory")
            let before = posix_wall_seconds()
            let answer = try visit.ask(.examine(request), seconds: 120)
            let after = posix_wall_seconds()
            guard case .examined(let report) = answer else { throw unexpected(answer, host) }
            found += HostJudgement.clock(host.name, report.clock, between: before, and: after)
            if transport is LibSSHTransport {
                if let second = try? transport.open(.startAgent) {
                    second.close()
                } else {
                    found.append(
                        HostFinding(host.name, .note, "sessions", "one session at a time (MaxSessions 1): enough"))
                }
            }
            // What cannot be written to cannot be given a worker.
            let takesFiles = report.findings.allSatisfy { $0.complaint == .permissionsRepaired }
            if let worker, takesFiles {
                stages.set(host.name, "comparing what the worker computes there")
                found += try describe(worker, host, &visit)
                if let gpus = report.gpus, !gpus.isEmpty {
                    stages.set(host.name, "comparing what its GPU computes")
                    found.append(
                        HostJudgement(host: host, report: report).device(try worker.findDevice(on: host, &visit)))
                }
            }
            if let trial, takesFiles {
                stages.set(host.name, "trying \(trial.description.name) there")
                let answer = try trial.run(on: host, &visit)
                guard case .tried(let report) = answer else { throw unexpected(answer, host) }
                found.append(trial.finding(report, on: host.name))
            }
            return report
        }
    }

    /// Asks, without submitting anything, whether the queue would take such an allocation and nodes may see the directory.
    private func examine(_ queue: QueueSeat, through host: HostSpec) throws(HostFailure) -> [HostFinding] {
        stages.set(host.name, "asking its queue")
        let place = RelayPlace(directory: host.directory, catalogue: "none", kind: queue.settings.kind)
        let answer = try visit(host) { visit, _ throws(HostFailure) in
            try visit.ask(.examineQueue(place, queue.settings), seconds: 120)
        }
        guard case .queueExamined(let objection, let fileSystem) = answer else { throw unexpected(answer, host) }
        var found: [HostFinding] = []
        if let fileSystem {
            found.append(
                HostFinding(
                    host.name, .warning, "directory",
                    "\(host.directory) lies on \(fileSystem), which other machines do not see unless it is exported",
                    "see that the nodes have it under the same path, or name another directory: in the hosts file"))
        }
        guard let objection else { return found }
        return found + [
            HostFinding(
                host.name, .problem, "queue", "it takes no such allocation: \(HostWords.line(objection))",
                "correct partition:, account:, time:, cores:, memory: or options: in the hosts file")
        ]
    }

    private func describe(
        _ worker: WorkerCheck, _ host: HostSpec, _ visit: inout HostConversation
    ) throws(HostFailure) -> [HostFinding] {
        let advice = "leave the host out, or use a worker that runs there"
        let answer = try worker.describe(on: host, &visit)
        switch answer {
        case .described(let there):
            guard let words = worker.objection(to: there) else { return [] }
            return [HostFinding(host.name, .problem, "numerics", words, "leave the host out")]
        case .mute(let words): return [HostFinding(host.name, .problem, "worker", words, advice)]
        case .examined, .tried, .lacking, .cleaned, .orphans, .held, .inspected, .relaying, .queueExamined, .refused:
            throw unexpected(answer, host)
        }
    }

    private func second(_ host: HostSpec, _ left: ProcessName) throws(HostFailure) -> [HostFinding] {
        stages.set(host.name, "looking whether processes outlive the login")
        // Logging out ends processes a moment later, where it does.
        Thread.sleep(forTimeInterval: 1.5)
        let request = ExaminationRequest(directory: host.directory, room: 0, left: left)
        let answer = try visit(host) { visit, _ throws(HostFailure) in try visit.ask(.examine(request), seconds: 120) }
        guard case .examined(let report) = answer else { throw unexpected(answer, host) }
        guard report.leftLives == false else { return [] }
        return [
            HostFinding(
                host.name, .problem, "logout", "processes end with the login that started them, and so would jobs",
                "loginctl enable-linger there, or KillUserProcesses=no in its logind.conf")
        ]
    }

    private func unexpected(_ answer: ServiceAnswer, _ host: HostSpec) -> HostFailure {
        if case .refused(let refusal) = answer { return HostFailure(refusal, host: host.name) }
        return HostFailure(.protocolViolation, "\(host.name): the agent answered something else than was asked")
    }
}
