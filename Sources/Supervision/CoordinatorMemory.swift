import JobContract

/// What the agent remembers of its coordinator, over restarts: who it was, and how workers are to be run.
struct CoordinatorMemory: Codable, Equatable {
    var generation: Int
    var nonce: String
    var environment: [String: String]
    var slots: Int?
    var threads: Int

    init(_ hello: AgentHello) {
        generation = hello.generation
        nonce = hello.nonce
        environment = hello.environment.filter { name, value in
            !name.isEmpty && !name.contains("=") && !name.utf8.contains(0) && !value.utf8.contains(0)
        }
        slots = hello.slots
        threads = max(1, hello.threads)
    }

    static func load(_ place: AgentPlace) -> CoordinatorMemory? {
        Files.read(place.memory).flatMap { try? JSONText.decode(CoordinatorMemory.self, from: $0) }
    }

    func save(_ place: AgentPlace) throws(AgentRefusal) {
        let bytes: [UInt8]
        do { bytes = try JSONText.encode(self) } catch {
            throw AgentRefusal(.agentFailed, "cannot write \(place.memory): \(error)")
        }
        try Files.write(bytes, to: place.memory)
    }

    /// Attempts at a time.
    var width: Int { max(1, slots ?? HostSurvey.processors() / threads) }

    /// Why a caller is not the coordinator to serve; nil when it is.
    ///
    /// - Parameter earlier: starts of coordinators that the caller's catalogue remembers. A copy of the catalogue that
    ///   went its own way does not remember the last one that was served here.
    func objection(to caller: CoordinatorMemory, after earlier: [CoordinatorStart]) -> AgentRefusal? {
        if caller.generation < generation {
            return AgentRefusal(
                .protocolViolation,
                "a later coordinator of this catalogue (start \(generation), this one is \(caller.generation)) has "
                    + "the host; end the other one, or work with it")
        }
        let known =
            caller.generation == generation ? caller.nonce : earlier.first { $0.generation == generation }?.nonce
        if let known, known != nonce {
            return AgentRefusal(
                .protocolViolation,
                "another copy of this catalogue had the host last (at its start \(generation), which this copy knows "
                    + "otherwise); use one copy only, or remove coordinator.json of the catalogue on the host to give "
                    + "it to this one, with what the other has running there")
        }
        return nil
    }
}
