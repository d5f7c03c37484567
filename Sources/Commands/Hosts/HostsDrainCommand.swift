import ArgumentParser
import ResultCatalogue
import SweepModel

struct HostsDrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain",
        abstract: "Give a host no more jobs, now and in later runs; what runs there finishes.",
        discussion: """
            eigensweep hosts drain node01 --reason "it is needed on Friday"
            """)

    @Argument(help: "The host's name.", completion: .hostNames)
    var host: String
    @Option(help: "Why, for those who wonder later.")
    var reason = "by request"
    @OptionGroup var catalogue: CatalogueOptions
    @OptionGroup var hosts: HostOptions

    func run() throws {
        try HostNames.check(host, catalogue, hosts)
        let outcome = try WishChange.deliver(.drain(host: host, reason: reason), to: catalogue)
        Terminal.note(outcome.count > 0 ? "\(host) is drained" : "\(host) was drained already")
    }
}

struct HostsUndrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "undrain", abstract: "Use a drained host again, or one that a run gave up.",
        discussion: """
            eigensweep hosts undrain node01
            """)

    @Argument(help: "The host's name.", completion: .hostNames)
    var host: String
    @OptionGroup var catalogue: CatalogueOptions
    @OptionGroup var hosts: HostOptions

    func run() throws {
        try HostNames.check(host, catalogue, hosts)
        let outcome = try WishChange.deliver(.undrain(host: host), to: catalogue)
        Terminal.note(outcome.count > 0 ? "\(host) is used again" : "\(host) was not drained; it is tried again")
    }
}

enum HostNames {
    /// Throws for a name that neither the hosts file nor the catalogue has.
    static func check(_ name: HostName, _ catalogue: CatalogueOptions, _ options: HostOptions) throws {
        try catalogue.requireCatalogue()
        let specs = try HostsSelection(options).specs
        let listed = (specs + specs.gates).map(\.name)
        let reader = try? CatalogueReader(path: catalogue.path)
        let seen = try reader?.hostNames() ?? []
        let known = Set(listed + seen)
        guard known.contains(name) else {
            throw CommandFailure(
                .usage, "there is no host \"\(name)\"; known are \(known.sorted().joined(separator: ", "))")
        }
    }
}
