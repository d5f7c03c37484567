import CPosix
import Glibc
import JobContract

extension AttemptTable {
    /// Reads what workers have said, takes the files they name into the store, and tells it where someone listens.
    func passEvents(to connection: Connection?) {
        for attempt in talking.values {
            guard pass(attempt, to: connection), attempt.isOver else { continue }
            // The events are read to their end: the file is closed, for every open descriptor makes the start of workers
            // slower.
            attempt.reader.close()
            if let connection, case .ended(let end) = attempt.state, !attempt.endTold {
                attempt.endTold = true
                connection.send(.ended(attempt.number, end, diagnostics: attempt.directory.diagnostics))
            }
            talking[attempt.number] = nil
        }
    }

    /// Whether there was nothing left to read.
    private func pass(_ attempt: Attempt, to connection: Connection?) -> Bool {
        var progress: Frame?
        defer { if let progress { tell(progress, of: attempt, to: connection) } }
        attempt.reader.allowance = Self.bytesAtOnce
        while connection.map({ $0.hasRoom && attempt.hasWindow }) ?? true {
            if isSilenced(attempt) { return true }
            let begin = attempt.reader.position
            guard let line = attempt.reader.next(atEnd: attempt.isOver) else { return attempt.reader.allowance > 0 }
            let event = line.event
            meter(line, event, from: begin, of: attempt)
            guard let (event, text) = adoptOutput(of: line, event, of: attempt), let connection else { continue }
            let frame = EventLine(attempt: attempt.number, end: line.end, line: text[...]).frame
            if event.isDurable {
                connection.send(frame)
                attempt.told(text.count, upTo: line.end)
                progress = nil
            } else {
                progress = frame
            }
        }
        return false
    }

    /// Tells how far an attempt is, unless it was told a moment ago: its worker soon says more.
    private func tell(_ progress: Frame, of attempt: Attempt, to connection: Connection?) {
        let now = posix_monotonic_seconds()
        guard now - attempt.progressToldAt >= progressSeconds else { return }
        attempt.progressToldAt = now
        connection?.send(progress)
    }

    /// So many bytes of one attempt's events are read before others have their turn, however fast its worker writes.
    private static let bytesAtOnce = 4 << 20

    /// Whether the attempt was told to have failed for flooding its output, and nothing behind that counts: a flood is not
    /// read to its end.
    private func isSilenced(_ attempt: Attempt) -> Bool {
        let position = attempt.reader.position
        guard attempt.flood != nil, attempt.complained, !attempt.problems.keys.contains(where: { $0 > position }) else {
            return false
        }
        let end = attempt.directory.eventBytes ?? 0
        if position < end { attempt.directory.releaseEvents(position..<end) }
        return true
    }

    /// Counts what need not be kept, and gives its room back.
    private func meter(
        _ line: EventFollower.Line, _ event: WorkerEvent?, from begin: Int, of attempt: Attempt
    ) {
        let isQuiet = event.map { !$0.isDurable } ?? (attempt.complained || line.bytes.isBlank && !line.isTooLong)
        let range = begin..<line.end
        var released: Range<Int>?
        if isQuiet, attempt.problems[line.end] == nil {
            released = attempt.spool.passQuiet(range)
        } else {
            attempt.spool.passKept(range)
        }
        if let flood = attempt.spool.flood(unread: 0) ?? attempt.flood, !attempt.complained {
            attempt.spool.passKept(range)
            attempt.flood = flood
            complain(attempt, flood, at: line.end)
        } else if let released {
            attempt.directory.releaseEvents(released)
        }
    }

    /// Takes the files that the line's event names into the store. Returns the event to tell, with its text: the worker's
    /// own, or the failure that stands in its place; nil where there is nothing to tell.
    private func adoptOutput(
        of line: EventFollower.Line, _ event: WorkerEvent?, of attempt: Attempt
    ) -> (WorkerEvent, [UInt8])? {
        if attempt.problems[line.end] == nil {
            if let event {
                let adoption = OutputAdoption(store: store)
                let isRepeated = line.end <= attempt.adoptedUpTo
                if let failed = adoption.adopt(event.files, from: attempt.directory.work, isRepeated: isRepeated) {
                    attempt.problems[line.end] = failed
                    stop(attempt, failed.kind == .noSpace ? .noSpace : .misbehaved)
                }
                attempt.adoptedUpTo = max(attempt.adoptedUpTo, line.end)
                note(event, at: line.end, of: attempt)
            } else if line.isWhole {
                complain(attempt, line)
            }
        }
        if let failed = attempt.problems[line.end] {
            let event = WorkerEvent.failed(failed)
            return (try? JSONText.encode(event)).map { (event, $0) }
        }
        return event.map { ($0, line.bytes) }
    }

    private func note(_ event: WorkerEvent, at end: Int, of attempt: Attempt) {
        switch event {
        case .checkpoint(let checkpoint):
            if let state = checkpoint.state, attempt.states.last.map({ $0.end < end }) ?? true {
                attempt.states.append((end, state.digest))
            }
        case .failed(let failed) where failed.kind == .missingInput: putAsideDamagedFiles(of: attempt)
        case .started, .progress, .measure, .paused, .finished, .failed, .described: break
        }
    }

    /// A worker whose output is no event has failed its job: it is told once, and the worker is stopped.
    private func complain(_ attempt: Attempt, _ line: EventFollower.Line) {
        let words =
            line.isTooLong
            ? "is longer than \(EventLine.limit) bytes"
            : "is not an event: \(String(decoding: line.bytes.prefix(160), as: UTF8.self))"
        complain(attempt, "the worker's output line that ends at byte \(line.end) \(words)", at: line.end)
    }

    private func complain(_ attempt: Attempt, _ words: String, at end: Int) {
        guard !attempt.complained else { return }
        attempt.complained = true
        attempt.problems[end] = WorkerEvent.Failed(kind: .internal, message: words)
        stop(attempt, .misbehaved)
    }

    /// Stops a worker that writes faster than is read, so that it cannot fill the disk meanwhile.
    func stopFloods(isRoomScarce: Bool) {
        for attempt in running.values {
            let unread = (attempt.directory.eventBytes ?? 0) - attempt.reader.position
            guard attempt.flood == nil, let flood = attempt.spool.flood(unread: unread, isRoomScarce: isRoomScarce)
            else { continue }
            attempt.flood = flood
            stop(attempt, .misbehaved)
        }
    }
}
