import CPosix
import Foundation

/// Starts programs for tests. Foundation's `Process` will not do for sshd: it takes the closing of inherited descriptors
/// for the program's end, and waits there for every other program too.
enum ChildProgram {
    /// Starts a program; a descriptor of -1 stands for the null device.
    static func start(
        _ words: [String], environment: [String: String] = [:], input: Int32 = -1, output: Int32 = -1
    ) throws -> pid_t {
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer { close(null) }
        var pid: pid_t = 0
        let variables = environment.map { "\($0.key)=\($0.value)\0" }.joined()
        let rc = words.map { $0 + "\0" }.joined().withCString { list in
            variables.withCString { variables in
                words[0].withCString { path in
                    var program = posix_program(
                        path: path, arguments: list, argument_count: words.count, environment: variables,
                        environment_count: environment.count, directory: nil, input: input < 0 ? null : input,
                        output: output < 0 ? null : output, error: null, own_session: 0)
                    return posix_start_program(&program, &pid)
                }
            }
        }
        guard rc == 0 else { throw Failed(words: words, code: rc) }
        return pid
    }

    /// Runs a program to its end.
    static func run(_ words: String..., environment: [String: String] = [:]) throws {
        var status: Int32 = 0
        waitpid(try start(words, environment: environment), &status, 0)
        guard posix_exit_of(status) == 0 else { throw Failed(words: words, code: posix_exit_of(status)) }
    }

    struct Failed: Error {
        let words: [String]
        let code: Int32
    }
}
