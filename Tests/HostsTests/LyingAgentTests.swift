import Foundation
import JobContract
import SweepModel
import Testing

/// Agents that speak the protocol and say what cannot be, or something that is no part of it.
@Suite(.serialized)
struct LyingAgentTests {
    private static let digest = Digest(of: Array("agent".utf8))
    private static let welcome = AgentWelcome(
        HostFacts(machine: "m", boot: "b", cores: 2, memory: 1 << 34, cpu: "c", free: 1 << 40), held: [])

    private static func bytes(_ messages: [AgentMessage]) throws -> [UInt8] {
        try messages.reduce(into: []) { try AgentProtocol.frame($1).append(to: &$0) }
    }

    /// What an agent says behind its greeting, and a word that must be told of it.
    private static var speeches: [(String, [UInt8], String)] {
        get throws {
            var negative = welcome
            negative.facts.cores = -3
            var last = welcome
            last.held = [HeldAttempt(attempt: AttemptNumber(.max), job: JobID(digest), state: .running)]
            var other = welcome
            other.facts.machine = "another"
            return [
                ("negative cores", try bytes([.welcome(negative)]), "the number of its cores is -3"),
                ("the last of all numbers", try bytes([.welcome(last)]), "9223372036854775807"),
                ("another machine", try bytes([.welcome(other)]), "greeted as machine m and is another"),
                ("garbage", Array("Segmentation fault\n".utf8), "a frame of unknown kind"),
                ("a huge frame", [0, 0, 0, 0x7f, 1], "the limit is"),
                ("a second greeting", try bytes([.greeting(AgentGreeting(digest: digest, machine: "m"))]), "greeting"),
                (
                    "a huge exit code",
                    try bytes([.welcome(welcome), .ended(AttemptNumber(1), .exited(code: .min), diagnostics: "")]),
                    "an exit code is"
                ),
            ]
        }
    }

    @Test func `a message that cannot be is refused in words, and the host not used any more`() throws {
        for (what, speech, words) in try Self.speeches {
            let scratch = try Scratch()
            let greeting = try Self.bytes([.greeting(AgentGreeting(digest: Self.digest, machine: "m"))])
            try Data(AgentProtocol.preamble + greeting + speech).write(to: URL(fileURLWithPath: scratch.path("speech")))
            try scratch.write("#!/bin/sh\ncat \(scratch.path("speech"))\nsleep 10\n", "agent")
            chmod(scratch.path("agent"), 0o755)
            let coordinator = try TestCoordinator([scratch.localHost()], scratch: scratch, agent: scratch.path("agent"))
            defer { coordinator.close() }
            let failure = try #require(coordinator.wait("\(what)") { !$0.failures.isEmpty }.failures.first)
            #expect(failure.kind == .protocolViolation && !failure.isTransient, "\(what): \(failure)")
            #expect(failure.message.contains(words), "\(what): \(failure)")
        }
    }
}
