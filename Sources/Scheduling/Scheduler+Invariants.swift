import JobContract
import SweepModel

extension Scheduler {
    /// What is not as it must be between two events; empty when all is well. For tests: takes time linear in all.
    package func violations() -> [String] {
        var found: [String] = []
        func check(_ holds: Bool, _ text: @autoclosure () -> String) {
            if !holds { found.append(text()) }
        }
        for (index, job) in jobs.enumerated() {
            let wanted = job.live.compactMap { attempts[$0] }.filter(\.counts)
            check(wanted.count == job.live.count { attempts[$0]?.cancellation == nil }, "job \(index): lost lease")
            check(
                wanted.count { $0.mayRun && isConnected($0.host) } <= 1,
                "job \(index): several wanted attempts on hosts that answer")
            check((job.phase == .leased) == (!job.live.isEmpty && !job.isOver), "job \(index): lease and phase differ")
            check(job.phase != .ready || job.isQueued, "job \(index): ready and not queued")
            check(job.phase != .ready || hasCheckpoints(index), "job \(index): ready without its checkpoints")
            check(
                job.milestones.allSatisfy { weights[$0.trial] == nil }, "job \(index): to leave what is recorded")
            check(job.isComplete == (job.phase == .done) || job.phase == .failed, "job \(index): complete or not")
            if job.phase == .blocked {
                let described = graph.jobs[index]
                let awaited: [TrialID] =
                    if case .compare(_, let others, _, _) = described.work { described.trials + others } else {
                        described.trials
                    }
                check(
                    awaited.contains { graph.trials[$0]?.trainJob.map { !jobs[$0].isOver } == true },
                    "job \(index): blocked for ever")
            }
            check(job.troubles.faults.count < 2 * policy.jobFaultLimit || job.isOver, "job \(index): not set aside")
        }
        check(readyCount == jobs.count { $0.phase == .ready }, "count of ready jobs")
        let queued = ready.jobs
        check(Set(queued).count == queued.count, "a job is queued twice")
        check(measuresLeft == jobs.count { !$0.isTraining && !$0.isOver }, "count of measure jobs")
        check(queued.allSatisfy { jobs[$0].isQueued }, "queue and mark differ")
        for (number, attempt) in attempts {
            check(number < nextAttempt, "attempt \(number) is from the future")
            check(hosts[attempt.host]?.attempts.contains(number) == true, "attempt \(number): its host forgot it")
            if let job = attempt.job {
                check(jobs[job].live.contains(number) == attempt.holdsLease, "attempt \(number): lease and job differ")
            }
        }
        for (name, host) in hosts {
            let held = host.attempts.compactMap { attempts[$0] }
            check(host.waiting == held.count(where: \.waits), "\(name): count of waiting attempts")
            check(
                abs(
                    host.waitingSeconds
                        - held.filter(\.waits).reduce(0) {
                            $0 + ($1.predicted ?? SchedulingPolicy.guessedSeconds)
                        }) < 1e-6 * max(1, host.waitingSeconds), "\(name): seconds of waiting attempts")
            check(host.tally == tally(held), "\(name): tally")
            check(host.attempts.allSatisfy { attempts[$0]?.host == name }, "\(name): unknown attempt")
        }
        check(waitingTotal == attempts.values.count(where: \.waits), "count of waiting attempts")
        check(
            reachable == tally(attempts.values.filter { isConnected($0.host) }),
            "count of attempts on hosts that answer")
        check(
            fleetHasChanged || backlogTotal == hosts.values.reduce(0) { $0 + $1.backlog },
            "count of attempts without a slot")
        check(claimed == hosts.values.reduce(into: []) { $0.formUnion($1.claimed) }, "numbers that hosts claim")
        check(othersEnded.isDisjoint(with: attempts.keys), "over at others' and open here")
        let known = trialStates.map { $0 ?? .waiting }
        check(
            unsettled == known.count { $0 != .succeeded && $0 != .failed }, "count of trials that are not settled")
        check(trialCounts.values.reduce(0, +) == graph.trials.count + graph.settled.count, "count of trials")
        check(unsettled == 0 && measuresLeft == 0 || ending != .settled, "ended with work left")
        return found
    }

    private func tally(_ attempts: [AttemptState]) -> HostState.Tally {
        var sum = HostState.Tally()
        for attempt in attempts { sum += attempt.tally }
        return sum
    }
}
