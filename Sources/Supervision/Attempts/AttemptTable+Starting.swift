import CPosix
import ContentStore
import Glibc
import JobContract

// The starting of attempts, as slots and GPUs become free.
extension AttemptTable {
    /// Starts attempts of the backlog in their turn, while slots are free and no more than so many are over and kept.
    func fillSlots(keeping most: Int) {
        fillGPUs(keeping: most)
        while running.count < slots, over < most, let attempt = backlog.popFirst(where: isWaiting) {
            launch(attempt, having: attempt.order.onDevice == nil ? nil : spareGPU())
        }
    }

    /// For an attempt that can do without; those that cannot come first.
    private func spareGPU() -> GPUPool.Grant? {
        guard gpuBacklog.first(where: isWaiting) == nil else { return nil }
        return try? gpus?.grant(1)
    }

    private func fillGPUs(keeping most: Int) {
        while running.count < slots, over < most, let attempt = gpuBacklog.first(where: isWaiting) {
            let wanted = attempt.order.gpus ?? 0
            guard let gpus, gpus.count >= wanted else {
                _ = gpuBacklog.popFirst(where: isWaiting)
                finish(attempt, .neverStarted(reason: "it needs \(wanted) GPUs, and there are \(gpus?.count ?? 0)"))
                continue
            }
            guard posix_monotonic_seconds() >= gpusTakenUntil else { return }
            do throws(AgentRefusal) {
                guard let grant = try gpus.grant(wanted) else {
                    judgeGPUs()
                    gpusTakenUntil = posix_monotonic_seconds() + Self.gpuPause
                    return
                }
                _ = gpuBacklog.popFirst(where: isWaiting)
                launch(attempt, having: grant)
            } catch {
                _ = gpuBacklog.popFirst(where: isWaiting)
                finish(attempt, .neverStarted(reason: error.message))
            }
        }
    }

    private func isWaiting(_ attempt: Attempt) -> Bool {
        attempts[attempt.number] === attempt && attempt.state == .backlog
    }

    private func launch(_ attempt: Attempt, having given: GPUPool.Grant?) {
        var grant = given
        defer { grant?.close() }
        do throws(AgentRefusal) {
            try requireFiles(of: attempt.order)
            try makeDirectory(of: attempt)
            let pid = try launcher.start(attempt.order, in: attempt.directory, having: grant)
            if let grant { gpus?.hasBegun(attempt.number, job: attempt.order.job, on: grant) }
            attempt.child = pid
            children[pid] = attempt
            unnoted.append(attempt)
            markRunning(attempt)
            news.append(.running(attempt.number))
        } catch {
            putAsideDamagedFiles(of: attempt)
            finish(attempt, .neverStarted(reason: error.message))
        }
    }

    /// Throws when a file that was here as the order came has been damaged or removed since.
    private func requireFiles(of order: AgentOrder) throws(AgentRefusal) {
        for file in order.files.sorted() {
            let isGone = store.size(of: file) == nil
            if store.isWhole(file) { continue }
            if isGone, toldLost.insert(file).inserted {
                news.append(.storeDamaged("the stored file \(file.short) that attempts need is gone"))
            }
            throw AgentRefusal(
                .spawnFailed, "the file \(file.short) is no longer whole in the store \(store.directory)")
        }
    }

    private func makeDirectory(of attempt: Attempt) throws(AgentRefusal) {
        if let spare = spares.popLast() {
            if spare.give(to: attempt.directory) { return }
            spare.remove()
        }
        try attempt.directory.make()
    }

    func gpuIsFree(of attempt: Attempt, _ end: AttemptEnd) {
        gpusTakenUntil = 0
        let isGood: Bool? =
            switch end {
            case .exited(0): true
            case .exited, .signalled:
                switch EventFollower(path: attempt.directory.events, from: 0).lastFailure() {
                case nil, .internal, .unfitHost: false
                // The job's or its files' fault, whatever GPU it has.
                case .diverged, .unsupported, .missingInput, .noSpace: nil
                }
            case .stopped, .vanished, .neverStarted: nil
            }
        gpus?.hasEnded(attempt.number, isGood: isGood)
        judgeGPUs()
    }

    private func judgeGPUs() {
        if let failed = gpus?.failed() { news.append(.gpuFailed(failed)) }
    }
}
