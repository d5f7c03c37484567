import ArgumentParser
import CPosix
import ContentStore
import Coordination
import Foundation
import JobContract
import RemoteHosts
import ResultCatalogue
import Scheduling
import SweepFiles
import SweepModel

/// A sweep of a million jobs, half of them trainings and half measures of what these leave.
enum FleetJobs {
    static let text = """
        name: fleet
        dataset: {source: geometric, resolution: 8, channels: 1, count: 64, size: 4, held_out: 4}
        model: {multipliers: [1], attention: [], scale: 4}
        grid:
          seed: {range: [0, 500000]}
          training.steps: [100]
        measures: [nothing]
        worker: {command: [./noop]}
        """
    private static let workerText = #"""
        {"contract":1,"name":"noop","numerics":1,"deterministic":true,"jobKinds":["train","measure"],
        "architectures":["ddpmpp"],"measures":[{"measure":"nothing","version":1,"parameters":{}}],"build":"1","cpu":"",
        "kernels":"","check":""}
        """#

    /// A worker that takes no time.
    static func worker() throws -> WorkerDescription {
        try JSONDecoder().decode(WorkerDescription.self, from: Data(workerText.utf8))
    }

    static func sweep() throws -> ExpandedSweep {
        try SweepFile(text: text, file: "fleet.yaml").expand(worker: worker()) { _ in
            DatasetIdentity(keys: ["dataset.generator": "geometric", "dataset.generator_version": 1], images: 64)
        }.sweep
    }
}

extension EigensweepBench {
    struct MakeFleetJobs: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "make-fleet-jobs", abstract: "Make a catalogue with a million jobs.")
        @Argument(help: "The catalogue.")
        var path: String

        func run() throws {
            let catalogue = try Catalogue(path: path)
            let sweep = try FleetJobs.sweep()
            try BenchUsage.measure("stored \(sweep.trials.count.formatted()) trainings, each measured") {
                _ = try catalogue.store(sweep)
            }
        }
    }

    struct Fleet: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "A coordinator with many hosts, which another process plays over the real protocol.")
        @Argument(help: "A directory with the catalogue that make-fleet-jobs made as `fleet.sqlite`.")
        var directory: String
        @Option var hosts = 100
        @Option(help: "Slots of each host.") var slots = 4
        @Option(help: "Seconds that a job takes.") var seconds = 60.0
        @Option(help: "Seconds between two reports of a job's progress.") var progress = 1.0
        @Option(help: "Bytes that a training leaves.") var weights = 16384
        @Option(help: "Seconds to settle once all slots are taken: backlogs fill meanwhile.") var settle = 80.0
        @Option(help: "Seconds to measure.") var window = 60.0
        @Option(help: "Seconds in which all slots must be taken.") var patience = 400.0

        /// Descriptors that the coordinator needs: for each host its connection and what wakes its thread; all others.
        private static let descriptors = (ofHost: 2, others: 1500)

        mutating func run() throws {
            let allowed = BenchFiles.allow(Self.descriptors.ofHost * hosts + Self.descriptors.others)
            let most = (allowed - Self.descriptors.others) / Self.descriptors.ofHost
            if most < hosts {
                print("fleet of \(hosts): this process may have \(allowed) descriptors, so there are \(most) hosts")
                hosts = most
            }
            let stage = try Stage(self)
            defer { stage.end() }
            let synchronisations = Disk.synchronisations(in: directory)
            let meter = try Meter(self, stage)
            try meter.fill()
            try meter.measure(disk: synchronisations)
            // Exits at once, since to end thousands of connections one by one takes long.
            stage.end()
            fflush(nil)
            _exit(0)
        }
    }
}

/// The process that plays the hosts.
private final class Stage {
    let socket: String
    private let process = Process()
    private let questions = Pipe()
    private let answers = Pipe()

    init(_ fleet: EigensweepBench.Fleet) throws {
        socket = "\(fleet.directory)/hosts"
        unlink(socket)
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = [
            "played-hosts", socket, "--hosts", "\(fleet.hosts)", "--slots", "\(fleet.slots)", "--seconds",
            "\(fleet.seconds)", "--progress", "\(fleet.progress)", "--weights", "\(fleet.weights)",
        ]
        process.standardInput = questions
        process.standardOutput = answers
        try process.run()
        while access(socket, F_OK) != 0 { usleep(10_000) }
        usleep(100_000)
    }

    /// What the process says of itself: bytes to and from hosts, jobs, and seconds that it computed.
    struct Counts { var toHosts = 0, fromHosts = 0, ended = 0, running = 0, processor = 0.0 }

    func counts() -> Counts {
        questions.fileHandleForWriting.write(Data("\n".utf8))
        let words = String(decoding: answers.fileHandleForReading.availableData, as: UTF8.self).split(separator: " ")
        guard words.count == 5, let processor = Double(words[4].dropLast()) else { return Counts() }
        let numbers = words.prefix(4).map { Int($0) ?? 0 }
        return Counts(
            toHosts: numbers[0], fromHosts: numbers[1], ended: numbers[2], running: numbers[3], processor: processor)
    }

    func end() { process.terminate() }
}

/// Runs the coordinator, and measures what it uses.
private final class Meter {
    private let fleet: EigensweepBench.Fleet
    private let stage: Stage
    private let inbox = CountingInbox()
    private let catalogue: CountingCatalogue
    private let observer = FleetObserver()
    private let hosts: HostFleet
    private let coordinator: Coordinator

    init(_ fleet: EigensweepBench.Fleet, _ stage: Stage) throws {
        self.fleet = fleet
        self.stage = stage
        let opened = try Catalogue(path: "\(fleet.directory)/fleet.sqlite")
        catalogue = CountingCatalogue(opened)
        let reader = opened.reader
        guard let sweep = try reader.sweep(named: "fleet") else { throw ValidationError("there is no sweep \"fleet\"") }
        let generation = try opened.beginGeneration()
        let store = try ContentStore(directory: "\(fleet.directory)/store")
        let data = try store.put([UInt8](repeating: 7, count: 16384))
        let program = "\(fleet.directory)/agent"
        try Data("agent".utf8).write(to: URL(fileURLWithPath: program))
        let specs = (0..<fleet.hosts).map { HostSpec(name: "host\($0)", transport: .libssh, slots: fleet.slots) }
        let socket = stage.socket
        hosts = HostFleet(
            hosts: specs, catalogue: "bench", generation: generation, depot: store, agent: AgentProgram(path: program),
            dial: { _ in (try? BenchFiles.socket(at: socket) { connect($0, $1, $2) }) ?? -1 },
            deliver: { [queue = inbox.queue] host, report in queue.post(.host(host, report)) })
        let prepared = PreparedSweep(
            sweep: sweep, datasets: sweep.trainings.mapValues { _ in data }, command: ["noop"])
        coordinator = Coordinator(
            configuration: CoordinationConfiguration(
                sweeps: [prepared], hosts: specs, holdings: try reader.holdings(of: sweep.trainings.keys),
                firstAttempt: try reader.nextAttemptNumber()),
            fleet: hosts, inbox: inbox, catalogue: catalogue, clock: SystemAwakeClock(), observer: observer)
        try coordinator.performFirstActions()
    }

    /// Runs until every slot of every host is taken, and then `settle` seconds more.
    func fill() throws {
        let (before, memory) = (BenchUsage.now, Self.status("VmRSS"))
        hosts.start()
        let goal = fleet.hosts * fleet.slots
        while observer.running < goal {
            try coordinator.step()
            // The clock alone: to ask what this process has used looks at every thread.
            guard posix_monotonic_seconds() - before.wall < fleet.patience else {
                print(
                    "fleet of \(fleet.hosts): in \(Int(fleet.patience)) s \(observer.connected) hosts were connected and "
                        + "\(observer.running) of \(goal) slots taken")
                break
            }
        }
        let used = BenchUsage.now - before
        print(
            "fleet of \(fleet.hosts): \(observer.connected) hosts connected and \(observer.running) jobs begun in "
                + "\(used.text); resident \(memory / 1024) MiB before, \(Self.status("VmRSS") / 1024) now")
        fflush(nil)
        let settled = posix_monotonic_seconds() + fleet.settle
        while posix_monotonic_seconds() < settled { try coordinator.step() }
    }

    /// Runs for `window` seconds, and prints what that took.
    /// - Parameter disk: synchronisations a second of which the disk is capable.
    func measure(disk: Double) throws {
        let (before, loop, counts) = (BenchUsage.now, Self.threadSeconds, stage.counts())
        let (commits, changes, waited, inputs) = (catalogue.commits, catalogue.changes, catalogue.seconds, inbox.taken)
        let end = posix_monotonic_seconds() + fleet.window
        while posix_monotonic_seconds() < end { try coordinator.step() }
        let used = BenchUsage.now - before
        let after = stage.counts()
        func rate(_ count: Int) -> Double { Double(count) / used.wall }
        func text(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }
        let up = rate(after.toHosts - counts.toHosts), down = rate(after.fromHosts - counts.fromHosts)
        let ended = rate(after.ended - counts.ended)
        print(
            """
              jobs ended a second      \(text(ended)) of \(text(Double(fleet.hosts * fleet.slots) / fleet.seconds))
              running                  \(after.running) of \(fleet.hosts * fleet.slots)
              processor                \(text(100 * used.processor / used.wall)) % of a core; \
            \(Int(used.processor / used.wall / max(ended, 1e-9) * 1e6)) µs a job
              coordination loop        \(text(100 * (Self.threadSeconds - loop) / used.wall)) % of its one core, and \
            \(text(100 * (catalogue.seconds - waited) / used.wall)) % of the time in commits
              resident memory          \(Self.status("VmRSS") / 1024) MiB, at most \(Self.status("VmHWM") / 1024); of \
            \(ProcessInfo.processInfo.physicalMemory >> 20)
              commits a second         \(text(rate(catalogue.commits - commits))) of \
            \(text(rate(catalogue.changes - changes))) changes; the disk synchronises \(Int(disk))
              MB a second              \(text(up / 1e6)) to the hosts, \(text(down / 1e6)) from them; 1 Gbit/s are 125
              inputs a second          \(text(rate(inbox.taken - inputs)))
              threads, descriptors     \(Self.status("Threads")), \(Self.descriptors)
              hosts, in another process: \(text(100 * (after.processor - counts.processor) / used.wall)) % of a core; \
            load \(Self.load)
            """)
    }

    /// A line of this process's status, in the unit that the kernel gives.
    private static func status(_ name: String) -> Int {
        let text = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("\(name):") }
        return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0
    }

    private static var descriptors: Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0
    }

    private static var load: String {
        (try? String(contentsOfFile: "/proc/loadavg", encoding: .utf8))?.split(separator: " ").first.map(String.init)
            ?? ""
    }

    /// Seconds that this thread has computed.
    private static var threadSeconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}

private final class CountingInbox: Inbox {
    let queue = InputQueue()
    private(set) var taken = 0

    func next(before deadline: Instant?) -> CoordinatorInput {
        taken += 1
        return queue.next(before: deadline)
    }

    func nextWaiting() -> CoordinatorInput? {
        guard let input = queue.nextWaiting() else { return nil }
        taken += 1
        return input
    }
}

private final class CountingCatalogue: CatalogueWriter {
    private(set) var commits = 0
    private(set) var changes = 0
    private(set) var seconds = 0.0
    private let catalogue: Catalogue

    init(_ catalogue: Catalogue) { self.catalogue = catalogue }

    func commit(_ changes: [CatalogueChange]) throws {
        let begun = posix_monotonic_seconds()
        try catalogue.commit(changes)
        seconds += posix_monotonic_seconds() - begun
        commits += 1
        self.changes += changes.count
    }
}

/// Asks for snapshots as the live view does, and keeps what they say.
private final class FleetObserver: CoordinationObserver {
    let longestPause: Double? = 1
    private(set) var running = 0
    private(set) var connected = 0

    func update(_ snapshot: FleetSnapshot) {
        running = snapshot.hosts.reduce(0) { $0 + $1.running.count }
        connected = snapshot.hosts.count { $0.status == .connected }
    }

    func notice(_ notice: Notice) {
        switch notice {
        case .hostLost, .hostUnusable: print(notice.description)
        default: break
        }
    }
}

private enum Disk {
    /// How many times a second a written page can be synchronised to the disk; 0 where that fails.
    static func synchronisations(in directory: String) -> Double {
        let path = "\(directory)/synchronised"
        let file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0o600)
        defer {
            close(file)
            unlink(path)
        }
        let page = [UInt8](repeating: 1, count: 4096)
        let begun = posix_monotonic_seconds()
        var count = 0
        while posix_monotonic_seconds() - begun < 1 {
            guard pwrite(file, page, 4096, off_t(count % 256) * 4096) == 4096, fdatasync(file) == 0 else { return 0 }
            count += 1
        }
        return Double(count) / (posix_monotonic_seconds() - begun)
    }
}
