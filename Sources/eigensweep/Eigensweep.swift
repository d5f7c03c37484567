import CPosix
import Commands
import Foundation

@main
struct Eigensweep {
    static func main() {
        posix_tell_lack_of_memory("eigensweep")
        Descriptors.raiseLimit()
        // What this account's group may write is its own choice; nobody else may, whatever the shell says.
        umask(umask(0) | 0o002)
        exit(EigensweepCommand.main(Array(CommandLine.arguments.dropFirst())))
    }
}
