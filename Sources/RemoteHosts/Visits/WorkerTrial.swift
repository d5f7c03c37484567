import JobContract
import SweepModel

/// A worker of a user's own, to be tried on hosts.
package struct WorkerTrial: Sendable {
    /// The argument vector, without the subcommand.
    package var command: [String]
    /// The files beside it: by name, with a file of that content on this machine.
    package var uploads: [String: (digest: Digest, path: String)]
    /// What it says of itself on this machine.
    package var description: WorkerDescription

    package init(
        command: [String], uploads: [String: (digest: Digest, path: String)], description: WorkerDescription
    ) {
        self.command = command
        self.uploads = uploads
        self.description = description
    }

    /// Brings what is missing there and has it describe itself.
    func run(on host: HostSpec, _ visit: inout HostConversation) throws(HostFailure) -> ServiceAnswer {
        let question = ServiceRequest.tryWorker(
            WorkerTrialRequest(
                directory: host.directory, command: command, uploads: uploads.mapValues(\.digest),
                environment: host.environment))
        for _ in uploads {
            guard case .lacking(let digest) = try visit.ask(question, seconds: 150),
                let file = uploads.values.first(where: { $0.digest == digest })
            else { break }
            try visit.upload(digest, from: file.path)
        }
        return try visit.ask(question, seconds: 150)
    }

    /// What a trial there shows: which program was found, and what keeps it from working.
    func finding(_ report: WorkerTrialReport, on host: HostName) -> HostFinding {
        guard let program = report.program else {
            return HostFinding(
                host, .problem, "worker", "\(command[0]) is not there (PATH is \(HostWords.line(report.path)))",
                "install it there, or say where it is: env: {PATH: …} in the hosts file, or its path as worker.command")
        }
        let name =
            "\(command[0]) is \(HostWords.line(program))" + (report.version.map { " (\(HostWords.line($0)))" } ?? "")
        func problem(_ words: String, _ advice: String) -> HostFinding {
            HostFinding(host, .problem, "worker", "\(name); \(words)", advice)
        }
        guard let exit = report.exit else {
            return problem(
                "it had not described itself in time and was ended", "run it there by hand to see what it waits for")
        }
        guard exit == 0 else {
            let last = report.words.split(separator: "\n").last.map(String.init) ?? "it said nothing"
            if let module = Self.missingModule(last) {
                return problem(
                    "it has no module \(HostWords.line(module))",
                    "install it there for this Python, or name one that has it: env: {PATH: …} in the hosts file")
            }
            let how = exit < 0 ? "was ended by signal \(-exit)" : "ended with status \(exit)"
            return problem("the worker \(how): \(HostWords.line(last))", "run it there by hand: describe")
        }
        guard let there = report.description else {
            return problem(
                "its description cannot be read: \(HostWords.line(String(report.words.prefix(200))))",
                "run it there by hand: describe")
        }
        guard there.name == description.name, there.numerics == description.numerics,
            there.contract == description.contract
        else {
            return problem(
                "there it is \(there.name), numerics \(there.numerics), contract \(there.contract), and here "
                    + "\(description.name), numerics \(description.numerics), contract \(description.contract)",
                "let the same program run there")
        }
        return HostFinding(host, .note, "worker", "\(name), and \(description.name) describes itself")
    }

    /// The module that Python names in its last line, where that is why it ended.
    static func missingModule(_ line: String) -> String? {
        let parts = line.components(separatedBy: "No module named ")
        guard line.hasPrefix("ModuleNotFoundError"), parts.count == 2 else { return nil }
        return parts[1].split(separator: "'").first.map(String.init)
    }
}
