/// The mean loss of the training steps after the point before, up to `steps`.
package struct LossPoint: Hashable, Sendable {
    package var steps: Int
    package var mean: Double

    package init(steps: Int, mean: Double) {
        self.steps = steps
        self.mean = mean
    }
}

extension LossPoint: Codable {
    package init(from decoder: any Decoder) throws {
        var pair = try decoder.unkeyedContainer()
        steps = try pair.decode(Int.self)
        mean = try pair.decode(Double.self)
        guard pair.isAtEnd, steps > 0, mean.isFinite else {
            throw DecodingError.dataCorruptedError(
                in: pair, debugDescription: "a point of a checkpoint's losses must be [steps, mean]")
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var pair = encoder.unkeyedContainer()
        try pair.encode(steps)
        try pair.encode(mean)
    }
}
