import JobContract
import Measures
import ScoreNetworks
import Tensors

/// Why a job ended without its result; the `failed` event says it.
package struct JobFailure: Error, Hashable, CustomStringConvertible {
    package var kind: WorkerEvent.Failed.Kind
    package var message: String

    package init(_ kind: WorkerEvent.Failed.Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    package var description: String { message }
}

extension JobFailure {
    package init(_ error: MeasureError) { self.init(error.isHosts ? .unfitHost : .unsupported, error.description) }

    static func kind(of error: TrainingError) -> WorkerEvent.Failed.Kind {
        switch error {
        case .settings: .unsupported
        case .diverged: .diverged
        case .device: .unfitHost
        }
    }

    /// Turns the errors of building, restoring and running a training into failures.
    static func explainingTraining<T>(_ body: () throws -> T) throws -> T {
        do {
            return try body()
        } catch let error as NetworkError {
            throw JobFailure(.unsupported, "this network cannot be built: model.\(error.description)")
        } catch let error as TrainingError {
            throw JobFailure(kind(of: error), error.description)
        } catch let error as SafetensorsError {
            throw JobFailure(.missingInput, error.description)
        }
    }
}

/// Thrown when the job was asked to stop and has stored what it did.
struct JobPaused: Error {
    /// The step of the training at which the job stopped.
    var steps: Int
}
