import CPosix
import Foundation
import JobContract
import SweepModel
import Testing

/// The agent by itself: where nothing is installed, and against callers that do not speak its language.
@Suite(.serialized)
struct BareHostTests {
    /// Starts the agent's bridge, gives it `input` after its greeting, and returns what it answered.
    private func answer(to input: [UInt8], program: [String], environment: [String: String]) throws -> [AgentMessage] {
        let (toAgent, fromAgent) = (Pipe(), Pipe())
        let process = try ChildProgram.start(
            program + ["connect"], environment: environment, input: toAgent.fileHandleForReading.fileDescriptor,
            output: fromAgent.fileHandleForWriting.fileDescriptor)
        try toAgent.fileHandleForReading.close()
        try fromAgent.fileHandleForWriting.close()
        try toAgent.fileHandleForWriting.write(contentsOf: Data(input))
        var bytes: [UInt8] = []
        var messages: [AgentMessage] = []
        var polled = pollfd(fd: fromAgent.fileHandleForReading.fileDescriptor, events: Int16(POLLIN), revents: 0)
        // Waits for the greeting and one answer; then nothing more comes in.
        while messages.count < 2, poll(&polled, 1, 20_000) > 0 {
            let data = fromAgent.fileHandleForReading.availableData
            if data.isEmpty { break }
            bytes += data
            guard bytes.starts(with: AgentProtocol.preamble) || bytes.count < AgentProtocol.preamble.count else {
                break
            }
            var reader = FrameReader()
            reader.push(bytes.dropFirst(AgentProtocol.preamble.count))
            messages = []
            while let frame = try reader.next() {
                if frame.kind == .control { messages.append(try AgentProtocol.message(AgentMessage.self, in: frame)) }
            }
        }
        try toAgent.fileHandleForWriting.close()
        waitpid(process, nil, 0)
        return messages
    }

    private func hello(_ directory: String) throws -> [UInt8] {
        let hello = AgentHello(
            agent: Digest(of: [0]), catalogue: "bare", generation: 1, nonce: "n", directory: directory, slots: 1,
            threads: 1, environment: [:])
        var bytes: [UInt8] = []
        try AgentProtocol.frame(CoordinatorMessage.hello(hello)).append(to: &bytes)
        return bytes
    }

    @Test(
        .enabled(
            if: getuid() == 0 && FileManager.default.isExecutableFile(atPath: "/usr/sbin/chroot"),
            "an empty root is made as root"))
    func `the agent runs in an empty root that has only proc`() throws {
        let scratch = try Scratch()
        let root = scratch.path("root")
        try FileManager.default.createDirectory(atPath: root + "/proc", withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: TestPrograms.agent, toPath: root + "/agent")
        // The agent has a mount namespace of its own, so that the mount goes with its processes.
        let enter = "mount -t proc proc \(root)/proc && exec chroot \(root) /agent \"$@\""
        let messages = try answer(
            to: hello("/eigensweep"), program: ["/usr/bin/unshare", "--mount", "/bin/sh", "-c", enter, "sh"],
            environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"])
        defer {
            for pid in Scratch.processes(rootedIn: root) { kill(pid, SIGKILL) }
            try? scratch.waitUntil("the agent is gone") { Scratch.processes(rootedIn: root).isEmpty }
        }
        guard messages.count == 2, case .greeting(let greeting) = messages[0] else {
            Issue.record("\(messages)"); return
        }
        #expect(greeting.digest == Digest(of: try Data(contentsOf: URL(fileURLWithPath: TestPrograms.agent))))
        // The digest given is another agent's, so that this one, which has nothing to do, gives way. It spoke, so the
        // daemon runs.
        #expect(messages[1] == .retiring)
        #expect(FileManager.default.fileExists(atPath: root + "/eigensweep/hosts/\(greeting.machine)/bare/lock"))
    }

    @Test(arguments: [
        Array("GET / HTTP/1.1\r\n\r\n".utf8), [UInt8](repeating: 0xff, count: 64),
        Frame(.control, Array("{}".utf8)).bytes,
        Chunk(transfer: 1, offset: 0, bytes: [1][...]).frame.bytes,
    ])
    func `a caller that speaks another language is turned away in words`(_ input: [UInt8]) throws {
        let scratch = try Scratch()
        let messages = try answer(to: input, program: [TestPrograms.agent], environment: ["HOME": scratch.directory])
        guard messages.count == 2, case .denied(let refusal) = messages[1] else { Issue.record("\(messages)"); return }
        #expect(refusal.kind == .protocolViolation)
        #expect(scratch.agents.isEmpty)
    }

    @Test(arguments: ["relative", "", "/x\0y"]) func `a directory that is none is refused`(_ directory: String) throws {
        let scratch = try Scratch()
        let messages = try answer(
            to: hello(directory), program: [TestPrograms.agent], environment: ["HOME": scratch.directory])
        guard messages.count == 2, case .denied = messages[1] else { Issue.record("\(messages)"); return }
    }

    @Test func `garbage after hello ends the connection and not the agent`() throws {
        let scratch = try Scratch()
        let coordinator = try TestCoordinator([scratch.localHost()], scratch: scratch)
        defer { coordinator.close() }
        try coordinator.waitForConnection()
        let agents = scratch.agents
        var bytes = try hello(scratch.path("host"))
        bytes += [UInt8](repeating: 0xee, count: 4096)
        _ = try answer(to: bytes, program: [TestPrograms.agent], environment: ["HOME": scratch.directory])
        #expect(scratch.agents.contains { agents.contains($0) })
    }
}

extension Frame {
    fileprivate var bytes: [UInt8] {
        var bytes: [UInt8] = []
        append(to: &bytes)
        return bytes
    }
}

extension Scratch {
    /// Processes whose root directory is `root`.
    fileprivate static func processes(rootedIn root: String) -> [pid_t] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { pid_t($0) }.filter {
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\($0)/root")) == root
        }
    }
}
