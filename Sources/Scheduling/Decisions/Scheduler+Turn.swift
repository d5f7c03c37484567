import JobContract
import SweepModel

extension Scheduler {
    /// What waits is begun in the order of the clock that counts the trainings' work recorded. A training's turn is when a
    /// slot of the host would be free for it, had that only trainings to do, in the order in which they were given.
    func turn(of index: Int, on host: HostState) -> Double {
        guard jobs[index].isTraining else { return turn(ofMeasure: index, on: host) }
        let idle = [EndOfWork.Slot](repeating: .init(freeAt: 0, pace: 1), count: host.slots)
        let given = EndOfWork(slots: idle).after(trainings(givenTo: host).map { costLeft(of: $0.job) })
        return clock + Double(max(1, usableSlots)) * (given.slots.map(\.freeAt).min() ?? 0)
    }

    /// A measure's turn is now, for it is short, and someone waits for its numbers. Near the end it stands behind as many of
    /// the trainings that wait there as would otherwise end after all that is left could be done.
    private func turn(ofMeasure index: Int, on host: HostState) -> Double {
        let turns = host.waitingTrainings.compactMap { attempts[known: $0].assignment?.turn }
        guard let next = turns.min() else { return clock.nextDown }
        let soon = min(clock, next).nextDown
        guard let seconds = predictedSeconds(index, on: host), let pace = host.pace,
            let rest = ready.lastTrainings(beside: waitingTotal, slots: max(1, usableSlots + slotsToCome))
        else { return soon }
        let waiting = waitingInTurn(on: host)
        let trainings = waiting.indices.filter { waiting[$0].isTraining }
        guard let first = trainings.first, let last = trainings.last else { return soon }
        let others = hostOrder.map { hosts[known: $0] }.filter { $0.isReady && $0.index != host.index }
            .flatMap { slots(of: $0) }
        let running = EndOfWork(slots: slots(of: host) { !attempts[known: $0].waits })
        func end(with place: Int?) -> Double {
            var costs = waiting.map(\.cost)
            if let place { costs.insert(seconds * pace, at: place) }
            return EndOfWork(slots: others + running.after(costs).slots).after(rest).end
        }
        let all = EndOfWork(slots: others + slots(of: host)).after(rest).slots
        let left = all.reduce(0) { $0 + $1.freeAt } + Double(measuresLeft) * seconds
        // What is last to end has a measure to come, beside which others may still be taken.
        let latest = max(end(with: nil), left / Double(all.count) - seconds)
        if end(with: first) <= latest { return soon }
        return waiting[trainings.first { end(with: $0 + 1) <= latest } ?? last].turn
    }

    private var clock: Double { workBefore + workRecorded }

    private struct Waiting {
        let turn: Double, number: AttemptNumber, isTraining: Bool
        /// That of a training which takes as long.
        let cost: Double
    }

    private func waitingInTurn(on host: HostState) -> [Waiting] {
        let waiting = host.attempts.compactMap { number -> Waiting? in
            let attempt = attempts[known: number]
            guard attempt.waits, let turn = attempt.assignment?.turn, let job = attempt.job else { return nil }
            let isTraining = jobs[job].isTraining
            let cost = isTraining ? costLeft(of: job) : (predictedSeconds(job, on: host) ?? 0) * (host.pace ?? 1)
            return Waiting(turn: turn, number: number, isTraining: isTraining, cost: cost)
        }
        return waiting.sorted { ($0.turn, $0.number) < ($1.turn, $1.number) }
    }

    /// The slots of all hosts that answer, with the trainings that they were given.
    var endOfWork: EndOfWork {
        EndOfWork(slots: hostOrder.map { hosts[known: $0] }.filter(\.isReady).flatMap { slots(of: $0) })
    }

    /// The host's slots, with the trainings that it was given, as far as they are asked for, in the order in which they were.
    private func slots(of host: HostState, where isAsked: (AttemptNumber) -> Bool = { _ in true }) -> [EndOfWork.Slot] {
        let idle = [EndOfWork.Slot](repeating: .init(freeAt: 0, pace: host.pace ?? meanPace), count: host.slots)
        let costs = trainings(givenTo: host).filter { isAsked($0.number) }.map { number, job in
            max(0, jobs[job].cost - workUnderWay(attempts[known: number]))
        }
        return EndOfWork(slots: idle).after(costs).slots
    }

    private var meanPace: Double {
        let paces = hosts.values.compactMap(\.pace)
        return paces.isEmpty ? 1 : paces.reduce(0, +) / Double(paces.count)
    }

    private func trainings(givenTo host: HostState) -> [(number: AttemptNumber, job: Int)] {
        host.attempts.sorted().compactMap { number in
            guard let job = attempts[known: number].job, jobs[job].isTraining else { return nil }
            return (number, job)
        }
    }
}
