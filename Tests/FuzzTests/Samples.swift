import Foundation
import JobContract

/// Messages that go between the programs in a sweep without faults.
enum Samples {
    static let digest = Digest(of: "file".utf8)
    static let training = TrainingID(Digest(of: "training".utf8))
    static let trial = TrialID(Digest(of: "trial".utf8))
    static let job = JobID(Digest(of: "job".utf8))
    static let attempt = AttemptNumber(3)
    static let output = OutputFile(path: "weights", digest: digest, bytes: 2)
    static let request = MeasureRequest(
        measure: "memorization", version: 1, parameters: ["samples": 256, "sampler": "heun", "sigmas": [80, 0.5]])

    static let spec: [String: JSONValue] = [
        "dataset.digest": .string(digest.hex), "dataset.resolution": 8, "dataset.channels": 1, "dataset.size": 16,
        "dataset.part": ["index": 0, "of": 2], "dataset.subset_seed": 0, "dataset.held_out": 4, "dataset.flip": false,
        "model.architecture": "ddpmpp", "model.scale": 4, "model.multipliers": [1, 2], "model.blocks": 1,
        "model.attention": [4], "model.dropout": 0.1, "training.batch": 4, "training.learning_rate": 0.001,
        "training.warmup_images": 0, "training.ema_half_life_images": 500, "training.ema_ramp": 0.05,
        "training.preconditioning": "edm", "training.sigma_data": 0.5, "training.noise": "lognormal",
        "training.noise_mean": -1.2, "training.noise_std": 1.2, "training.objective": "denoising",
        "training.augment": 0, "seed": 0, "worker.name": "eigensweep-worker", "worker.numerics": 1,
    ]

    static var jobs: [JobDescription] {
        let tasks: [JobTask] = [
            .train(TrainTask(milestones: [2, 4, 8], resume: ResumePoint(steps: 1, state: digest))),
            .measure(MeasureTask(trial: trial, steps: 8, checkpoint: digest, measures: [request])),
        ]
        return tasks.map {
            JobDescription(job: job, attempt: attempt, training: training, spec: spec, dataset: digest, task: $0)
        }
    }

    static let events: [WorkerEvent] = [
        .started(.init(contract: 1, worker: "w", numerics: 1, build: "b", cpu: "c", kernels: "k")),
        .progress(.init(done: 3, of: 8, unit: "images", rate: 1.5, loss: 0.25)),
        .checkpoint(
            .init(
                steps: 8, milestone: true, weights: output, state: output, parameters: 9,
                losses: [.init(steps: 8, mean: 0.5)], seconds: 1.25)),
        .measure(
            .init(
                trial: trial, request: request, checkpoint: digest,
                rows: [
                    MeasureRow(quantity: "gl_score", value: 0.5, n: 256, stderr: 0.01),
                    MeasureRow(quantity: "distance", sigma: 80, position: 2, value: nil),
                ], artifacts: [Artifact(name: "sheet", mediaType: "image/png", file: output)], seconds: 2)),
        .paused(steps: 3), .finished, .failed(.init(kind: .missingInput, message: "no dataset")),
    ]

    static let worker = WorkerDescription(
        contract: 2, name: "eigensweep-worker", numerics: 1, deterministic: true, jobKinds: ["train", "measure"],
        architectures: ["ddpmpp"],
        measures: [
            request, MeasureRequest(measure: "gaussian-distance", version: 1, parameters: ["samples": 64, "seed": 0]),
        ],
        keys: [
            KeyDeclaration("model.patch", .integer, 4, least: 1, most: 16, step: 1, architectures: ["ddpmpp"], "m"),
            KeyDeclaration("own.words", .text, ["a"], choices: ["a", "b"], list: .init(least: 0, most: 2), "m"),
            KeyDeclaration("own.rate", .number, 0.5, above: 0, below: 1, "m"),
        ], reads: ["training.batch"],
        images: ImageDeclaration(resolution: .init(least: 1, most: 64), channels: [1, 3], float: true), build: "b",
        cpu: "c", kernels: "k", check: "d")

    static func orders() throws -> [AgentOrder] {
        [
            try AgentOrder(description: jobs[0], command: ["./w", "run"], uploads: ["w": digest]),
            try AgentOrder(description: jobs[1], command: ["eigensweep-worker"], uploads: [:], gpus: 2, onDevice: "w"),
        ]
    }

    static func coordinatorMessages() throws -> [CoordinatorMessage] {
        try orders().map(CoordinatorMessage.start) + [
            .hello(
                AgentHello(
                    agent: digest, catalogue: "c0", generation: 4, nonce: "n", directory: "~/.eigensweep", slots: 2,
                    threads: 1, environment: ["TMPDIR": "/scratch"], progressSeconds: 8)),
            .cancel(attempt), .acknowledge(attempt, offset: 1234), .release(attempt),
            .upload(transfer: 1, digest: digest, bytes: 77), .fetch(transfer: 2, digest: digest), .ping(5),
            .service(.relay(RelayPlace(directory: "~/.eigensweep", catalogue: "c0", kind: .slurm))),
            .relay(.submit(name: "es-c0-3-abc", queue)), .relay(.cancel(name: "es-c0-3-abc")),
            .relay(.open(channel: 7, name: "es-c0-3-abc")), .relay(.close(channel: 7)),
        ]
    }

    private static let queue = QueueSettings(
        partition: "cpu", account: "abc", seconds: 3600, cores: 16, memory: 1 << 35, gpus: 2,
        options: ["--constraint=rome"])

    static var agentMessages: [AgentMessage] {
        let states: [HeldAttempt.State] = [
            .backlog, .running, .ended(.exited(code: 0)), .ended(.signalled(signal: 9)), .ended(.vanished),
            .ended(.neverStarted(reason: "no memory")),
        ]
        let held = states.map { HeldAttempt(attempt: attempt, job: job, state: $0) }
        return [
            .greeting(AgentGreeting(digest: digest, machine: "0123456789abcdef")),
            .welcome(
                AgentWelcome(
                    HostFacts(machine: "m", boot: "b", cores: 8, memory: 1 << 34, cpu: "c", free: 1 << 40), held: held)),
            .denied(AgentRefusal(.agentFailed, "older")), .retiring, .accepted(attempt), .lacking(attempt, [digest]),
            .refused(attempt, AgentRefusal(.noSpace, "full")), .running(attempt),
            .ended(attempt, .exited(code: 1), diagnostics: "words"), .stored(transfer: 1),
            .notStored(transfer: 1, AgentRefusal(.transferFailed, "cut")), .sending(transfer: 2, bytes: 5),
            .notSending(transfer: 2, AgentRefusal(.transferFailed, "gone")), .pong(5), .served(.relaying),
            .served(.queueExamined(objection: "Invalid account", fileSystem: nil)), .relayed(.ready),
            .relayed(
                .standing(
                    AllocationStanding(
                        name: "es-c0-3-abc", state: .waiting, job: "17", words: "Priority", node: "n1"))),
            .relayed(.refused(name: "es-c0-3-abc", words: "no such partition")),
            .relayed(.closed(channel: 7, words: "gone")), .relayed(.mute(words: "no answer")),
            .ended(attempt, .stopped(.hostLeft, exit: nil), diagnostics: ""),
        ]
    }

    /// Whole conversations, one direction each.
    static func streams() throws -> [[UInt8]] {
        var sides: [[UInt8]] = [[], []]
        for message in try coordinatorMessages() { try AgentProtocol.frame(message).append(to: &sides[0]) }
        Chunk(transfer: 1, offset: 0, bytes: Array(repeating: 7, count: 77)[...]).frame.append(to: &sides[0])
        for message in agentMessages { try AgentProtocol.frame(message).append(to: &sides[1]) }
        Received(transfer: 1, bytes: 77).frame.append(to: &sides[1])
        for event in events {
            EventLine(attempt: attempt, end: 500, line: try json(event)[...]).frame.append(to: &sides[1])
        }
        return sides
    }
}
