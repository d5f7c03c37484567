import CPosix
import Foundation
import Glibc

/// Runs programs of this machine that tests need.
extension NamespaceHosts {
    @discardableResult
    static func run(_ words: String...) throws -> String { try run(words) }

    /// Runs a program that changes the accounts of this machine. Such programs run one at a time, or they refuse.
    static func changeUsers(_ words: String...) throws {
        try run(["/usr/bin/flock", "/tmp/es-users.lock"] + words)
    }

    /// Runs a program to its end and returns what it printed.
    @discardableResult
    static func run(_ words: [String]) throws -> String {
        let log = NSTemporaryDirectory() + "es-run-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: log) }
        var status: Int32 = 0
        waitpid(try start(words, log: log), &status, 0)
        let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
        guard posix_exit_of(status) == 0 else {
            throw Failure(description: "\(words.joined(separator: " ")): \(text)")
        }
        return text
    }

    /// Starts a program whose output goes to a file. Foundation's `Process` will not do for sshd: it takes the closing of
    /// inherited descriptors for the program's end.
    static func start(_ words: [String], log: String) throws -> pid_t {
        let null = open("/dev/null", O_RDONLY | O_CLOEXEC)
        let output = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        defer { for descriptor in [null, output] { close(descriptor) } }
        let path = "PATH=/usr/sbin:/usr/bin:/sbin:/bin\0"
        var pid: pid_t = 0
        let rc = words.map { $0 + "\0" }.joined().withCString { list in
            path.withCString { path in
                words[0].withCString { program in
                    var program = posix_program(
                        path: program, arguments: list, argument_count: words.count, environment: path,
                        environment_count: 1, directory: nil, input: null, output: output, error: output,
                        own_session: 0)
                    return posix_start_program(&program, &pid)
                }
            }
        }
        guard rc == 0 else { throw Failure(description: "\(words[0]): \(String(cString: strerror(rc)))") }
        return pid
    }
}
