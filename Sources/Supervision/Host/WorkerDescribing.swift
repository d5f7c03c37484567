import ContentStore
import Glibc
import JobContract

/// Has a stored worker describe itself on this host. The answer is kept for as long as the machine is not started
/// again: then it may have another CPU or another system. What a worker for devices says is not kept.
struct WorkerDescribing {
    let place: AgentPlace
    let store: ContentStore
    let request: DescriptionRequest

    private static let patience = 120.0

    private struct Kept: Codable {
        var boot: String
        var description: WorkerDescription
    }

    private var record: String { "\(place.root)/hosts/\(place.machine)/workers/\(request.worker.hex).json" }

    func answer() throws -> ServiceAnswer {
        if let bytes = Files.read(record), let kept = try? JSONText.decode(Kept.self, from: bytes),
            kept.boot == HostSurvey.boot(), store.isWhole(request.worker)
        {
            return .described(kept.description)
        }
        guard let path = store.wholeFile(request.worker) else { return .lacking(request.worker) }
        try store.makeExecutable(request.worker)
        var settings = ["PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C"]
        if let home = getenv("HOME") { settings["HOME"] = String(cString: home) }
        for (name, value) in request.environment
        where !name.isEmpty && !name.contains("=") && !(name + value).utf8.contains(0) {
            settings[name] = value
        }
        let program = PosixProgram(
            path: path, arguments: ["eigensweep-worker", "describe"],
            environment: settings.map { "\($0.key)=\($0.value)" }.sorted())
        let ended = try program.run(seconds: Self.patience)
        let words = String(decoding: ended.output.suffix(500), as: UTF8.self)
        guard ended.code == 0 else {
            let how =
                ended.isLate
                ? "had not described itself after \(Int(Self.patience)) s and was ended"
                : ended.code < 0 ? "was ended by signal \(-ended.code)" : "ended with status \(ended.code)"
            return .mute("the worker \(how)\(words.isEmpty ? "" : ": \(words)")")
        }
        guard let description = try? JSONText.decode(WorkerDescription.self, from: ended.output) else {
            return .mute("the worker's description cannot be read: \(words.prefix(200))")
        }
        // A device comes and goes with its driver, and with what the hosts file says of it.
        guard description.device == nil else { return .described(description) }
        try Files.makeDirectory("\(place.root)/hosts/\(place.machine)/workers")
        let kept = try JSONText.encode(Kept(boot: HostSurvey.boot(), description: description))
        try Files.write(kept, to: record, durably: false)
        return .described(description)
    }
}
