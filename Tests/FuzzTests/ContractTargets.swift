import Datasets
import Foundation
import JobContract
import SweepFiles

@testable import JobExecution
@testable import ScoreNetworks
@testable import Supervision

/// Texts that coordinator, agent and worker read of one another's jobs and results.
let contractTargets = [
    FuzzTarget("jobs", seeds: { try Samples.jobs.map(json) }) { bytes, _ in
        guard let job = try? JobRunner.parse(bytes) else { return }
        checkRoundTrip(job)
        _ = job.inputs.map(job.path)
        if let spec = try? JobSpec(job.spec) { _ = try? spec.network.parameterCount() }
        _ = try? DatasetSplit(spec: job.spec, count: 64)
    },
    FuzzTarget("events", seeds: { try Samples.events.map(json) }) { bytes, _ in
        if let event = WorkerEvent(line: bytes) { checkRoundTrip(event) }
    },
    FuzzTarget(
        "event-files", longest: 1 << 14, seeds: { [try Samples.events.map { try json($0) + [10] }.flatMap { $0 }] }
    ) { bytes, scratch in
        let follower = EventFollower(path: scratch.file(bytes), from: 0)
        var end = 0
        while let line = follower.next(atEnd: true) {
            precondition(line.end > end && line.end <= bytes.count, "lines do not follow one another")
            end = line.end
            _ = WorkerEvent(line: line.bytes)
        }
        // Zeros stand in place of bytes that need not be kept.
        precondition(bytes[end...].allSatisfy { $0 == 0 }, "bytes are left over")
    },
    FuzzTarget("worker-descriptions", seeds: { try [json(Samples.worker)] }) { bytes, _ in
        guard let worker = try? JSONText.decode(WorkerDescription.self, from: bytes) else { return }
        checkRoundTrip(worker)
        guard let keys = try? KeyTable(worker) else { return }
        for key in keys.own {
            guard let fallback = key.fallback else { continue }
            precondition(key.admit(fallback) != nil && !key.expected.isEmpty, "a default is out of range")
        }
    },
    FuzzTarget(
        text: "json-texts",
        seeds: {
            [#"{"a":[1,-2.5e3,true,null,"\u00e9\ud83d\ude00\n"],"b":{"c":9007199254740991}}"#, "[[[[]]]]", "1e400"]
        }
    ) { text in
        guard let value = JSONText.read(text), let canonical = try? JSONText.write(value) else { return }
        guard let again = JSONText.read(canonical) else { fatalError("\(canonical) cannot be read") }
        // A double beyond 2⁵³ comes back as the integer of its digits, which is written the same.
        precondition((try? JSONText.write(again)) == canonical, "\(canonical) came back as \(again)")
    },
]
