import JobContract

/// JSON values as the catalogue's text columns hold them: canonical, so that equal values have equal text.
package enum JSONText {
    /// Throws `CatalogueError` for what has no canonical form.
    static func write(_ value: JSONValue) throws -> String {
        do {
            return try CanonicalJSON.text(value)
        } catch {
            throw CatalogueError(.unknown, "A value cannot be stored: \(error).")
        }
    }

    static func write(_ object: [String: JSONValue]) throws -> String { try write(.object(object)) }
    static func write(_ strings: [String]) throws -> String { try write(.array(strings.map(JSONValue.string))) }
}
