/// Content-addressed files as transports and supervisors see them.
package protocol FileDepot: Sendable {
    /// The path of a stored file whose content is what its digest says, or nil. Anything else in its place is put aside
    /// and told. A file is read once, and again only when something has written to it since.
    func wholeFile(_ digest: Digest) -> String?

    /// As `wholeFile`, but reads the file whatever is remembered of it: disks lose bits without a word.
    func wholeFileReadAnew(_ digest: Digest) -> String?

    /// A path for a file being received; on the same file system as the depot.
    func temporaryPath() throws -> String

    /// Verifies that the file at `path` has `digest` and moves it in, durably.
    ///
    /// Throws a `DepotError` that is a mismatch when the content differs (the file is then removed), another error
    /// when the disk refuses. Storing what is already there succeeds.
    func adopt(_ path: String, as digest: Digest) throws
}

/// Why a depot did not take a file, as far as its users must know.
package protocol DepotError: Error {
    /// The content is not what its digest says: bringing the same file again cannot help.
    var isMismatch: Bool { get }
}
