/// Has a worker of a user's own describe itself on a host, in a directory as its attempts would have.
package struct WorkerTrialRequest: Hashable, Sendable, Codable {
    package var directory: String
    /// The argument vector, without the subcommand.
    package var command: [String]
    /// Files of the store beside it, by name.
    package var uploads: [String: Digest]
    /// As its jobs would have it.
    package var environment: [String: String]

    package init(directory: String, command: [String], uploads: [String: Digest], environment: [String: String]) {
        self.directory = directory
        self.command = command
        self.uploads = uploads
        self.environment = environment
    }
}

package struct WorkerTrialReport: Hashable, Sendable, Codable {
    /// Where the command's program lies; nil: it was not found.
    package var program: String?
    /// What Python says of its version; nil for other programs.
    package var version: String?
    /// The folders that were searched for it.
    package var path: String
    /// Its exit code, or minus the signal that ended it; nil: it had not ended in time.
    package var exit: Int?
    package var description: WorkerDescription?
    /// The end of what it said.
    package var words: String

    package init(
        program: String?, version: String? = nil, path: String, exit: Int? = nil, description: WorkerDescription? = nil,
        words: String = ""
    ) {
        self.program = program
        self.version = version
        self.path = path
        self.exit = exit
        self.description = description
        self.words = words
    }
}
