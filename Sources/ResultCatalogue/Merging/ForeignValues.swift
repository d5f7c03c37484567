import GRDB
import JobContract

/// Conditions on values in a catalogue that anybody may have made: SQL that is 1 where a value is of the expected type and
/// range, and never 1 where it is of another type.
enum ForeignValues {
    private static let most = 1 << 53

    static func count(_ column: String, from least: Int = 0, to most: Int = most) -> String {
        "(typeof(\(column)) = 'integer' AND \(column) BETWEEN \(least) AND \(most))"
    }

    /// A finite number, at least 0.
    static func amount(_ column: String) -> String {
        "(typeof(\(column)) IN ('real', 'integer') AND \(column) BETWEEN 0 AND 1e300)"
    }

    static func number(_ column: String) -> String {
        "(typeof(\(column)) IN ('real', 'integer') AND abs(\(column)) <= 1.7976931348623157e308)"
    }

    /// A text of at most so many bytes.
    static func text(_ column: String, _ most: Int = 1000) -> String {
        "(typeof(\(column)) = 'text' AND length(CAST(\(column) AS BLOB)) <= \(most) AND instr(\(column), char(0)) = 0)"
    }

    static func digest(_ column: String) -> String {
        """
        (typeof(\(column)) = 'text' AND length(\(column)) = 64 AND length(CAST(\(column) AS BLOB)) = 64
        AND \(column) NOT GLOB '*[^0-9a-f]*')
        """
    }

    static func time(_ column: String) -> String {
        """
        (\(text(column, 32)) AND \(column) NOT GLOB '*[^0-9TZ:.-]*' AND \(column) GLOB
        '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9]*Z')
        """
    }

    static func optional(_ column: String, _ condition: (String) -> String) -> String {
        "(\(column) IS NULL OR \(condition(column)))"
    }

    /// A text that one of `functions` accepts.
    static func text(_ column: String, is function: DatabaseFunction, _ most: Int = 1 << 20) -> String {
        "(\(text(column, most)) AND \(function.name)(\(column)))"
    }

    static let isName = function("is_name") { PlainName.fault($0) == nil }
    static let isTag = function("is_tag") { !$0.contains(where: \.isWhitespace) && PlainName.fault($0) == nil }
    static let isLosses = function("is_losses") {
        (try? JSONText.decode([LossPoint].self, from: Array($0.utf8))) != nil
    }
    /// A JSON list of two different trials or more, as it is stored for comparisons.
    static let isMembers = function("is_members") { text in
        guard let values = JSONText.read(text)?.arrayValue else { return false }
        let trials = values.compactMap { $0.stringValue.flatMap(TrialID.init(hex:)) }
        return trials.count == values.count && trials.count >= 2 && Set(trials).count == trials.count
            && (try? JSONText.write(trials.map(\.hex))) == text
    }
    static let functions = [isName, isTag, isLosses, isMembers]

    private static func function(_ name: String, _ holds: @escaping @Sendable (String) -> Bool) -> DatabaseFunction {
        DatabaseFunction(name, argumentCount: 1, pure: true) { values in
            String.fromDatabaseValue(values[0]).map(holds) ?? false
        }
    }
}
