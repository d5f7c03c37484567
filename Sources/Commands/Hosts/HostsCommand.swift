import ArgumentParser

struct HostsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hosts",
        abstract: "Show and look after hosts, and take them out of use or back.",
        subcommands: [
            HostsListCommand.self, HostsCheckCommand.self, HostsDrainCommand.self, HostsUndrainCommand.self,
            HostsCleanCommand.self,
        ],
        defaultSubcommand: HostsListCommand.self)
}
