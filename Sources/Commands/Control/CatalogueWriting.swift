import Foundation
import ResultCatalogue

/// Has a catalogue written by this process, once it has the lock, or by the coordinator that runs.
enum CatalogueWriting {
    /// How long a lock is waited for whose holder does not listen: it may be another command, which is soon done.
    private static let patienceSeconds = 15.0

    /// Calls `here` when the lock is free, with what `open` made under it, else `elsewhere` with the coordinator.
    ///
    /// A coordinator that ends meanwhile is no error: both ways are tried again. Throws `CatalogueError.locked` where a
    /// process holds the lock and answers at no socket.
    static func perform<Opened, Result>(
        on path: String, open: () throws -> Opened, here: (Opened) throws -> Result,
        elsewhere: (ControlClient) throws -> Result
    ) throws -> Result {
        let end = Date(timeIntervalSinceNow: patienceSeconds)
        while true {
            let opened: Opened
            do { opened = try open() } catch let error as CatalogueError {
                guard case .locked = error.kind else { throw error }
                if let client = ControlClient(catalogue: path) {
                    do { return try elsewhere(client) } catch is ControlClient.CoordinatorEnds {}
                }
                guard Date() < end else { throw error }
                usleep(50_000)
                continue
            }
            return try here(opened)
        }
    }
}

extension WishChange {
    /// Has a change made by the coordinator that runs, or makes it here.
    static func deliver(_ change: WishChange, to options: CatalogueOptions) throws -> Outcome {
        try options.requireCatalogue()
        return try CatalogueWriting.perform(on: options.path) {
            try Catalogue(path: options.path)
        } here: { catalogue in
            var outcome = try catalogue.apply(change)
            guard outcome.count > 0 else { return outcome }
            func resume(_ sweep: String) -> String {
                "eigensweep resume \(ShellWord.quoted(sweep))\(CatalogueOptions.option(for: catalogue.path))"
            }
            switch change {
            case .retry(let sweep, _): outcome.notes.append("no coordinator runs; go on with:\n  \(resume(sweep))")
            case .cancel(let sweep, _) where try !catalogue.reader.openAttempts().isEmpty:
                outcome.notes.append(
                    "no coordinator runs; hosts go on with what they have begun, and queues with allocations, until\n  "
                        + resume(sweep))
            default: break
            }
            return outcome
        } elsewhere: {
            try $0.make(change)
        }
    }
}

extension CatalogueOptions {
    /// What to say where no sweep is unfinished. Throws where the catalogue has no sweep: its launch was cut off before the
    /// sweep was stored, and cannot be resumed.
    func nothingToResume(in reader: CatalogueReader) throws -> String {
        if try reader.sweeps().isEmpty {
            throw CommandFailure(
                .catalogue,
                "\(path) holds no sweep, so there is nothing to resume: a launch that ended before its sweep was stored "
                    + "leaves none. Launch its file:\n  eigensweep launch SWEEP.yaml\(Self.option(for: path))")
        }
        return "every sweep of \(path) is finished"
    }

    /// Throws unless there is a catalogue: only `launch` makes one.
    func requireCatalogue() throws {
        guard FileManager.default.fileExists(atPath: path) else {
            throw CommandFailure(
                .catalogue,
                "\(path): there is no catalogue here; `eigensweep launch` makes one, --catalogue names another")
        }
    }
}
