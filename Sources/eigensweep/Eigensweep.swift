import Commands
import Foundation

@main
struct Eigensweep {
    static func main() {
        exit(EigensweepCommand.main(Array(CommandLine.arguments.dropFirst())))
    }
}
