import CPosix
import Foundation
import JobContract
import ResultCatalogue
import SweepModel

/// The coordinator that runs on a catalogue, as other commands reach it.
struct ControlClient {
    /// The coordinator's process, as the catalogue's lock names it.
    let process: Int?
    private let socket: String

    /// The coordinator went away before it answered, or is ending: the change was not made.
    struct CoordinatorEnds: Error {}

    /// The coordinator that listens for the catalogue; nil where none answers.
    init?(catalogue path: String) {
        // A copied lock file names the original's coordinator, but no process holds it.
        guard let holder = CatalogueFile.lockHolder(path), let socket = holder.socket, CatalogueFile.isLocked(path)
        else { return nil }
        self.socket = socket
        process = holder.pid
        guard connect() != nil else { return nil }
    }

    private func connect() -> LineStream? {
        let descriptor = posix_connect_local(socket)
        return descriptor >= 0 ? LineStream(descriptor: descriptor) : nil
    }

    /// Asks for a change and waits until it is made. Throws the coordinator's refusal, or `CoordinatorEnds`.
    func make(_ change: WishChange) throws -> WishChange.Outcome {
        guard case .done(let outcome) = try ask(.change(change)) else { throw CoordinatorEnds() }
        return outcome
    }

    /// How far the run is; nil where the coordinator ends.
    func look() -> RunView? {
        guard case .view(let view)? = try? ask(.look) else { return nil }
        return view
    }

    /// Asks once. Throws `CommandFailure` for a refusal, `CoordinatorEnds` when no answer comes.
    func ask(_ request: ControlRequest) throws -> ControlAnswer {
        guard let stream = connect(), stream.write(try ControlMessages.line(request)),
            let line = stream.read(limit: ControlMessages.answerLimit)
        else { throw CoordinatorEnds() }
        switch try read(line) {
        case .refused(let status, let message):
            throw CommandFailure(ExitStatus(rawValue: status) ?? .internalError, message)
        case .ending: throw CoordinatorEnds()
        case let answer: return answer
        }
    }

    /// Calls `show` for every view until the run ends, and returns the run's exit code. Nil where the coordinator died, or
    /// `show` returned false because it has seen enough.
    func watch(_ show: (RunView) -> Bool) throws -> Int32? {
        guard let stream = connect(), stream.write(try ControlMessages.line(ControlRequest.watch)) else { return nil }
        while let line = stream.read(limit: ControlMessages.answerLimit) {
            switch try read(line) {
            case .view(let view): if !show(view) { return nil }
            case .ended(let status): return status
            case .refused(let status, let message):
                throw CommandFailure(ExitStatus(rawValue: status) ?? .internalError, message)
            case .done, .ending, .log: return nil
            }
        }
        return nil
    }

    private func read(_ line: some Collection<UInt8>) throws -> ControlAnswer {
        do throws(ControlError) { return try ControlMessages.read(ControlAnswer.self, line) } catch {
            throw CommandFailure(.internalError, "process \(process.map(String.init) ?? "?"): \(error.words)")
        }
    }
}
