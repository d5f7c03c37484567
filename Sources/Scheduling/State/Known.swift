extension Dictionary {
    /// The value of a key that must be there: who asks knows it from another book, and a book that lacks it is wrong.
    subscript(known key: Key) -> Value {
        get { self[key, default: Self.missing(key)] }
        _modify { yield &self[key, default: Self.missing(key)] }
    }

    private static func missing(_ key: Key) -> Value { preconditionFailure("\(key) is in no book of the scheduler") }
}
