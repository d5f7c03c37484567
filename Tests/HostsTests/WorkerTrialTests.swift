import Foundation
import JobContract
import SweepModel
import Testing

@testable import RemoteHosts

/// What `hosts check SWEEP` finds of a worker of a user's own on a real host.
@Suite(.serialized) struct WorkerTrialTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func description(numerics: Int = 1) -> WorkerDescription {
        WorkerDescription(
            contract: 2, name: "net", numerics: numerics, deterministic: false, jobKinds: ["train"],
            architectures: ["net"], measures: [], build: "1", cpu: "c", kernels: "k", check: "")
    }

    /// What is found of a worker with this text, which here describes itself as `description()` is.
    private func found(
        _ text: String, command: [String] = ["python3", "net.py"], environment: [String: String] = [:]
    ) throws -> HostFinding {
        try scratch.write(text, "net.py")
        try scratch.write("HERE = 'beside'\n", "eigensweep.py")
        var files: [String: (digest: Digest, path: String)] = [:]
        for name in ["net.py", "eigensweep.py"] {
            files[name] = (try Digest(ofFile: scratch.path(name)), scratch.path(name))
        }
        var host = scratch.localHost()
        host.environment = environment
        let visits = HostVisits(agentExecutable: TestPrograms.agent, options: .quick, interaction: NoInteraction())
        let examination = visits.examine(
            host, worker: nil, trial: WorkerTrial(command: command, uploads: files, description: description()))
        let findings = examination.findings.filter { $0.subject == "worker" }
        #expect(findings.count == 1 && examination.isUsable == (findings[0].level != .problem), "\(examination)")
        return try #require(findings.first)
    }

    private func saying(_ description: WorkerDescription) throws -> String {
        "print('''" + String(decoding: try JSONEncoder().encode(description), as: UTF8.self) + "''')\n"
    }

    @Test func theInterpreterThatWasFoundIsNamed() throws {
        let text = "import eigensweep, sys; print('a warning', file=sys.stderr); assert eigensweep.HERE\n"
        let finding = try found(text + saying(description()))
        #expect(finding.level == .note, "\(finding)")
        #expect(finding.words.contains("python3 is /usr/bin/python3 (Python 3."), "\(finding.words)")
        #expect(finding.words.hasSuffix(", and net describes itself"))
    }

    /// By the host's own `env`, as its attempts have it.
    @Test func anotherInterpreterIsFoundByTheHostsPath() throws {
        let folder = scratch.path("venv/bin")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let place = folder + "/python3"
        try FileManager.default.createSymbolicLink(atPath: place, withDestinationPath: "/usr/bin/python3")
        let finding = try found(
            try saying(description()), environment: ["PATH": "\(folder):/usr/bin:/bin"])
        #expect(finding.level == .note && finding.words.contains("python3 is \(place) (Python 3."), "\(finding.words)")
        let named = try found(try saying(description()), command: [place, "net.py"])
        #expect(named.words.contains("\(place) is \(place) (Python 3."), "\(named.words)")
    }

    @Test func aModuleThatIsMissingIsNamed() throws {
        let finding = try found("import json\nimport torch_of_nobody.nn\n")
        #expect(finding.level == .problem)
        #expect(finding.words.contains("python3 is /usr/bin/python3 (Python 3."), "\(finding.words)")
        #expect(finding.words.hasSuffix("; it has no module torch_of_nobody"), "\(finding.words)")
    }

    @Test func anotherFailureIsToldInItsLastWords() throws {
        let finding = try found("import sys\nsys.exit('the licence has run out')\n")
        #expect(finding.words.hasSuffix("ended with status 1: the licence has run out"), "\(finding.words)")
    }

    @Test func aProgramThatIsNotThereIsNamed() throws {
        let finding = try found("", command: ["python-of-nobody", "net.py"])
        #expect(
            finding.words == "python-of-nobody is not there (PATH is /usr/local/bin:/usr/bin:/bin)", "\(finding.words)")
        #expect(finding.advice.contains("env: {PATH: …}"))
    }

    @Test func anotherWorkerThanHereIsNamed() throws {
        let finding = try found(try saying(description(numerics: 2)))
        #expect(
            finding.words.contains("there it is net, numerics 2, contract 2, and here net, numerics 1, contract 2"),
            "\(finding.words)")
    }

    @Test func whatIsNoDescriptionIsShown() throws {
        let finding = try found("print('hello')\n")
        #expect(finding.words.contains("its description cannot be read: hello"), "\(finding.words)")
    }

    /// Neither is left on the host, whatever the worker wrote.
    @Test func nothingIsLeftBehind() throws {
        _ = try found("open('left', 'w').write('x'); import eigensweep\n" + saying(description()))
        let names = try FileManager.default.subpathsOfDirectory(atPath: scratch.localHost().directory)
        #expect(names.allSatisfy { !$0.contains("trial-") && !$0.hasSuffix("left") }, "\(names)")
    }
}
