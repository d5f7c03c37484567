import CPosix
import Glibc
import JobContract

/// The agent that tells a coordinator, over standard input and output, what an allocation that is over has left. It begins
/// nothing, and ends when nothing that is left is needed any more.
struct Collector {
    private let place: AllocationPlace
    private let digest: Digest

    /// The exit status of a collector that has nothing left to tell.
    static let doneStatus: Int32 = 0
    /// The exit status of one whose coordinator went before it had told all.
    static let cutOffStatus: Int32 = 3

    init(_ place: AllocationPlace, digest: Digest) {
        self.place = place
        self.digest = digest
    }

    /// Does not return.
    func run() throws -> Never {
        try place.agent.makeDirectories()
        let daemon = try Daemon(place: place.agent, digest: digest, role: .collector)
        var isReached = true
        try daemon.run {
            isReached = startDetachedThread { [digest, place] in
                Bridge(digest: digest, machine: place.name, input: 0, output: 1) { _ in try daemon.join() }.run()
                exit(Self.cutOffStatus)
            }
        }
        exit(isReached ? Self.doneStatus : Self.cutOffStatus)
    }
}
