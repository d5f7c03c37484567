import DatasetPreparation
import Foundation

/// Progress of preparing a dataset, on one line of the terminal.
enum PreparationLine {
    static let show: @Sendable (PreparationProgress) -> Void = { progress in
        guard Terminal.isInteractive else { return }
        let name = URL(fileURLWithPath: progress.source).lastPathComponent
        let end = progress.done == progress.total ? "\r\u{1B}[K" : ""
        Terminal.raw(
            "\r\u{1B}[Kpreparing \(name): \(Readable.count(progress.done)) of \(Readable.count(progress.total))\(end)")
    }
}
