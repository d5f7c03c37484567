import JobContract

/// A built-in generator of images and what it reads: the one table that sweep files and generators go by.
package struct ImageGenerator: Hashable, Sendable {
    /// A number the generator reads, `dataset.NAME` in sweep files.
    package struct Parameter: Hashable, Sendable {
        package let name: String
        package let range: ClosedRange<Double>
        /// Whether the lower bound itself is out of range.
        package let isOpenBelow: Bool
        package let isInteger: Bool
        /// Its value where none is given.
        package let fallback: JSONValue
        package let meaning: String

        package var key: String { "dataset.\(name)" }

        /// The value in a request, or the default; nil where it is of the wrong type or out of range.
        package func value(in request: DatasetRequest) -> Double? {
            guard let number = (request.parameters[name] ?? fallback).doubleValue, range.contains(number),
                !(isOpenBelow && number == range.lowerBound), !isInteger || number == number.rounded()
            else { return nil }
            return number
        }
    }

    /// As `dataset.source` names it.
    package let name: String
    package let parameters: [Parameter]

    package static let all = [geometric]
    package static let names = all.map(\.name)

    /// C^α images: two smooth backgrounds on either side of a smooth contour.
    package static let geometric = ImageGenerator(name: "geometric", parameters: [.alpha, .count])
}

extension ImageGenerator.Parameter {
    package static let alpha = Self(
        name: "alpha", range: 0...16, isOpenBelow: true, isInteger: false, fallback: 3,
        meaning: "smoothness α of the generator's C^α images")
    package static let count = Self(
        name: "count", range: 1...1_048_576, isOpenBelow: false, isInteger: true, fallback: 16384,
        meaning: "images the generator makes")
}

extension DatasetRequest {
    package var isGenerator: Bool { ImageGenerator.names.contains(source) }
}
