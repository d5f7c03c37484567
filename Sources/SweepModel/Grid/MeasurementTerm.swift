/// A number measured of a trial, as expressions name it: `memorization.copied`, `denoising.wiener_gain_db@0.5` at a noise
/// level, `denoising.wiener_gain_db@worse(0.5, 1.5)` for the smaller of two.
package struct MeasurementTerm: Hashable, Sendable, CustomStringConvertible {
    package var measure: String
    package var quantity: String
    /// Noise levels, of whose values the smallest counts; empty for a quantity without levels.
    package var levels: [Double]

    /// Reads `MEASURE.QUANTITY`, with a level or `worse(…)` after `@`; nil for any other text.
    package init?(_ text: String) {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false).map(String.init)
        let names = parts[0].split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count <= 2, names.count == 2, names.allSatisfy({ !$0.isEmpty }) else { return nil }
        (measure, quantity, levels) = (names[0], names[1], [])
        guard parts.count == 2 else { return }
        var level = parts[1]
        if level.hasPrefix(Self.worse), level.hasSuffix(")") {
            level = String(level.dropFirst(Self.worse.count).dropLast())
        }
        let found = level.split(separator: ",", omittingEmptySubsequences: false).map {
            Double($0.filter { $0 != " " })
        }
        levels = found.compactMap(\.self).filter { $0 > 0 && $0.isFinite }
        guard levels.count == found.count, (levels.count == 2) == parts[1].hasPrefix(Self.worse), levels.count < 3
        else {
            return nil
        }
    }

    static let worse = "worse("

    package var description: String {
        let name = "\(measure).\(quantity)"
        return switch levels.count {
        case 0: name
        case 1: "\(name)@\(levels[0])"
        default: "\(name)@\(Self.worse)\(levels.map { "\($0)" }.joined(separator: ", ")))"
        }
    }
}
