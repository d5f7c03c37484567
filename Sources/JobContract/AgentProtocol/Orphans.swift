/// Looks for processes of this host that work for an attempt which no agent holds any more.
package struct OrphanRequest: Hashable, Sendable, Codable {
    package var directory: String
    /// End them: they are asked to, and killed when they are still there a little later.
    package var ends: Bool

    package init(directory: String, ends: Bool) {
        self.directory = directory
        self.ends = ends
    }
}

package struct Orphan: Hashable, Sendable, Codable {
    package var process: ProcessName
    /// The catalogue, by its name on hosts, and the attempt that it was started for.
    package var catalogue: String
    package var attempt: AttemptNumber
    /// Its program's path.
    package var program: String

    package init(process: ProcessName, catalogue: String, attempt: AttemptNumber, program: String) {
        self.process = process
        self.catalogue = catalogue
        self.attempt = attempt
        self.program = program
    }
}
