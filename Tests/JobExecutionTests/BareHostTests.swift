import Foundation
import JobContract
import Testing

enum MountNamespaces {
    /// Whether this user may make mount namespaces.
    static let areAllowed: Bool = {
        guard geteuid() == 0 else { return false }
        let probe = Process()
        probe.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
        probe.arguments = ["--mount", "--pid", "--fork", "true"]
        probe.standardError = FileHandle.nullDevice
        guard (try? probe.run()) != nil else { return false }
        probe.waitUntilExit()
        return probe.terminationStatus == 0
    }()
}

/// Hosts that have nothing: an empty root with only /proc, and a full disk.
@Suite(
    .serialized,
    .enabled(
        if: MountNamespaces.areAllowed, "a mount namespace needs root and unshare, which this machine does not give"))
struct BareHostTests {
    private let sandbox: Sandbox
    private let dataset: Digest

    init() throws {
        sandbox = try Sandbox()
        dataset = try sandbox.keep(Sandbox.dataset())
    }

    /// A command that runs what follows after `script`, in a namespace of its own.
    private func inNamespace(_ script: String) -> [String] {
        ["/usr/bin/unshare", "--mount", "--pid", "--fork", "/bin/sh", "-ec", script + #"; exec "$@""#, "sh"]
    }

    @Test func theWorkerNeedsNothingButItself() throws {
        let worker = try Data(contentsOf: URL(fileURLWithPath: WorkerProgram.ours.command[0]), options: .alwaysMapped)
        let empty = sandbox.root.appendingPathComponent("empty")
        try FileManager.default.createDirectory(
            at: empty.appendingPathComponent("proc"), withIntermediateDirectories: true)
        try worker.write(to: empty.appendingPathComponent("worker"))
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o755], ofItemAtPath: empty.appendingPathComponent("worker").path)
        try FileManager.default.moveItem(
            at: URL(fileURLWithPath: sandbox.store), to: empty.appendingPathComponent("store"))
        var job = JobDescription(
            .train(.init(milestones: [2])), spec: smallSpec(dataset: dataset), dataset: dataset, in: sandbox)
        job.store = "/store"

        let wrapper = inNamespace("mount -t proc proc '\(empty.path)/proc'") + ["/usr/sbin/chroot", empty.path]
        let program = WorkerProgram(command: ["/worker"], architecture: "ddpmpp")
        let inside = try program.start(job, in: sandbox.newAttempt(), wrapper: wrapper)
        let events = try inside.finish()
        #expect(events.last == .finished && events.milestones.count == 1)
        // The worker is chrooted, so its working directory is the root.
        let weights = try #require(events.milestones.first?.weights)
        #expect(Digest(of: try Data(contentsOf: empty.appendingPathComponent(weights.path))) == weights.digest)

        let outside = try WorkerProgram.ours.describe(in: sandbox.newAttempt())
        let described = try program.start(arguments: ["describe"], in: sandbox.newAttempt(), wrapper: wrapper)
        #expect(try described.wait() == 0)
        #expect(
            try JSONDecoder().decode(WorkerDescription.self, from: Data(contentsOf: described.output)) == outside)
    }

    @Test func aFullDiskIsTheHostsFault() throws {
        let job = JobDescription(
            .train(.init(milestones: [2])), spec: smallSpec(dataset: dataset), dataset: dataset, in: sandbox)
        let directory = try sandbox.newAttempt()
        let small = directory.appendingPathComponent("small")
        try FileManager.default.createDirectory(at: small, withIntermediateDirectories: true)
        let wrapper = inNamespace("mount -t tmpfs -o size=8k small '\(small.path)'; cd '\(small.path)'")
        let failure = try WorkerProgram.ours.start(job, in: directory, wrapper: wrapper).failure()
        #expect(failure.kind == .noSpace && failure.message.contains("-2.safetensors"))
    }
}
