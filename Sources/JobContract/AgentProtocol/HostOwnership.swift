/// Where a coordinator works on a catalogue: what tells a catalogue from its copies.
package struct CataloguePlace: Hashable, Sendable, Codable {
    /// machine-id.
    package var machine: String
    /// The machine's name, as people know it.
    package var host: String
    package var path: String
    /// The file's number in its file system: it stays the file's where it is moved, or seen from another machine.
    package var file: UInt64

    package init(machine: String, host: String, path: String, file: UInt64) {
        self.machine = machine
        self.host = host
        self.path = path
        self.file = file
    }

    /// Whether both are one catalogue: at one path of a machine, or one file.
    package func isSame(as other: CataloguePlace) -> Bool {
        file == other.file || (isOnMachine(of: other) && path == other.path)
    }

    package func isOnMachine(of other: CataloguePlace) -> Bool { machine == other.machine && host == other.host }
}

/// Whom a host works for, and the rule by which it changes hands: agents, and the hosts of the simulation, follow it.
package struct HostOwnership: Hashable, Sendable, Codable {
    package var generation: Int
    package var nonce: String
    /// Nil of coordinators that do not say.
    package var place: CataloguePlace?
    /// Seconds of silence after which the host may work for a copy of the catalogue.
    package var leaseSeconds: Double
    /// It said that it goes, and that who comes next may have the host.
    package var hasLeft = false

    package init(generation: Int, nonce: String, place: CataloguePlace?, leaseSeconds: Double) {
        self.generation = generation
        self.nonce = nonce
        self.place = place
        self.leaseSeconds = leaseSeconds
    }

    package enum Objection: Hashable, Sendable {
        /// A later coordinator of the catalogue has the host.
        case isLater
        /// Another copy of the catalogue, which went its own way, had the host last.
        case isOtherCopy
        /// The coordinator at another place works with the host, or may be back for so many seconds.
        case isAtWork(seconds: Double)
    }

    /// Why the host does not change over to `caller`; nil: it does.
    ///
    /// - Parameters:
    ///   - earlier: starts of coordinators that the caller's catalogue remembers. A copy that went its own way does not
    ///     remember the last one that was served here.
    ///   - silence: seconds since this owner was heard.
    package func objection(
        to caller: HostOwnership, after earlier: [CoordinatorStart], silence: Double
    ) -> Objection? {
        if caller.generation < generation { return .isLater }
        let known =
            caller.generation == generation ? caller.nonce : earlier.first { $0.generation == generation }?.nonce
        if let known, known != nonce { return .isOtherCopy }
        guard let place, let other = caller.place, !place.isSame(as: other), !hasLeft, silence < leaseSeconds else {
            return nil
        }
        return .isAtWork(seconds: leaseSeconds - silence)
    }
}
