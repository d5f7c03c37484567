/// What a coordinator asks of the relay on a login node, which speaks to the queue, and passes bytes on between coordinator
/// and allocations through files in the directory that the login node shares with the nodes.
package enum RelayRequest: Hashable, Sendable, Codable {
    /// Submits an allocation. One of that name that was submitted before is not submitted again.
    case submit(name: String, QueueSettings)
    /// Ends an allocation: one that waits never begins, one that runs saves its work first.
    case cancel(name: String)
    /// Opens a channel to the allocation's agent, or, where the allocation is over, to one that tells what it left.
    case open(channel: UInt32, name: String)
    case close(channel: UInt32)
}

/// What the relay says.
package enum RelayReport: Hashable, Sendable, Codable {
    /// How an allocation stands; told when that changes, and of every one first.
    case standing(AllocationStanding)
    /// The queue does not take an allocation, in its own words; it is as if it had never been asked for.
    case refused(name: String, words: String)
    /// All that exist were told.
    case ready
    /// A channel has ended; why, if that is known.
    case closed(channel: UInt32, words: String)
    /// What the queue answered to a listing, if it did not list.
    case mute(words: String)
}

/// How an allocation stands.
package struct AllocationStanding: Hashable, Sendable, Codable {
    package enum State: String, Hashable, Sendable, Codable {
        /// Submitted; it waits in the queue.
        case waiting
        case running
        /// Nothing runs in it; what it left can be collected.
        case over
        /// Nothing is left of it.
        case gone
    }
    package var name: String
    package var state: State
    /// The queue's number for it.
    package var job: String?
    /// The queue's words: why it waits; or what was last said, where it ended before it was of use.
    package var words: String
    /// Where it runs.
    package var node: String?

    package init(name: String, state: State, job: String? = nil, words: String = "", node: String? = nil) {
        self.name = name
        self.state = state
        self.job = job
        self.words = words
        self.node = node
    }
}

/// Names of allocations: those of one place of a queue host and catalogue, told apart by a random part.
package enum AllocationName {
    /// - Parameter catalogue: lowercase letters, digits and hyphens.
    package static func make(catalogue: String, seat: Int, random: UInt32) -> String {
        "es-\(catalogue.prefix(20))-\(seat)-\(String(random, radix: 36))"
    }

    /// The place that an allocation of a catalogue has; nil where the name is none of ours.
    package static func seat(of name: String, catalogue: String) -> Int? {
        let head = "es-\(catalogue.prefix(20))-"
        guard name.hasPrefix(head) else { return nil }
        let parts = name.dropFirst(head.count).split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let seat = Int(parts[0]), seat > 0, !parts[1].isEmpty else { return nil }
        return seat
    }

    /// Whether it may be the name of a folder and of a job.
    package static func isPlain(_ name: String) -> Bool {
        (4...100).contains(name.utf8.count) && name.hasPrefix("es-")
            && name.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
    }
}
