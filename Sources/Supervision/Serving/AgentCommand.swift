import CPosix
import Glibc
import JobContract

/// The command line of the agent's executable.
package enum AgentCommand {
    /// Runs `connect`, `serve`, `pilot`, `collect` or `linger`, which only lives for two minutes, and returns the exit code.
    package static func run(_ arguments: [String]) -> Int32 {
        umask(0o077)
        _ = posix_raise_descriptor_limit()
        do {
            switch arguments.first {
            case "connect" where arguments.count == 1: Bridge(digest: try ownDigest()).run()
            case "serve":
                let settings = try options(Array(arguments.dropFirst()))
                let place = try AgentPlace(directory: settings.directory, catalogue: settings.catalogue)
                try place.makeDirectories()
                try Daemon(place: place, digest: settings.digest).run()
            case "pilot", "collect":
                let settings = try options(Array(arguments.dropFirst()))
                let place = try AllocationPlace(
                    directory: settings.directory, catalogue: settings.catalogue, name: settings.allocation ?? "")
                if arguments[0] == "pilot" {
                    try Pilot(place, digest: settings.digest).run()
                } else {
                    try Collector(place, digest: settings.digest).run()
                }
            case "linger" where arguments.count == 1: sleep(120)
            case "--help", "-h", "help":
                print(help, terminator: "")
            default:
                Files.say("expected a command; `eigensweep-agent --help` lists them")
                return 2
            }
            return 0
        } catch {
            Files.say("eigensweep-agent: \(explanation(of: error))")
            return 1
        }
    }

    /// What `--help` shows, of which the manual is made too.
    static let help = """
        Runs the attempts of a coordinator on a host, and goes on with them while it is away.

        `eigensweep launch` brings the agent to each host and starts it there, also on this
        machine; nobody needs to. It ends by itself ten minutes after its last work, unless a
        coordinator is connected. `eigensweep hosts clean` removes what it leaves.

        eigensweep-agent connect
            The host's end of a connection: passes frames between the coordinator and the
            agent that serves, which it starts.
        eigensweep-agent serve --directory DIRECTORY --catalogue NAME [--digest DIGEST]
            The agent itself, of one catalogue, in one of the host's directories.
        eigensweep-agent pilot --directory DIRECTORY --catalogue NAME --allocation NAME
                               [--digest DIGEST]
            The agent within an allocation of a cluster's queue.
        eigensweep-agent collect --directory DIRECTORY --catalogue NAME --allocation NAME
                                 [--digest DIGEST]
            Hands over what an allocation that is over has left.
        eigensweep-agent linger
            Lives for two minutes: `eigensweep hosts check` looks whether processes outlive
            the login.

        """

    private struct Settings {
        var directory: String
        var catalogue: String
        var digest: Digest
        var allocation: String?
    }

    /// Whoever has just read the whole program gives its digest; otherwise it is read here.
    private static func options(_ words: [String]) throws -> Settings {
        var given: [String: String] = [:]
        for index in stride(from: 0, to: words.count - 1, by: 2) { given[words[index]] = words[index + 1] }
        let known: Set = ["--directory", "--catalogue", "--digest", "--allocation"]
        guard let directory = given["--directory"], let catalogue = given["--catalogue"],
            words.count == 2 * given.count, known.isSuperset(of: given.keys)
        else { throw AgentRefusal(.agentFailed, "it needs --directory DIRECTORY --catalogue NAME") }
        return Settings(
            directory: directory, catalogue: catalogue,
            digest: try given["--digest"].flatMap { Digest(hex: $0) } ?? ownDigest(), allocation: given["--allocation"])
    }

    private static func ownDigest() throws -> Digest {
        let descriptor = open("/proc/self/exe", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Files.refusal("read /proc/self/exe") }
        defer { close(descriptor) }
        var hash = SHA256()
        var piece = [UInt8](repeating: 0, count: 1 << 20)
        while case let count = read(descriptor, &piece, piece.count), count > 0 {
            piece.withUnsafeBytes { hash.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
        return hash.digest
    }
}
