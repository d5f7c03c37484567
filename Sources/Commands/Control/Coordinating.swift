import Foundation
import ResultCatalogue

/// Becomes the coordinator of a catalogue; where one runs, hands the change to it and shows its run.
struct Coordinating {
    let catalogue: CatalogueOptions
    let background: BackgroundOptions
    let signals: SignalWatch
    /// The hosts file that the command was given.
    var hosts: String?

    private typealias Handed = (client: ControlClient, outcome: WishChange.Outcome)

    /// Calls `here` with the catalogue's lock held, or leaves `change` to the coordinator that runs.
    func perform(_ change: WishChange, here: (Workplace) throws -> Void) throws {
        if background.detach {
            let handed: Handed? = try CatalogueWriting.perform(on: catalogue.path) {
                // This only finds out whether the catalogue can be opened: the background process takes the lock itself.
                _ = try Workplace(catalogue)
            } here: {
                nil
            } elsewhere: { client in
                (client, try client.make(change))
            }
            guard let (client, outcome) = handed else { return try BackgroundProcess(catalogue, signals).start() }
            return tell(client, outcome)
        }
        let handed: Handed? = try CatalogueWriting.perform(on: catalogue.path) {
            try Workplace(catalogue)
        } here: { workplace in
            try here(workplace)
            return nil
        } elsewhere: { client in
            (client, try client.make(change))
        }
        guard let (client, outcome) = handed else { return }
        tell(client, outcome)
        if background.isInBackground { return background.reportStart() }
        guard !outcome.sweeps.isEmpty else {
            return Terminal.note(try catalogue.nothingToResume(in: CatalogueReader(path: catalogue.path)))
        }
        try RunViewer(
            client: client, reader: try CatalogueReader(path: catalogue.path), sweeps: outcome.sweeps,
            signals: signals
        ).follow()
    }

    private func tell(_ client: ControlClient, _ outcome: WishChange.Outcome) {
        for note in outcome.notes { Terminal.note(note) }
        let process = client.process.map { "process \($0)" } ?? "another process"
        Terminal.note(
            "\(outcome.sweeps.joined(separator: ", ")): in the hands of the coordinator that runs, \(process)")
        if let hosts {
            Terminal.note(
                "note: --hosts \(hosts) is not read: the coordinator keeps to its own hosts file, and reads that again when "
                    + "it changes")
        }
    }
}
