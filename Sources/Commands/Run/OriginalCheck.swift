import JobContract
import ResultCatalogue

extension CatalogueReader {
    /// Throws where this catalogue is a copy of one that a coordinator on this machine worked on and that is still in its
    /// place: two coordinators that go on from one state would take each other's hosts. Hosts refuse copies made elsewhere.
    func requireOriginal() throws {
        let here = CatalogueFile.place(of: path)
        guard let last = try lastStart(), !last.place.isSame(as: here), last.place.isOnMachine(of: here),
            let original = try? CatalogueReader(path: last.place.path), original.id == id
        else { return }
        let client = ControlClient(catalogue: original.path)
        let now = client.map { ", and works now" + ($0.process.map { " (process \($0))" } ?? "") } ?? ""
        let latest = (try? original.lastStart()?.at) ?? last.at
        throw CommandFailure(
            .catalogue,
            "\(path): a copy of \(original.path) on \(here.host), which began to work last at \(latest)\(now). Go on with "
                + "that one, or make this one a catalogue of its own:\n"
                + "  eigensweep doctor --separate\(CatalogueOptions.option(for: path))")
    }
}
