import ArgumentParser
import BuildFacts
import Foundation
import Serving

struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Show the catalogue in a browser: the map, curves, trials, figures, as they come.",
        discussion: """
            eigensweep serve
            eigensweep serve --port 8642 --catalogue results/catalogue.sqlite

            It listens on this machine alone and answers whoever has the whole address that it prints; it changes nothing, \
            beside a run or without one. Ctrl-C ends it.
            """)

    @Option(parsing: .unconditional, help: "The port of 127.0.0.1 (default: a free one).")
    var port: Int = 0
    @OptionGroup var catalogue: CatalogueOptions

    func validate() throws {
        guard 0...65535 ~= port else {
            throw ValidationError("--port: expected a number up to 65535, got \(port)")
        }
    }

    func run() throws {
        let server = try CatalogueServer(
            path: catalogue.path, store: catalogue.store, port: port, named: catalogue.catalogue,
            program: "eigensweep \(BuildFacts.version)")
        let ending = DispatchSemaphore(value: 0)
        SignalWatch.process.set { _ in ending.signal() }
        Terminal.print(server.address)
        Terminal.note("Open this address in a browser on this machine. It is as good as a password: keep it.")
        Terminal.note(
            "From another machine, open a tunnel there, then the same address:\n  ssh -N -L "
                + "\(server.port):127.0.0.1:\(server.port) \(NSUserName())@\(ProcessInfo.processInfo.hostName)")
        Terminal.note("Ctrl-C ends this.")
        ending.wait()
        server.end()
    }
}
