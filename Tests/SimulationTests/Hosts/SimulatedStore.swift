import JobContract

/// Files by digest, some of them damaged without anyone knowing.
struct SimulatedStore {
    private var files: Set<Digest> = []
    private(set) var damaged: Set<Digest> = []
    /// Files that were there and were removed because nobody needed them.
    private(set) var retired: Set<Digest> = []

    /// Whether the file is there, as far as a look at the disk tells without reading.
    func contains(_ digest: Digest) -> Bool { files.contains(digest) }
    func isWhole(_ digest: Digest) -> Bool { contains(digest) && !damaged.contains(digest) }

    /// Adds a whole file, in place of a damaged one.
    mutating func add(_ digest: Digest) {
        files.insert(digest)
        retired.remove(digest)
        damaged.remove(digest)
    }

    /// Records that a retired file was made again, wherever it lies until it is brought.
    mutating func isMadeAgain(_ digest: Digest) { retired.remove(digest) }

    /// Removes a file that the catalogue takes for needless.
    mutating func retire(_ digest: Digest) {
        if files.remove(digest) != nil { retired.insert(digest) }
        damaged.remove(digest)
    }

    /// Removes the files that the catalogue takes for needless, and returns how many there were.
    mutating func retire(_ isUnneeded: (Digest) -> Bool) -> Int {
        let unneeded = files.filter(isUnneeded)
        for digest in unneeded { retire(digest) }
        return unneeded.count
    }

    /// Damages each file for which `chooses` says so, and returns how many these were.
    mutating func damage(_ chooses: () -> Bool) -> Int {
        let before = damaged.count
        for digest in files.sorted() where chooses() { damaged.insert(digest) }
        return damaged.count - before
    }

    /// Reads the file, and returns whether it was damaged and is put aside.
    mutating func putAsideIfDamaged(_ digest: Digest) -> Bool {
        guard damaged.remove(digest) != nil else { return false }
        files.remove(digest)
        return true
    }

    mutating func removeAll() { self = SimulatedStore() }
}
