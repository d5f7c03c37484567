import Foundation
import RemoteHosts

/// Somebody at the terminal who answers from a list and remembers what was said.
final class NoteBook: HostInteraction, @unchecked Sendable {
    private let lock = NSLock()
    private var answers: [String]
    private var heard: [String] = []
    private var questions: [String] = []

    init(answers: [String] = []) { self.answers = answers }

    var words: [String] { lock.withLock { heard } }
    var asked: [String] { lock.withLock { questions } }

    func ask(_ prompt: String, isShown: Bool) -> String? {
        lock.withLock {
            questions.append(prompt)
            return answers.isEmpty ? nil : answers.removeFirst()
        }
    }

    func note(_ words: String) { lock.withLock { heard.append(words) } }
}
