import Foundation
import JobContract
import Testing

/// On a host whose processes may have little address space the worker says so, and neither spins nor traps without words.
@Suite struct LittleMemoryTests {
    private func run(_ kilobytes: Int, _ arguments: [String], in directory: URL) throws -> (status: Int32, said: String)
    {
        let worker = try WorkerProgram.ours.start(
            arguments: arguments, in: directory,
            wrapper: ["/bin/sh", "-c", "ulimit -v \(kilobytes); exec timeout 60 \"$@\"", "sh"])
        let status = try worker.wait()
        return (status, try String(contentsOf: worker.errors, encoding: .utf8))
    }

    @Test(arguments: [90_000, 120_000, 150_000]) func describeSaysThatItHasNoMemory(kilobytes: Int) throws {
        let sandbox = try Sandbox()
        let (status, said) = try run(kilobytes, ["describe"], in: try sandbox.newAttempt())
        #expect(status == 1)
        #expect(said.contains("too little memory") || said.contains("no memory left"), "\(said)")
    }

    @Test func trainingSaysThatItHasNoMemory() throws {
        let sandbox = try Sandbox()
        let directory = try sandbox.newAttempt()
        let sweep = """
            name: large
            dataset: {source: sines, resolution: 32, size: 16, held_out: 0, count: 16}
            model: {architecture: ddpmpp, scale: 64}
            training: {steps: 2, batch: 64}
            """
        try Data(sweep.utf8).write(to: directory.appendingPathComponent("large.yaml"))
        let (status, said) = try run(200_000, ["train", "large.yaml"], in: directory)
        #expect(status == 1)
        #expect(said.contains("there is no memory left: this process may have 195 MiB"), "\(said.suffix(300))")
    }

    /// The coordinator hears of it as of any other host that cannot do the job.
    @Test func aJobFailsAsTheHosts() throws {
        let sandbox = try Sandbox()
        let dataset = try sandbox.keep(Sandbox.dataset())
        let job = JobDescription(
            .train(.init(milestones: [3])), spec: smallSpec(dataset: dataset, changing: ["model.scale": 256]),
            dataset: dataset, in: sandbox)
        let limited = ["/bin/sh", "-c", "ulimit -v 200000; exec \"$@\"", "sh"]
        let failed = try WorkerProgram.ours.start(job, in: sandbox.newAttempt(), wrapper: limited).failure()
        #expect(failed.kind == .unfitHost && failed.message.contains("too little memory"))
    }
}
