import CPosix
import Commands
import Foundation

@main
struct Eigensweep {
    static func main() {
        posix_tell_lack_of_memory("eigensweep")
        Descriptors.raiseLimit()
        exit(EigensweepCommand.main(Array(CommandLine.arguments.dropFirst())))
    }
}
