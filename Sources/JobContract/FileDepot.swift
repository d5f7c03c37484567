/// Content-addressed files as transports and supervisors see them.
package protocol FileDepot: Sendable {
    /// The path of a stored file, or nil when it is not here.
    func location(of digest: Digest) -> String?

    /// A path for a file being received; on the same file system as the depot.
    func temporaryPath() throws -> String

    /// Verifies that the file at `path` has `digest` and moves it in, durably.
    ///
    /// Throws when the content differs (the file is then removed) or the disk refuses. Storing what is already there
    /// succeeds.
    func adopt(_ path: String, as digest: Digest) throws
}
