/// Roughly how many bytes trainings leave behind. For predictions of space only: what a worker really writes is its own
/// affair.
package enum OutputForecast {
    /// The averaged weights of the network that a training's spec describes; nil where it is another worker's, of whose size
    /// nobody here knows anything.
    package static func weights(of spec: [String: JSONValue]) -> Int? {
        guard let parameters = Architecture.of(spec)?.size(of: spec).parameters else { return nil }
        // A spec from elsewhere may hold any number.
        return Int(min(max(4 * parameters, 0), 1e15))
    }

    /// A full state beside the weights: parameters, their average and two moments.
    package static let statesToWeights = 4
}

extension JobDescription {
    /// Roughly the bytes that a host must have for what the job makes until it is collected: the weights of every
    /// milestone, and two full states, for one goes only when the next is safe. 0 where nothing is known.
    ///
    /// - Parameter observed: bytes of such weights, where the spec does not tell them.
    package func expectedOutput(weights observed: Int?) -> Int {
        guard case .train(let task) = task, let weights = OutputForecast.weights(of: spec) ?? observed else { return 0 }
        return min(weights, 1 << 50) * (min(task.milestones.count, 4096) + 2 * OutputForecast.statesToWeights)
    }
}
