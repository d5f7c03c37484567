import ArgumentParser
import Glibc
import ResultCatalogue

struct StopCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop",
        abstract: "Stop the run on this catalogue, as its Ctrl-C does.",
        discussion: """
            eigensweep stop
            eigensweep stop --catalogue other/catalogue.sqlite

            The coordinator gives no more jobs and ends; jobs that run or wait stay with their hosts, and `resume` collects \
            them. To take the wish for trials back, `cancel` them.
            """)

    @OptionGroup var catalogue: CatalogueOptions

    func run() throws {
        try catalogue.requireCatalogue()
        guard let client = ControlClient(catalogue: catalogue.path) else {
            guard CatalogueFile.isLocked(catalogue.path) else {
                return Terminal.note("no coordinator runs on \(catalogue.path): there is nothing to stop")
            }
            throw CommandFailure(
                .catalogue, "another process writes \(catalogue.path), and listens to no command: end it there")
        }
        let path = CatalogueFile.resolve(catalogue.path)
        guard try hasStopped(client) else { return Terminal.note("the run has ended by itself") }
        Terminal.note("stopped; go on with:\n  eigensweep resume\(CatalogueOptions.option(for: path))")
    }

    /// Asks, and waits for the end; a run that begins or ends just now is asked until it does either. False where it ended
    /// for another reason.
    private func hasStopped(_ client: ControlClient) throws -> Bool {
        while CatalogueFile.isLocked(catalogue.path) {
            do { _ = try client.ask(.stop) } catch is ControlClient.CoordinatorEnds {
                usleep(100_000)
                continue
            }
            let status = try client.watch { _ in true }
            return status == nil || status == ExitStatus.interrupted.rawValue
        }
        return false
    }
}
