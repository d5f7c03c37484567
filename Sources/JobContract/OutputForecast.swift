/// Roughly how many bytes trainings leave behind. For predictions of space only: what a worker really writes is its own
/// affair.
package enum OutputForecast {
    /// The averaged weights of the network that a training's spec describes.
    package static func weights(of spec: [String: JSONValue]) -> Int {
        // A spec from elsewhere may hold any number.
        return Int(min(max(4 * NetworkForecast(spec).parameters, 0), 1e15))
    }

    /// A full state: parameters, their average and two moments.
    package static func state(of spec: [String: JSONValue]) -> Int { 4 * weights(of: spec) }
}

extension JobDescription {
    /// Roughly the bytes that a host must have for what the job makes until it is collected: the weights of every
    /// milestone, and two full states, for one goes only when the next is safe.
    package var expectedOutput: Int {
        guard case .train(let task) = task else { return 0 }
        return OutputForecast.weights(of: spec) * min(task.milestones.count, 4096) + 2 * OutputForecast.state(of: spec)
    }
}
