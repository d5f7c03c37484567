import DatasetPreparation
import Foundation
import RemoteHosts

/// Progress of preparing a dataset: on one line of the terminal, else in a line every ten seconds.
enum PreparationLine {
    private static let saidAt = Locked<Date?>(nil)

    static let show: @Sendable (PreparationProgress) -> Void = { progress in
        let name = URL(fileURLWithPath: progress.source).lastPathComponent
        let words = "preparing \(name): \(Readable.count(progress.done)) of \(Readable.count(progress.total))"
        guard Terminal.isInteractive else {
            let isDue = saidAt.with { saidAt in
                let due = saidAt.map { Date().timeIntervalSince($0) >= 10 } ?? false
                if due || saidAt == nil { saidAt = Date() }
                return due
            }
            if isDue { Terminal.note(words) }
            return
        }
        Terminal.redraw(words)
        if progress.done == progress.total { Terminal.redraw() }
    }
}
