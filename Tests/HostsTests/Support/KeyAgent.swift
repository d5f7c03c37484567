import Foundation

/// An SSH agent that stays in the foreground.
enum KeyAgent {
    /// Starts an agent that holds the keys in these files, and returns its process. Its socket exists a moment before the
    /// agent listens, so the first key is tried until it is taken.
    static func start(_ socket: String, keys: [String], in scratch: Scratch) throws -> pid_t {
        let agent = try ChildProgram.start(["/usr/bin/ssh-agent", "-D", "-a", socket])
        for key in keys {
            try scratch.waitUntil("the SSH agent takes \(key)") {
                (try? ChildProgram.run("/usr/bin/ssh-add", "-q", key, environment: ["SSH_AUTH_SOCK": socket])) != nil
            }
        }
        return agent
    }
}
