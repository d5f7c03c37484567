import ArgumentParser
import CPosix
import Foundation

extension EigensweepBench {
    /// Plays hosts in a process of its own, so that what they compute is not taken for the coordinator's.
    struct PlayedHosts: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "played-hosts",
            abstract: "Play the agents of many hosts, each over its connection to a socket.",
            shouldDisplay: false)
        @Argument var socket: String
        @Option var hosts = 100
        @Option var slots = 4
        @Option var seconds = 60.0
        @Option var progress = 1.0
        @Option var weights = 16384

        func run() throws {
            signal(SIGPIPE, SIG_IGN)
            _ = BenchFiles.allow(hosts + 100)
            let timing = PlayedTiming(slots: slots, seconds: seconds, progress: progress, weights: weights)
            try HostsOnStage(listening: socket, hosts: hosts, timing).play()
        }
    }
}

/// Plays the hosts. Answers each line on standard input with one on standard output: bytes heard, bytes said, jobs ended,
/// jobs running, seconds computed.
private final class HostsOnStage {
    private let listener: Int32
    private let wanted: Int
    private let timing: PlayedTiming
    private var hosts: [PlayedHost] = []
    /// Standard input, the listener, and the hosts in their order.
    private var watched: [pollfd] = []
    /// Steps by hundredths of a second.
    private var agenda: [Int: [(PlayedHost, PlayedHost.Step)]] = [:]
    private var tick: Int
    private var heard = 0
    private var said = 0

    init(listening path: String, hosts: Int, _ timing: PlayedTiming) throws {
        wanted = hosts
        self.timing = timing
        tick = Self.now
        listener = try BenchFiles.socket(at: path) { Glibc.bind($0, $1, $2) }
        guard listen(listener, 4096) == 0 else { throw ValidationError("cannot listen on \(path)") }
        watched = [0, listener].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    }

    private static var now: Int { Int(posix_monotonic_seconds() * 100) }

    func play() throws {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)
        while true {
            // Looks seldom, since to look at ten thousand descriptors takes a while.
            usleep(20_000)
            _ = poll(&watched, nfds_t(watched.count), 0)
            if watched[0].revents != 0, !answer() { return }
            for place in hosts.indices where watched[place + 2].revents != 0 { try read(hosts[place], buffer) }
            if watched[1].revents != 0 { accept() }
            while tick < Self.now {
                tick += 1
                for (host, step) in agenda.removeValue(forKey: tick) ?? [] {
                    host.perform(step)
                    flush(host)
                }
            }
        }
    }

    private func accept() {
        repeat {
            let descriptor = Glibc.accept(listener, nil, nil)
            guard descriptor >= 0 else { return }
            let host = PlayedHost(descriptor, number: hosts.count, of: wanted, timing)
            host.plan = { [self, unowned host] step, delay in
                agenda[max(tick + 1, Self.now + Int(delay * 100)), default: []].append((host, step))
            }
            hosts.append(host)
            watched.append(pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0))
            flush(host)
            _ = poll(&watched[1], 1, 0)
        } while watched[1].revents != 0
    }

    private func read(_ host: PlayedHost, _ buffer: UnsafeMutableRawBufferPointer) throws {
        let count = recv(host.descriptor, buffer.baseAddress, buffer.count, 0)
        guard count > 0 else { fatalError("the coordinator has left a host") }
        heard += count
        try host.hear(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        flush(host)
    }

    /// Sends what a host has to say. Waits where the coordinator does not read, as a real host's agent would.
    private func flush(_ host: PlayedHost) {
        var start = 0
        while start < host.outgoing.count {
            let count = host.outgoing.withUnsafeBytes { bytes in
                send(host.descriptor, bytes.baseAddress.map { $0 + start }, bytes.count - start, 0)
            }
            guard count > 0 else { fatalError("the coordinator has left") }
            start += count
        }
        said += start
        host.outgoing.removeAll(keepingCapacity: true)
    }

    /// Answers a line; false once no more come.
    private func answer() -> Bool {
        var line = [UInt8](repeating: 0, count: 64)
        guard Glibc.read(0, &line, 64) > 0 else { return false }
        let ended = hosts.reduce(0) { $0 + $1.finished }
        let running = hosts.reduce(0) { $0 + $1.running }
        print("\(heard) \(said) \(ended) \(running) \(BenchUsage.now.processor)")
        fflush(nil)
        return true
    }
}

enum BenchFiles {
    /// Lets this process have `count` descriptors, or as many as the system allows, and returns how many it may have.
    static func allow(_ count: Int) -> Int {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        guard limit.rlim_cur < rlim_t(count) else { return count }
        var wanted = rlimit(rlim_cur: rlim_t(count), rlim_max: max(rlim_t(count), limit.rlim_max))
        if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &wanted) == 0 { return count }
        wanted = rlimit(rlim_cur: limit.rlim_max, rlim_max: limit.rlim_max)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &wanted)
        return Int(limit.rlim_max)
    }

    /// A socket that `join` has bound or connected to the Unix socket at `path`.
    static func socket(
        at path: String, _ join: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) throws -> Int32 {
        let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                join(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard descriptor >= 0, status == 0 else {
            let words = String(cString: strerror(errno))
            if descriptor >= 0 { close(descriptor) }
            throw ValidationError("\(path): \(words)")
        }
        return descriptor
    }
}
