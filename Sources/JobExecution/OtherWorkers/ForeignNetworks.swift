import Diffusion
import Glibc
import JobContract
import Measures
import Tensors

/// Networks of another worker, which serves them by its command `denoise` for as long as the job lasts.
///
/// Measures ask denoisers that cannot fail. So a failure is kept here, later questions are answered by their own images, and
/// `check` throws it: whoever takes a measure calls that as it goes on, and before its result counts.
final class ForeignNetworks {
    private enum Failure: Error {
        case stopped
        /// Of this measure: the child goes on.
        case measure(MeasureError)
        case job(JobFailure)
    }

    private let child: ChildProcess
    /// The command as people read it.
    private let words: String
    private let steps: Int
    private var failure: Failure?
    private(set) var denoisers: [ForeignDenoiser] = []

    /// Starts the worker and waits until it has loaded the networks. Throws JobFailure of the kind that it tells, or
    /// JobPaused.
    init(
        _ networks: [DenoiseProtocol.Wish.Network], by worker: DenoiserCommand, of job: JobDescription, steps: Int,
        stop: StopSignal
    ) throws {
        self.steps = steps
        words = (worker.command + ["denoise"]).joined(separator: " ")
        child = try ChildProcess(worker.command + ["denoise"], stop: stop)
        let wish = DenoiseProtocol.Wish(store: job.store, threads: job.threads, networks: networks)
        let line = Array((try jsonLine(wish) + "\n").utf8)
        let answer: [UInt8]?
        do {
            answer = try answered(line)
        } catch ChildProcess.Failure.stopped {
            throw JobPaused(steps: steps)
        } catch let error as ChildProcess.Failure {
            throw broken(error, "before it said what its networks are")
        }
        guard let answer else { throw mumbled("more than one line about its networks") }
        if let refusal = try? JSONText.decode(DenoiseProtocol.Refusal.self, from: answer) {
            let kind = WorkerEvent.Failed.Kind(rawValue: refusal.failed) ?? .internal
            throw JobFailure(kind, "`\(words)`: \(refusal.message)")
        }
        guard let greeting = try? JSONText.decode(DenoiseProtocol.Greeting.self, from: answer) else {
            throw mumbled("no description of its networks")
        }
        guard greeting.contract == ContractVersion.current, greeting.networks.count == networks.count else {
            throw mumbled(
                "a description of \(greeting.networks.count) networks by version \(greeting.contract) of the job contract; "
                    + "expected \(networks.count) by version \(ContractVersion.current)")
        }
        for (number, (network, said)) in zip(networks, greeting.networks).enumerated() {
            denoisers.append(try denoiser(number, network, said, derivative: worker.derivative))
        }
    }

    /// What the child says to its first line.
    private func answered(_ line: [UInt8]) throws -> [UInt8]? {
        do {
            try line.withUnsafeBytes { try child.write($0) }
        } catch let error as ChildProcess.Failure {
            // Why it will not read on may stand in its answer.
            switch error {
            case .unasked, .ended: break
            case .stopped, .system: throw error
            }
        }
        return try child.readLine(atMost: DenoiseProtocol.longestLine)
    }

    private func denoiser(
        _ number: Int, _ network: DenoiseProtocol.Wish.Network, _ said: DenoiseProtocol.Greeting.Network,
        derivative: Bool
    ) throws -> ForeignDenoiser {
        let shape = try ForeignSpec(network.spec).shape
        guard said.shape == [shape.channels, shape.height, shape.width] else {
            throw mumbled(
                "that its images are \(said.shape); those of the spec are "
                    + "\([shape.channels, shape.height, shape.width])")
        }
        let (least, most) = (said.levels?.least ?? 0, said.levels.map { $0.most ?? .infinity } ?? .infinity)
        guard least >= 0, most >= least else { throw mumbled("that it is for noise levels from \(least) to \(most)") }
        let batch = said.batch ?? DenoiseProtocol.usualBatch
        guard (1...DenoiseProtocol.mostBatch).contains(batch) else {
            throw mumbled("that it likes batches of \(batch) images; expected 1 to \(DenoiseProtocol.mostBatch)")
        }
        let type = derivative ? DifferentiableForeignDenoiser.self : ForeignDenoiser.self
        return type.init(
            number, of: self, shape: shape, levels: least...most, isBlind: said.blind ?? false, batch: batch)
    }

    // MARK: Questions

    /// D(x; σ), or products with the Jacobian at the one image `x`; the images that were asked about where there is none.
    func ask(
        _ operation: DenoiseProtocol.Operation, _ network: ForeignDenoiser, x: ArraySlice<Float>,
        sigma: ArraySlice<Double>,
        vectors: ArraySlice<Float> = []
    ) -> [Float] {
        let size = network.imageShape.count
        let asked = operation == .denoise ? x : vectors
        guard failure == nil else { return Array(asked) }
        let header = [
            operation.rawValue, UInt32(network.number), UInt32(sigma.count), UInt32(vectors.count / size),
        ]
        do {
            var answer = [Float](repeating: 0, count: asked.count)
            try write(header)
            try write(sigma)
            try write(x)
            try write(vectors)
            try readHeader(bytes: 4 * answer.count)
            try answer.withUnsafeMutableBytes { try child.read(into: $0) }
            guard answer.allSatisfy(\.isFinite) else {
                throw Failure.measure(
                    MeasureError(
                        "the network gives values that are no numbers (`\(words)`, noise level \(sigma.first ?? 0))"))
            }
            return answer
        } catch let error as Failure {
            failure = error
        } catch ChildProcess.Failure.stopped {
            failure = .stopped
        } catch let error as ChildProcess.Failure {
            failure = .job(broken(error, "while it was asked"))
        } catch {
            failure = .job(JobFailure(.internal, explanation(of: error)))
        }
        return Array(asked)
    }

    private func write<Value: BitwiseCopyable>(_ values: some Collection<Value>) throws {
        guard !values.isEmpty else { return }
        do {
            // Arrays and slices of them have their values at hand.
            try values.withContiguousStorageIfAvailable { try child.write(UnsafeRawBufferPointer($0)) }
        } catch ChildProcess.Failure.unasked {
            // Why it will not listen may stand in its answer.
            try readHeader(bytes: nil)
        }
    }

    /// Reads the header of an answer with that many bytes; `nil`: none can be right.
    private func readHeader(bytes: Int?) throws {
        var header = [UInt8](repeating: 0, count: DenoiseProtocol.header)
        try header.withUnsafeMutableBytes { try child.read(into: $0) }
        let (status, reserved, count) = header.withUnsafeBytes {
            (
                $0.load(as: UInt32.self), $0.load(fromByteOffset: 4, as: UInt32.self),
                $0.load(fromByteOffset: 8, as: UInt64.self)
            )
        }
        switch DenoiseProtocol.Status(rawValue: status) {
        case .done? where reserved == 0 && bytes.map({ count == $0 }) ?? false: return
        case .failed? where reserved == 0 && count <= OutsideValues.wordsLength:
            var message = [UInt8](repeating: 0, count: Int(count))
            try message.withUnsafeMutableBytes { try child.read(into: $0) }
            throw Failure.job(
                JobFailure(.internal, "`\(words)` failed: \(String(decoding: message, as: UTF8.self))\(saying)"))
        default:
            throw Failure.job(
                mumbled(
                    "an answer that is none (status \(status), \(count) bytes"
                        + (bytes.map { " where \($0) were expected" } ?? " before it was asked") + ")"))
        }
    }

    // MARK: Failures

    /// Throws what went wrong since the last call, as JobFailure, MeasureError or JobPaused.
    func check() throws {
        switch failure {
        case nil: return
        case .stopped: throw JobPaused(steps: steps)
        case .job(let failure): throw failure
        case .measure(let error):
            failure = nil
            throw error
        }
    }

    private func mumbled(_ what: String) -> JobFailure {
        child.end()
        return JobFailure(.internal, "`\(words)` said \(what)\(saying)")
    }

    private func broken(_ failure: ChildProcess.Failure, _ when: String) -> JobFailure {
        switch failure {
        case .unasked: return mumbled("something \(when)")
        case .system(let reason):
            child.end()
            return JobFailure(.internal, "`\(words)` \(reason)")
        case .stopped, .ended:
            let exit = child.end(patience: 5)
            let how = exit < 0 ? "died of signal \(-exit)" : "ended with exit code \(exit)"
            // As for a worker itself: the kernel ends what takes too much memory.
            let isKilled = exit == -SIGKILL
            return JobFailure(
                isKilled ? .unfitHost : .internal,
                "`\(words)` \(how) \(when)\(isKilled ? ", perhaps for its memory" : "")\(saying)")
        }
    }

    /// The child's last words, to follow a sentence.
    private var saying: String {
        let text = String(decoding: child.lastWords, as: UTF8.self)
        let lines = text.split(separator: "\n").suffix(6).joined(separator: "\n")
        return lines.isEmpty ? "" : "; its last words:\n\(lines)"
    }

    /// Lets the child end.
    func close() { child.end(patience: 5) }
}

/// One of another worker's networks.
class ForeignDenoiser: Denoiser {
    let number: Int
    let imageShape: ImageShape
    let levels: ClosedRange<Double>
    let isBlind: Bool
    let batch: Int
    fileprivate unowned let networks: ForeignNetworks

    required init(
        _ number: Int, of networks: ForeignNetworks, shape: ImageShape, levels: ClosedRange<Double>, isBlind: Bool,
        batch: Int
    ) {
        self.number = number
        self.networks = networks
        imageShape = shape
        self.levels = levels
        self.isBlind = isBlind
        self.batch = batch
    }

    func denoise(_ x: Tensor<Float>, sigma: [Double]) -> Tensor<Float> {
        let size = imageShape.count
        precondition(x.values.count == sigma.count * size, "\(x.shape) does not hold \(sigma.count) images")
        var result: [Float] = []
        result.reserveCapacity(x.values.count)
        for first in stride(from: 0, to: sigma.count, by: batch) {
            let images = first..<min(first + batch, sigma.count)
            result += networks.ask(
                .denoise, self, x: x.values[images.lowerBound * size..<images.upperBound * size], sigma: sigma[images])
        }
        return Tensor(shape: x.shape, values: result)
    }
}

/// One of a worker that has products with the Jacobian.
final class DifferentiableForeignDenoiser: ForeignDenoiser, DifferentiableDenoiser {
    func pullback(at x: Tensor<Float>, sigma: Double) -> Pullback { product(.pullback, at: x, sigma: sigma) }

    func pushforward(at x: Tensor<Float>, sigma: Double) -> Pullback { product(.pushforward, at: x, sigma: sigma) }

    private func product(_ operation: DenoiseProtocol.Operation, at x: Tensor<Float>, sigma: Double) -> Pullback {
        let size = imageShape.count
        precondition(x.values.count == size, "one image")
        return { [self] vectors in
            var result: [Float] = []
            for first in stride(from: 0, to: vectors.values.count, by: batch * size) {
                let part = first..<min(first + batch * size, vectors.values.count)
                result += networks.ask(
                    operation, self, x: x.values[...], sigma: [sigma], vectors: vectors.values[part])
            }
            return Tensor(shape: vectors.shape, values: result)
        }
    }
}
