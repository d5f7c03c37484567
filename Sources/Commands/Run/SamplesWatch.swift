import Coordination
import SweepModel

/// Commits to a catalogue, and has the run planned anew when samples were recorded that other trials wait for.
final class SamplesWatch: CatalogueWriter {
    private let catalogue: StatePruner
    private let isAwaited: Bool
    private let inbox: InputQueue

    init(_ workplace: Workplace, of sweeps: [RunningSweep], _ inbox: InputQueue) {
        catalogue = StatePruner(workplace)
        isAwaited = !sweeps.allSatisfy(\.students.isEmpty)
        self.inbox = inbox
    }

    func commit(_ changes: [CatalogueChange]) throws {
        try catalogue.commit(changes)
        guard isAwaited else { return }
        let areDrawn = changes.contains { change in
            guard case .measured(_, let measured) = change else { return false }
            return measured.request.measure == SamplesSource.measure
        }
        if areDrawn { inbox.post(.replan) }
    }
}
