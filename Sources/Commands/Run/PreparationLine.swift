import DatasetPreparation
import Foundation

/// Progress of preparing a dataset, on one line of the terminal.
enum PreparationLine {
    static let show: @Sendable (PreparationProgress) -> Void = { progress in
        guard Terminal.isInteractive else { return }
        let name = URL(fileURLWithPath: progress.source).lastPathComponent
        Terminal.redraw(
            .line, "preparing \(name): \(Readable.count(progress.done)) of \(Readable.count(progress.total))")
        if progress.done == progress.total { Terminal.redraw(.line) }
    }
}
