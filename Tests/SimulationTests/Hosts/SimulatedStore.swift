import JobContract

/// Files by digest, some of them damaged without anyone knowing.
struct SimulatedStore {
    private var files: Set<Digest> = []
    private(set) var damaged: Set<Digest> = []
    /// What was there and was removed, for nobody needed it.
    private(set) var retired: Set<Digest> = []

    /// As a look at the disk finds it, without reading.
    func contains(_ digest: Digest) -> Bool { files.contains(digest) }
    func isWhole(_ digest: Digest) -> Bool { contains(digest) && !damaged.contains(digest) }

    /// A whole file arrives; what was damaged makes way.
    mutating func add(_ digest: Digest) {
        files.insert(digest)
        retired.remove(digest)
        damaged.remove(digest)
    }

    /// It was made again; where it lies until it is brought is not told here.
    mutating func isMadeAgain(_ digest: Digest) { retired.remove(digest) }

    /// Nobody needs it any more, it is thought.
    mutating func retire(_ digest: Digest) {
        if files.remove(digest) != nil { retired.insert(digest) }
        damaged.remove(digest)
    }

    /// Removes those that nobody needs, it is thought; says how many there were.
    mutating func retire(_ isUnneeded: (Digest) -> Bool) -> Int {
        let unneeded = files.filter(isUnneeded)
        for digest in unneeded { retire(digest) }
        return unneeded.count
    }

    /// Each of the files is damaged as `chooses` says.
    mutating func damage(_ chooses: () -> Bool) -> Int {
        let before = damaged.count
        for digest in files.sorted() where chooses() { damaged.insert(digest) }
        return damaged.count - before
    }

    /// The file is read; whether it was damaged and is put aside.
    mutating func putAsideIfDamaged(_ digest: Digest) -> Bool {
        guard damaged.remove(digest) != nil else { return false }
        files.remove(digest)
        return true
    }

    mutating func removeAll() { self = SimulatedStore() }
}
