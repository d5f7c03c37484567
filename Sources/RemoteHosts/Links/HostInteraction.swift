import Foundation
import SweepModel

/// The person at the terminal, if there is one. Called on hosts' threads, one call at a time.
package protocol HostInteraction: Sendable {
    /// Asks for a secret, or for what may be shown as `isShown`. Nil: nobody answers.
    func ask(_ prompt: String, isShown: Bool) -> String?
    /// Something worth knowing about how a host is reached.
    func note(_ words: String)
}

/// Nobody is there: what needs an answer is refused.
package struct NoInteraction: HostInteraction {
    package init() {}
    package func ask(_ prompt: String, isShown: Bool) -> String? { nil }
    package func note(_ words: String) {}
}

/// What people were asked and told, so that neither happens twice. Kept in memory while the program runs, nowhere
/// else.
final class AskedOnce: Sendable {
    private struct State {
        var answers: [String: String] = [:]
        var told: Set<String> = []
    }
    private let state = Locked(State())
    private let interaction: any HostInteraction

    init(_ interaction: any HostInteraction) { self.interaction = interaction }

    /// The answer to a question known by `key`: what was answered before, unless `refused` says that it was wrong.
    /// Others who would ask the same wait and share the answer. Nil when nobody answers.
    func answer(_ key: String, _ prompt: String, isShown: Bool = false, refused: String? = nil) -> String? {
        state.with { state in
            if let known = state.answers[key], known != refused { return known }
            let given = interaction.ask(prompt, isShown: isShown)
            state.answers[key] = given
            return given
        }
    }

    /// An answer that serves once only.
    func fresh(_ prompt: String, isShown: Bool) -> String? {
        state.with { _ in interaction.ask(prompt, isShown: isShown) }
    }

    func note(_ words: String) {
        let isNew = state.with { $0.told.insert(words).inserted }
        if isNew { interaction.note(words) }
    }
}
