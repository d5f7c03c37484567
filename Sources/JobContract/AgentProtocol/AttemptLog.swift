/// Asks for a part of what an attempt said.
package struct LogQuestion: Hashable, Sendable, Codable {
    package enum Stream: String, Hashable, Sendable, Codable {
        /// Standard error.
        case errors
        /// Standard output: the events.
        case events
    }
    package var attempt: AttemptNumber
    package var stream: Stream
    /// In bytes from the beginning; negative: so many before the end.
    package var offset: Int

    package init(attempt: AttemptNumber, stream: Stream, offset: Int) {
        self.attempt = attempt
        self.stream = stream
        self.offset = offset
    }
}

/// A part of what an attempt said, at most `limit` bytes.
package struct LogPiece: Hashable, Sendable, Codable {
    package static let limit = 64 << 10

    /// Where `text` begins; behind the asked place where the host no longer keeps what stood there.
    package var offset: Int
    /// Where to ask next.
    package var end: Int
    package var text: String
    /// Nothing more will come behind `end`.
    package var isComplete: Bool
    /// Why there is nothing; nil when the host could answer.
    package var problem: String?

    package init(offset: Int, end: Int, text: String, isComplete: Bool, problem: String? = nil) {
        self.offset = offset
        self.end = end
        self.text = text
        self.isComplete = isComplete
        self.problem = problem
    }
    /// Why there is nothing to read now.
    package init(unavailable problem: String) {
        self.init(offset: 0, end: 0, text: "", isComplete: true, problem: problem)
    }
}
