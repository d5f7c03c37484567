import Glibc
import JobContract

/// The command line of the agent's executable.
package enum AgentCommand {
    /// Runs `connect`, `serve` or `linger`, which only lives for two minutes, and returns the exit code.
    package static func run(_ arguments: [String]) -> Int32 {
        umask(0o077)
        do {
            switch arguments.first {
            case "connect" where arguments.count == 1: Bridge(digest: try ownDigest()).run()
            case "serve":
                let settings = try options(Array(arguments.dropFirst()))
                let place = try AgentPlace(directory: settings.directory, catalogue: settings.catalogue)
                try place.makeDirectories()
                try Daemon(place: place, digest: settings.digest).run()
            case "linger" where arguments.count == 1: sleep(120)
            default:
                Files.say(
                    "usage: eigensweep-agent connect | serve --directory DIRECTORY --catalogue NAME [--digest DIGEST] "
                        + "| linger")
                return 2
            }
            return 0
        } catch {
            Files.say("eigensweep-agent: \(error)")
            return 1
        }
    }

    /// The digest is given by who has just read the whole program.
    private static func options(
        _ words: [String]
    ) throws -> (directory: String, catalogue: String, digest: Digest) {
        guard [4, 6].contains(words.count), words[0] == "--directory", words[2] == "--catalogue",
            words.count == 4 || words[4] == "--digest"
        else { throw AgentRefusal(.agentFailed, "serve needs --directory DIRECTORY --catalogue NAME") }
        let given = words.count == 6 ? Digest(hex: words[5]) : nil
        return (words[1], words[3], try given ?? ownDigest())
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
