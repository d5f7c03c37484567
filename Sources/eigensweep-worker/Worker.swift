import ArgumentParser
import JobContract
import JobExecution

@main
struct Worker: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "eigensweep-worker")
    func run() { print(Digest(of: [UInt8]("abc".utf8)).hex) }
}
