import Glibc
import Supervision

@main
struct Agent {
    static func main() { exit(AgentCommand.run(Array(CommandLine.arguments.dropFirst()))) }
}
