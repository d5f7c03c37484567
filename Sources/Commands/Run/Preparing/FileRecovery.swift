import ContentStore
import JobContract
import RemoteHosts
import SweepModel

/// Brings files that the store beside the catalogue has lost from hosts that have them whole. Blocks.
final class FileRecovery: Sendable {
    private let store: ContentStore
    private let options: ConnectionOptions
    private let agent: AgentProgram
    private let say: @Sendable (String) -> Void
    private let specs: Locked<[HostSpec]>
    private let visits = Locked<HostVisits?>(nil)
    private let isClosed = Locked(false)
    /// Files that no host had when they were last asked.
    private let unfound = Locked<Set<Digest>>([])

    init(
        store: ContentStore, hosts: [HostSpec], options: ConnectionOptions, agent: AgentProgram,
        say: @escaping @Sendable (String) -> Void
    ) {
        self.store = store
        self.options = options
        self.agent = agent
        self.say = say
        specs = Locked(hosts)
    }

    /// Asks these hosts from now on.
    func update(hosts: [HostSpec]) {
        specs.with { $0 = hosts }
        unfound.with { $0 = [] }
    }

    /// Visits that go on end soon, and none is made any more.
    func close() {
        isClosed.with { $0 = true }
        visits.with { $0?.close() }
    }

    /// Asks the hosts one after the other for the files that those before did not have, and says which came from where. A
    /// file that did not come is not asked for again while the store lacks it. Returns the files that were asked for.
    @discardableResult
    func bring(_ wanted: Set<Digest>) -> Set<Digest> {
        let lost = unfound.with { unfound in
            unfound = unfound.filter { !store.contains($0) }
            return wanted.subtracting(unfound)
        }
        guard !lost.isEmpty else { return [] }
        let hosts = specs.with { $0 }.gates
        let names = lost.sorted().prefix(3).map(\.short).joined(separator: ", ") + (lost.count > 3 ? ", …" : "")
        let count = lost.count == 1 ? "a file that the run reads is" : "\(lost.count) files that the run reads are"
        say("\(count) not whole in \(store.directory) (\(names)): asking the hosts")
        let visits = HostVisits(agent: agent, options: options, interaction: TerminalInteraction())
        self.visits.with { $0 = visits }
        if isClosed.with({ $0 }) { visits.close() }
        // One host brings what another does not have.
        let turn = Locked(())
        let outcomes = visits.together(hosts, saying: say) { [store] spec -> Result<[Digest], HostFailure> in
            turn.with { _ in
                let rest = lost.sorted().filter { !store.isWhole($0) }
                if rest.isEmpty { return .success([]) }
                do throws(HostFailure) {
                    let (brought, damages) = try visits.bring(rest, from: spec, into: store)
                    for words in damages { self.say("\(spec.name): \(words)") }
                    return .success(brought)
                } catch {
                    return .failure(error)
                }
            }
        }
        self.visits.with { $0 = nil }
        for (spec, outcome) in zip(hosts, outcomes) {
            switch outcome {
            case .success(let brought) where !brought.isEmpty:
                let names = brought.prefix(3).map(\.short).joined(separator: ", ") + (brought.count > 3 ? ", …" : "")
                say("\(spec.name): had \(brought.count) of them whole, which are in the store again (\(names))")
            case .success: break
            case .failure(let failure): say("\(spec.name) could not be asked for them: \(failure.message)")
            }
        }
        unfound.with { $0.formUnion(lost.filter { !store.contains($0) }) }
        return lost
    }
}
