/// Reads stored files and compares them with their names.
package struct InspectionRequest: Hashable, Sendable, Codable {
    package var directory: String
    /// Those that are asked for; nil: all there are.
    package var wanted: [Digest]?
    /// Roughly how many bytes to read; nil: all. What is wrong without reading is found in any case.
    package var limit: Int?
    /// Whether what is damaged is put aside, or only told.
    package var putsAside: Bool

    package init(directory: String, wanted: [Digest]? = nil, limit: Int? = nil, putsAside: Bool) {
        self.directory = directory
        self.wanted = wanted
        self.limit = limit
        self.putsAside = putsAside
    }
}

package struct InspectionReport: Hashable, Sendable, Codable {
    /// A stored file that is not what its name says.
    package struct Damaged: Hashable, Sendable, Codable {
        package var digest: Digest
        /// What is wrong with it, or where it was put, in words.
        package var words: String

        package init(digest: Digest, words: String) {
            self.digest = digest
            self.words = words
        }
    }
    /// The files asked for that are there and whole; empty where all were meant.
    package var whole: [Digest]
    package var damaged: [Damaged]
    /// Files that were not read, and their bytes.
    package var unread: Int
    package var unreadBytes: Int
    /// Damaged files that were put aside, now or earlier, and are kept, and their bytes.
    package var aside: Int
    package var asideBytes: Int

    package init(
        whole: [Digest] = [], damaged: [Damaged] = [], unread: Int = 0, unreadBytes: Int = 0, aside: Int = 0,
        asideBytes: Int = 0
    ) {
        self.whole = whole
        self.damaged = damaged
        self.unread = unread
        self.unreadBytes = unreadBytes
        self.aside = aside
        self.asideBytes = asideBytes
    }
}
