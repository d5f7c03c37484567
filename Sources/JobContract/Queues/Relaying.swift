/// What a coordinator asks of the relay on a login node. The relay speaks to the queue, and passes bytes between the
/// coordinator and allocations through files in the directory that the login node shares with the nodes.
package enum RelayRequest: Hashable, Sendable, Codable {
    /// Submit an allocation, unless one of that name exists.
    case submit(name: String, QueueSettings)
    /// End an allocation: one that waits never begins, one that runs saves its work first.
    case cancel(name: String)
    /// Open a channel to the allocation's agent, or to its collector where the allocation is over. An earlier channel to
    /// the same allocation ends.
    case open(channel: UInt32, name: String)
    case close(channel: UInt32)
}

/// What a relay tells its coordinator.
package enum RelayReport: Hashable, Sendable, Codable {
    /// How an allocation stands. A relay begins with this of every allocation, and tells it again when it changes.
    case standing(AllocationStanding)
    /// The queue did not take an allocation, in its own words. Nothing is left of it.
    case refused(name: String, words: String)
    /// The relay has told how every allocation stands that existed when it began.
    case ready
    /// A channel has ended. Words say why; empty: in order.
    case closed(channel: UInt32, words: String)
    /// The queue neither listed nor cancelled what it was asked to; its words.
    case mute(words: String)
}

/// How an allocation stands, as its relay knows it.
package struct AllocationStanding: Hashable, Sendable, Codable {
    package enum State: String, Hashable, Sendable, Codable {
        /// It waits in the queue, or is being submitted.
        case waiting
        /// Its pilot has begun.
        case running
        /// Its pilot has ended or died; what it left can be collected.
        case over
        /// Nothing is left of it.
        case gone
    }
    package var name: String
    package var state: State
    /// The queue's number for its job; nil until the queue has answered.
    package var job: String?
    /// Why it waits, in the queue's words; of one that is gone and never began, what was last said of it.
    package var words: String
    /// The node on which its pilot began.
    package var node: String?

    package init(name: String, state: State, job: String? = nil, words: String = "", node: String? = nil) {
        self.name = name
        self.state = state
        self.job = job
        self.words = words
        self.node = node
    }
}

/// Names of allocations. A name has the catalogue and the seat for which the allocation was asked, and a random part that no
/// other allocation of the seat has.
package enum AllocationName {
    /// - Parameter catalogue: lowercase letters, digits and hyphens.
    package static func make(catalogue: String, seat: Int, random: UInt32) -> String {
        "es-\(catalogue.prefix(20))-\(seat)-\(String(random, radix: 36))"
    }

    /// The seat in the name of a catalogue's allocation; nil where the name is not one of that catalogue's.
    package static func seat(of name: String, catalogue: String) -> Int? {
        let head = "es-\(catalogue.prefix(20))-"
        guard name.hasPrefix(head) else { return nil }
        let parts = name.dropFirst(head.count).split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let seat = Int(parts[0]), seat > 0, !parts[1].isEmpty else { return nil }
        return seat
    }

    /// Whether a name from outside may be an allocation's, and so the name of a folder and of a queue's job.
    package static func isPlain(_ name: String) -> Bool {
        (4...100).contains(name.utf8.count) && name.hasPrefix("es-")
            && name.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
    }
}
