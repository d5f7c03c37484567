import CPosix
import Glibc
import JobContract
import Tensors

/// Does one job as the contract says: reads it, sends its events, and decides the exit status.
package struct JobRunner {
    private struct Envelope: Decodable { var contract: Int }

    /// Exit statuses of `run`.
    package enum Outcome: Int32 {
        /// `finished` or `paused` was sent.
        case done = 0
        /// `failed` was sent.
        case failed = 1
        /// No job could be read, or events could not be written, which is the host's fault.
        case hostFault = 75
    }

    /// The event for lack of memory, made while there is memory to make it.
    nonisolated(unsafe) private static let lackOfMemory = strdup(
        #"{"event":"failed","kind":"unfit-host","message":"this host gives the worker too little memory for the job"}"#
            + "\n")
    private let events: EventWriter
    private let stop: StopSignal

    /// From now on SIGTERM asks the job to pause.
    package init() {
        posix_tell_lack_of_memory_as(Self.lackOfMemory)
        events = EventWriter()
        stop = StopSignal()
    }

    /// Reads a job from `text` and does it.
    package func run(_ text: [UInt8]) -> Outcome {
        NumericThread.prepare()
        do {
            let job = try Self.parse(text)
            let facts = WorkerFacts.current
            try events.send(
                .started(
                    .init(
                        contract: ContractVersion.current, worker: WorkerFacts.name, numerics: WorkerFacts.numerics,
                        build: facts.build, cpu: facts.cpu, kernels: facts.kernels)))
            NetworkMachines.tell()
            return try perform(job)
        } catch let failure as JobFailure {
            return fail(failure)
        } catch let error as EventsUnwritable {
            return fail(JobFailure(.noSpace, error.description))
        } catch {
            return fail(JobFailure(.internal, explanation(of: error)))
        }
    }

    private func perform(_ job: JobDescription) throws -> Outcome {
        let directory = WorkingDirectory()
        do {
            switch job.task {
            case .train(let task):
                try TrainJob(job: job, task: task, events: events, directory: directory, stop: stop).run()
            case .measure(let task):
                try MeasureJob(job: job, task: task, events: events, directory: directory, stop: stop).run()
            }
            try events.send(.finished)
        } catch let paused as JobPaused {
            try events.send(.paused(steps: paused.steps))
        }
        return .done
    }

    private func fail(_ failure: JobFailure) -> Outcome {
        Diagnostics.write("\(failure.kind.rawValue): \(failure.message)")
        do {
            try events.send(.failed(.init(kind: failure.kind, message: failure.message)))
            return .failed
        } catch {
            Diagnostics.write(explanation(of: error))
            return .hostFault
        }
    }

    /// The job in `text`. Throws JobFailure `unsupported` for another version of the contract, or a text that is no job.
    static func parse(_ text: [UInt8]) throws -> JobDescription {
        do {
            let contract = try decodeJSON(Envelope.self, from: text).contract
            guard contract == ContractVersion.current else {
                throw JobFailure(
                    .unsupported,
                    "the job speaks version \(contract) of the job contract, this worker version "
                        + "\(ContractVersion.current); use the worker that came with the coordinator")
            }
            return try decodeJSON(JobDescription.self, from: text)
        } catch let error as JSONTextError {
            throw JobFailure(.unsupported, "not a job description: \(explanation(of: error))")
        }
    }
}
