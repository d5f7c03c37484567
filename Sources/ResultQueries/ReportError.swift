/// Why a report could not be made.
package struct ReportError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Kind: Hashable, Sendable {
        /// What was asked for does not exist or cannot be read: the user's to correct.
        case request
        /// A program or file the report needs is missing or failed.
        case environment
    }
    package var kind: Kind
    /// What happened, what was expected, what to do.
    package var message: String

    package init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    package var description: String { message }
}
