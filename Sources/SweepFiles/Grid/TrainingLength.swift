import JobContract

/// The canonical length of a trial: optimiser steps.
enum TrainingLength {
    /// No training is longer. It is far more than anyone trains, and the sum over ten million trials is still an `Int`.
    static let mostImages = 100_000_000_000

    /// The steps as given, ⌈images/batch⌉, or max(1, round(N·epochs/batch)); nil beyond `mostImages`, or without a length.
    static func steps(_ values: [String: JSONValue]) -> Int? {
        guard let batch = values["training.batch"]?.integerValue, let steps = steps(values, batch: batch),
            steps <= mostImages / batch
        else { return nil }
        return steps
    }

    private static func steps(_ values: [String: JSONValue], batch: Int) -> Int? {
        if let steps = values["training.steps"]?.integerValue { return steps }
        if let images = values["training.images"]?.integerValue { return (images - 1) / batch + 1 }
        guard let epochs = values["training.epochs"]?.doubleValue, let size = values["dataset.size"]?.integerValue
        else { return nil }
        let steps = (Double(size) * epochs / Double(batch)).rounded(.toNearestOrAwayFromZero)
        guard steps < 9e15 else { return nil }
        return max(1, Int(steps))
    }
}
