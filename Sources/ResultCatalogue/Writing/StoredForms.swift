import Foundation
import GRDB
import JobContract
import SweepModel

/// Values of the sweep model as columns hold them.
enum StoredForms {
    static func columns(_ training: Training) throws -> StatementArguments {
        func text(_ key: String) -> String? { training[key]?.stringValue }
        func integer(_ key: String) -> Int? { training[key]?.integerValue }
        return [
            training.id.hex, text("dataset.generator") ?? text("dataset.digest") ?? samples(training),
            integer("dataset.size"),
            part(training["dataset.part"]), integer("dataset.resolution"), text("model.architecture"),
            integer("model.scale"), integer("training.batch") ?? 1, integer("seed"), worker(training),
            String(decoding: try training.specText, as: UTF8.self),
        ]
    }

    /// What stands for a teacher's samples among datasets.
    private static func samples(_ training: Training) -> String? {
        training["dataset.samples"]?.objectValue.flatMap(SamplesSource.init)?.words
    }

    /// The trials of a comparison as a JSON list, its own first; empty for a measure of one trial.
    static func members(of trial: TrialID, _ request: MeasureRequest) throws -> String {
        let others = request.others
        return others.isEmpty ? "" : try JSONText.write(([trial] + others).map(\.hex))
    }

    /// The request of a comparison of `members`, which are stored as `members(of:_:)` writes them.
    static func comparison(_ request: MeasureRequest, of members: String) -> MeasureRequest {
        let others = JSONText.read(members)?.arrayValue?.dropFirst() ?? []
        return request.comparing(with: others.compactMap { $0.stringValue.flatMap(TrialID.init(hex:)) })
    }

    /// "1/2" for the second of two parts.
    private static func part(_ value: JSONValue?) -> String? {
        guard let object = value?.objectValue, let index = object["index"]?.integerValue,
            let count = object["of"]?.integerValue
        else { return nil }
        return "\(index)/\(count)"
    }

    /// The worker's name and numerics version.
    private static func worker(_ training: Training) -> String? {
        guard let name = training["worker.name"]?.stringValue else { return nil }
        return training["worker.numerics"]?.integerValue.map { worker(name, numerics: $0) } ?? name
    }

    static func worker(_ name: String, numerics: Int) -> String { "\(name)/\(numerics)" }

    /// A worker's files by name.
    static func files(_ files: [String: Digest]) throws -> String {
        String(decoding: try CanonicalJSON.encode(.object(files.mapValues { .string($0.hex) })), as: UTF8.self)
    }

    static func text(_ dataset: DatasetRequest) throws -> String {
        try JSONText.write([
            "source": .string(dataset.source), "resolution": .integer(Int64(dataset.resolution)),
            "channels": .integer(Int64(dataset.channels)), "parameters": .object(dataset.parameters),
        ])
    }

    static func dataset(_ text: String) -> DatasetRequest? {
        guard let object = JSONText.object(text), let source = object["source"]?.stringValue,
            let resolution = object["resolution"]?.integerValue, let channels = object["channels"]?.integerValue
        else { return nil }
        return DatasetRequest(
            source: source, resolution: resolution, channels: channels,
            parameters: object["parameters"]?.objectValue ?? [:])
    }

    static func text(_ needs: JobNeeds) throws -> String {
        var stored: [String: JSONValue] = [
            "memory": needs.memory.map { .integer(Int64($0)) } ?? .null,
            "tags": .array(needs.tags.sorted().map(JSONValue.string)),
        ]
        if needs.gpus > 0 { stored["gpus"] = .integer(Int64(needs.gpus)) }
        return try JSONText.write(stored)
    }

    static func needs(_ text: String) -> JobNeeds {
        let object = JSONText.object(text) ?? [:]
        return JobNeeds(
            memory: object["memory"]?.integerValue, tags: Set(strings(object["tags"])),
            gpus: object["gpus"]?.integerValue ?? 0)
    }

    /// Nil for a host that tells of none.
    static func text(_ gpus: [GPUFacts]?) throws -> String? {
        guard let gpus else { return nil }
        return String(decoding: try JSONText.encode(gpus), as: UTF8.self)
    }

    static func gpus(_ text: String?) -> [GPUFacts]? {
        text.flatMap { try? JSONText.decode([GPUFacts].self, from: Array($0.utf8)) }
    }

    static func text(_ worker: WorkerCommand) throws -> String {
        var stored: [String: JSONValue] = [
            "command": .array(worker.command.map(JSONValue.string)),
            "upload": .array(worker.upload.map(JSONValue.string)),
        ]
        stored["measures"] = worker.measures.map(JSONValue.string)
        return try JSONText.write(stored)
    }

    static func worker(_ text: String) -> WorkerCommand {
        let object = JSONText.object(text) ?? [:]
        return WorkerCommand(
            command: strings(object["command"]), upload: strings(object["upload"]),
            measures: object["measures"]?.stringValue)
    }

    static func text(_ task: JobTask) throws -> String {
        String(decoding: try JSONText.encode(task), as: UTF8.self)
    }

    /// Nil for a text of another release that this one cannot read.
    static func task(_ text: String) -> JobTask? { try? JSONText.decode(JobTask.self, from: text.utf8) }

    static func strings(_ value: JSONValue?) -> [String] { value?.arrayValue?.compactMap(\.stringValue) ?? [] }
}
