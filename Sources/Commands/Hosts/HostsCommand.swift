import ArgumentParser

struct HostsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hosts",
        abstract: "Look after the hosts of the hosts file.",
        subcommands: [HostsCheckCommand.self, HostsCleanCommand.self])
}
