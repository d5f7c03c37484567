import Foundation
import JobContract
import SweepModel

/// The agent executable that is brought to hosts, read once.
package final class AgentProgram: Sendable {
    struct Content {
        var bytes: [UInt8]
        var digest: Digest
    }
    let path: String
    private let content = Locked<Content?>(nil)

    package init(path: String) { self.path = path }

    /// Begins to read it, on a thread of its own: whoever connects to hosts will ask for it.
    package func loadAhead() { Thread { _ = try? self.load() }.start() }

    func load() throws(HostFailure) -> Content {
        let found: Content? = content.with { content in
            if content == nil, let data = FileManager.default.contents(atPath: path) {
                let bytes = [UInt8](data)
                content = Content(bytes: bytes, digest: Digest(of: bytes))
            }
            return content
        }
        guard let found else {
            throw HostFailure(
                .spawnFailed, "cannot read the agent program \(path); build it with: swift build -c release")
        }
        return found
    }
}
