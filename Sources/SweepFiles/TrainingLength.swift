import Foundation
import JobContract

/// The canonical length of a trial: optimiser steps.
enum TrainingLength {
    /// max(1, round(N·epochs/batch)) or ⌈images/batch⌉; nil beyond what JSON holds exactly, or without a length.
    static func steps(_ values: [String: JSONValue]) -> Int? {
        guard let batch = values["training.batch"]?.integerValue else { return nil }
        if let steps = values["training.steps"]?.integerValue { return steps }
        if let images = values["training.images"]?.integerValue { return (images - 1) / batch + 1 }
        guard let epochs = values["training.epochs"]?.doubleValue, let size = values["dataset.size"]?.integerValue
        else { return nil }
        let steps = (Double(size) * epochs / Double(batch)).rounded(.toNearestOrAwayFromZero)
        guard steps < 9e15 else { return nil }
        return max(1, Int(steps))
    }
}
