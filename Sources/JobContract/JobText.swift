/// A job as the JSON that its worker reads. The coordinator writes everything but the store, of which only the host knows
/// where it is; nobody between them reads it.
package struct JobText: Hashable, Sendable {
    /// Canonical JSON (`CanonicalJSON`) without the member `store`.
    package let bytes: [UInt8]

    /// Throws `CanonicalJSON.Failure` for numbers that JSON has not.
    /// - Parameter spec: the canonical JSON of the description's spec, where it is known.
    package init(_ description: JobDescription, spec: [UInt8]? = nil) throws {
        guard case .train(let task) = description.task, description.otherTrainings == nil, task.measures == nil else {
            var members = try JSONText.decode([String: JSONValue].self, from: try JSONText.encode(description))
            members["store"] = nil
            bytes = try CanonicalJSON.encode(.object(members))
            return
        }
        // By hand, in the keys' order: there may be thousands a second.
        var text: [UInt8] = []
        text.reserveCapacity(2048)
        text.append(member: #"{"attempt":"#, description.attempt.value)
        text.append(member: #","contract":"#, description.contract)
        text.append(member: #","dataset":"#, description.dataset)
        text.append(member: #","job":"#, description.job.digest)
        text.append(literal: #","spec":"#)
        if let spec {
            text.append(contentsOf: spec)
        } else {
            try CanonicalJSON.append(.object(description.spec), to: &text)
        }
        text.append(literal: #","task":"#)
        try text.append(task)
        text.append(member: #","threads":"#, description.threads)
        text.append(member: #","training":"#, description.training.digest)
        text.append(UInt8(ascii: "}"))
        bytes = text
    }

    /// Takes what a coordinator wrote. A worker that cannot read it says so.
    package init(bytes: [UInt8]) { self.bytes = bytes }

    /// What the worker reads on a host with its store there.
    package func placed(inStore store: String) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count + store.utf8.count + 16)
        text.append(contentsOf: bytes.dropLast())
        text.append(literal: #","store":"#)
        CanonicalJSON.append(string: store, to: &text)
        text.append(UInt8(ascii: "}"))
        return text
    }
}

/// Travels in a message as the JSON that it holds.
extension JobText: Codable {
    package init(from decoder: any Decoder) throws {
        bytes = try CanonicalJSON.encode(.object(try [String: JSONValue](from: decoder)))
    }

    package func encode(to encoder: any Encoder) throws {
        guard let value = JSONText.read(bytes) else {
            throw EncodingError.invalidValue(bytes, .init(codingPath: [], debugDescription: "the job is no JSON"))
        }
        try value.encode(to: encoder)
    }
}

extension [UInt8] {
    /// Appends a key, with all that stands before its value, and the value.
    fileprivate mutating func append(member key: StaticString, _ value: Int) {
        append(literal: key)
        append(decimal: value)
    }

    fileprivate mutating func append(member key: StaticString, _ digest: Digest) {
        append(literal: key)
        append(quoted: digest)
    }

    fileprivate mutating func append(member key: StaticString, _ text: String) {
        append(literal: key)
        CanonicalJSON.append(string: text, to: &self)
    }

    fileprivate mutating func append(literal text: StaticString) {
        append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    fileprivate mutating func append(_ task: TrainTask) throws(CanonicalJSON.Failure) {
        append(literal: #"{"train":{"checkpointSeconds":"#)
        append(contentsOf: try CanonicalJSON.number(task.checkpointSeconds).utf8)
        append(literal: #","milestones":["#)
        for (index, steps) in task.milestones.enumerated() {
            if index > 0 { append(UInt8(ascii: ",")) }
            append(decimal: steps)
        }
        append(UInt8(ascii: "]"))
        if let resume = task.resume {
            append(member: #","resume":{"state":"#, resume.state)
            append(member: #","steps":"#, resume.steps)
            append(UInt8(ascii: "}"))
        }
        append(literal: "}}")
    }
}
