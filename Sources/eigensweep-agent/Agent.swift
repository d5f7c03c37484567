import CPosix
import Glibc
import Supervision

@main
struct Agent {
    static func main() {
        posix_tell_lack_of_memory("eigensweep-agent")
        exit(AgentCommand.run(Array(CommandLine.arguments.dropFirst())))
    }
}
