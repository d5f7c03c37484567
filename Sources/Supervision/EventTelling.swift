import JobContract

/// Tells a connected coordinator what attempts say, from the last acknowledged event.
enum EventTelling {
    /// Told and unacknowledged at most, per attempt.
    private static let window = 8 << 20
    private static let count = 4096

    static func tell(_ attempt: Attempt, to connection: Connection) {
        guard let teller = attempt.teller else { return }
        var progress: Frame?
        while connection.hasRoom, teller.position < attempt.taker.position, hasWindow(attempt),
            let line = teller.next(atEnd: attempt.isOver)
        {
            if let failed = attempt.problems[line.end] {
                guard let text = try? AgentProtocol.frame(WorkerEvent.failed(failed)).payload else { continue }
                tell(text, line.end, of: attempt, to: connection)
            } else if !line.isTooLong, let event = WorkerEvent(line: line.bytes) {
                if event.isDurable {
                    tell(line.bytes, line.end, of: attempt, to: connection)
                    progress = nil
                } else {
                    progress = EventLine(attempt: attempt.number, end: line.end, line: line.bytes[...]).frame
                }
            }
        }
        if let progress { connection.send(progress) }
        if case .ended(let end) = attempt.state, !attempt.endTold, teller.position >= attempt.taker.position {
            attempt.endTold = true
            connection.send(.ended(attempt.number, end, diagnostics: attempt.directory.diagnostics))
        }
    }

    private static func tell(_ line: [UInt8], _ end: Int, of attempt: Attempt, to connection: Connection) {
        connection.send(EventLine(attempt: attempt.number, end: end, line: line[...]).frame)
        attempt.unacknowledged.append((end, line.count))
    }

    private static func hasWindow(_ attempt: Attempt) -> Bool {
        attempt.unacknowledged.count < count && attempt.unacknowledged.reduce(0) { $0 + $1.bytes } < window
    }
}
