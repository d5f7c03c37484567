import JobContract
import SweepModel

/// A worker whose results must have the same bits on every host, and what it gives on this machine.
package struct WorkerCheck: Sendable {
    package var digest: Digest
    /// A file with its content on this machine.
    package var path: String
    package var description: WorkerDescription
    /// The program that does the same with its networks on a device, and a file of it; nil: there is none.
    package var onDevice: (digest: Digest, path: String)?

    package init(
        digest: Digest, path: String, description: WorkerDescription, onDevice: (digest: Digest, path: String)? = nil
    ) {
        self.digest = digest
        self.path = path
        self.description = description
        self.onDevice = onDevice
    }

    /// Brings the worker where it is missing and has it describe itself.
    func describe(on host: HostSpec, _ visit: inout HostConversation) throws(HostFailure) -> ServiceAnswer {
        try describe((digest, path), on: host, &visit)
    }

    private func describe(
        _ program: (digest: Digest, path: String), on host: HostSpec, _ visit: inout HostConversation
    ) throws(HostFailure) -> ServiceAnswer {
        let question = ServiceRequest.describe(
            DescriptionRequest(directory: host.directory, worker: program.digest, environment: host.environment))
        let answer = try visit.ask(question, seconds: 150)
        guard case .lacking = answer else { return answer }
        try visit.upload(program.digest, from: program.path)
        return try visit.ask(question, seconds: 150)
    }

    /// What networks compute on there.
    enum Device: Equatable {
        /// A device, by its name; with the reason where the driver that goes before another fails.
        case found(String, passedOver: String?)
        /// The CPU; the words say why.
        case none(String)
    }

    /// Looks whether the program for devices finds one there and gives this machine's bits by it.
    func findDevice(on host: HostSpec, _ visit: inout HostConversation) throws(HostFailure) -> Device {
        guard let onDevice else { return .none("there is no eigensweep-worker-gpu beside this program") }
        switch try describe(onDevice, on: host, &visit) {
        case .described(let there):
            guard let name = there.device?.name else {
                return .none(there.device?.problem ?? "its worker knows of no devices")
            }
            return objection(to: there).map { .none($0) } ?? .found(name, passedOver: there.device?.problem)
        case .mute(let words): return .none(words)
        case .refused(let refusal): throw HostFailure(refusal, host: host.name)
        case .examined, .tried, .cleaned, .orphans, .held, .inspected, .lacking, .relaying, .queueExamined:
            throw HostFailure(.protocolViolation, "\(host.name): the agent answered something else than was asked")
        }
    }

    /// Throws `unsuitable` when the host's results could not be mixed with this machine's.
    func verify(_ host: HostSpec, _ visit: inout HostConversation) throws(HostFailure) {
        switch try describe(on: host, &visit) {
        case .described(let there):
            if let words = objection(to: there) { throw HostFailure(.unsuitable, "\(host.name): \(words)") }
        case .mute(let words):
            throw HostFailure(
                .unsuitable,
                "\(host.name): \(words). Leave the host out, or use a worker "
                    + "that runs there")
        case .refused(let refusal): throw HostFailure(refusal, host: host.name)
        case .examined, .tried, .cleaned, .orphans, .held, .inspected, .lacking, .relaying, .queueExamined:
            throw HostFailure(.protocolViolation, "\(host.name): the agent answered something else than was asked")
        }
    }

    /// Why results of that worker there cannot be used; nil when they can.
    func objection(to there: WorkerDescription) -> String? {
        guard there.check == description.check, there.numerics == description.numerics else {
            return "the worker computes other bits there (check \(there.check.prefix(12)) on \(there.cpu), "
                + "\(description.check.prefix(12)) on this machine): results could not be compared; leave the host out"
        }
        return nil
    }
}
