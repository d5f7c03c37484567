extension WorkerEvent {
    /// Whether its numbers and names are such as there are. Those of progress are checked as it is decoded.
    var isPossible: Bool {
        switch self {
        case .started(let started):
            Self.areNames([started.worker, started.build, started.cpu, started.kernels])
        case .checkpoint(let checkpoint):
            OutsideValues.counts.contains(checkpoint.steps) && OutsideValues.counts.contains(checkpoint.parameters)
                && Self.areSeconds(checkpoint.seconds) && files.allSatisfy(\.isPossible)
        case .measure(let measured):
            Self.areNames([measured.request.measure]) && Self.areSeconds(measured.seconds)
                && measured.rows.allSatisfy(\.isPossible) && measured.artifacts.allSatisfy(\.isPossible)
        case .paused(let steps): OutsideValues.counts.contains(steps)
        case .described(let worker):
            Self.areNames([worker.name, worker.build, worker.cpu, worker.kernels, worker.check])
        case .progress, .finished, .failed: true
        }
    }

    fileprivate static func areNames(_ texts: [String]) -> Bool {
        texts.allSatisfy { $0.utf8.count <= OutsideValues.nameLength }
    }

    private static func areSeconds(_ seconds: Double) -> Bool { (-1e12...1e12).contains(seconds) }

    mutating func cutWords() {
        switch self {
        case .failed(var failed):
            failed.message = failed.message.cut(toBytes: OutsideValues.wordsLength)
            self = .failed(failed)
        case .measure(var measured):
            guard let failure = measured.failure else { return }
            measured.failure = failure.cut(toBytes: OutsideValues.wordsLength)
            self = .measure(measured)
        case .started, .progress, .checkpoint, .paused, .finished, .described: break
        }
    }
}

extension OutputFile {
    /// Its path is looked at by who opens it.
    fileprivate var isPossible: Bool { OutsideValues.bytes.contains(bytes) }
}

extension Artifact {
    fileprivate var isPossible: Bool {
        PlainName.fault(name) == nil && WorkerEvent.areNames([mediaType]) && file.isPossible
    }
}

extension MeasureRow {
    fileprivate var isPossible: Bool {
        WorkerEvent.areNames([quantity]) && OutsideValues.counts.contains(n ?? 0)
            && (-OutsideValues.counts.upperBound...OutsideValues.counts.upperBound).contains(position ?? 0)
    }
}
