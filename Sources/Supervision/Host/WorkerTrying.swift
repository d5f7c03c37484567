import ContentStore
import Glibc
import JobContract

/// Has a worker of a user's own describe itself here, with its files beside it and the environment of its attempts.
struct WorkerTrying {
    let place: AgentPlace
    let store: ContentStore
    let request: WorkerTrialRequest

    /// A cold file system takes its time to give up a large library.
    private static let patience = 120.0

    func answer() throws -> ServiceAnswer {
        let names = request.uploads.keys
        guard request.command.first?.isEmpty == false, names.allSatisfy(PlainName.isComponent),
            !(request.command + request.environment.flatMap { [$0, $1] }).contains(where: { $0.utf8.contains(0) })
        else { return .refused(AgentRefusal(.protocolViolation, "the command or a file of the worker has no name")) }
        if let lacking = request.uploads.values.first(where: { store.wholeFile($0) == nil }) {
            return .lacking(lacking)
        }
        let settings = WorkerLauncher.environment(request.environment)
        let path = settings["PATH"] ?? ""
        let folder = "\(place.root)/hosts/\(place.machine)/trial-\(getpid())"
        Files.removeTree(folder)
        try Files.makeDirectory(folder)
        defer { Files.removeTree(folder) }
        for (name, digest) in request.uploads {
            try WorkerLauncher.place(digest, of: store, as: "\(folder)/\(name)")
        }
        var program = WorkerLauncher.program(request.command[0], in: folder, path: path)
        if !program.hasPrefix("/") { program = "\(folder)/\(program)" }
        guard access(program, X_OK) == 0 else { return .tried(WorkerTrialReport(program: nil, path: path)) }
        let isUpload = program.hasPrefix(folder + "/")
        var report = WorkerTrialReport(program: isUpload ? request.command[0] : program, path: path)
        let variables = settings.map { "\($0.key)=\($0.value)" }.sorted()
        func run(_ arguments: [String], seconds: Double) throws(AgentRefusal) -> PosixProgram.Ended {
            try PosixProgram(path: program, arguments: arguments, environment: variables, directory: folder)
                .run(seconds: seconds)
        }
        if !isUpload, program.split(separator: "/").last?.hasPrefix("python") == true {
            let said = try run([request.command[0], "--version"], seconds: 10)
            let line = said.output.prefix { $0 != UInt8(ascii: "\n") }
            if said.code == 0 { report.version = String(decoding: line.prefix(80), as: UTF8.self) }
        }
        let ended = try run(request.command + ["describe"], seconds: Self.patience)
        report.exit = ended.isLate ? nil : ended.code
        report.words = String(decoding: ended.output.suffix(1000), as: UTF8.self)
        if ended.code == 0 { report.description = Self.description(in: ended.output) }
        return .tried(report)
    }

    /// Libraries may warn, before and after.
    private static func description(in output: [UInt8]) -> WorkerDescription? {
        if let whole = try? JSONText.decode(WorkerDescription.self, from: output) { return whole }
        return output.split(separator: UInt8(ascii: "\n")).lazy
            .compactMap { try? JSONText.decode(WorkerDescription.self, from: Array($0)) }.first
    }
}
