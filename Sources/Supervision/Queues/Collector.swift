import CPosix
import Glibc
import JobContract

/// Tells a coordinator, over standard input and output, what an allocation that is over has left, until nothing of it is
/// needed any more. Begins nothing.
struct Collector {
    private let place: AllocationPlace
    private let digest: Digest

    /// The exit status where nothing is left to tell.
    static let doneStatus: Int32 = 0
    /// Where somebody must ask again.
    static let cutOffStatus: Int32 = 3

    init(_ place: AllocationPlace, digest: Digest) {
        self.place = place
        self.digest = digest
    }

    /// Does not return.
    func run() throws -> Never {
        try place.agent.makeDirectories()
        let daemon = try Daemon(place: place.agent, digest: digest, role: .collector)
        var bridges = true
        try daemon.run {
            bridges = startDetachedThread { [digest, place] in
                Bridge(digest: digest, machine: place.name, input: 0, output: 1) { _ in try daemon.join() }.run()
                exit(Self.cutOffStatus)
            }
        }
        exit(bridges ? Self.doneStatus : Self.cutOffStatus)
    }
}
