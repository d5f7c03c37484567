import ArgumentParser
import RemoteHosts
import Scheduling

/// Time limits in place of the usual ones, as `--limits lease=20,silence=2` gives them. With them tests see in seconds what
/// takes minutes otherwise; a bad network may need longer ones.
struct TimeLimits: Sendable {
    /// Seconds by name; every name is one of `known`.
    private let seconds: [String: Double]

    private enum Place: @unchecked Sendable {
        case scheduling(WritableKeyPath<SchedulingPolicy, Double>)
        case connection(WritableKeyPath<ConnectionOptions, Double>)
    }

    private static let known: [String: Place] = [
        "lease": .scheduling(\.leaseSeconds), "hope": .scheduling(\.connectSeconds),
        "quick-failure": .scheduling(\.quickFailureSeconds), "rest": .scheduling(\.restSeconds),
        "longest-rest": .scheduling(\.longestRestSeconds), "hung": .scheduling(\.hungSeconds),
        "stop": .scheduling(\.stopSeconds), "cancel": .scheduling(\.cancelSeconds),
        "wind-down": .scheduling(\.windDownSeconds), "checkpoint": .scheduling(\.checkpointSeconds),
        "connect": .connection(\.connectSeconds), "ping": .connection(\.pingSeconds),
        "silence": .connection(\.silenceSeconds), "retry": .connection(\.firstRetrySeconds),
        "longest-retry": .connection(\.lastRetrySeconds),
    ]

    /// Throws `ValidationError` for a name that is not known, a value that is no positive number, or a name said twice.
    init(parsing text: String) throws {
        var seconds: [String: Double] = [:]
        for entry in text.split(separator: ",", omittingEmptySubsequences: false) {
            let words = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard words.count == 2 else {
                throw ValidationError("--limits: expected name=seconds, got \"\(entry)\"")
            }
            guard Self.known[words[0]] != nil else {
                throw ValidationError(
                    "--limits: no limit is called \"\(words[0])\"; expected one of \(Self.names)")
            }
            guard let value = Double(words[1]), value > 0, value <= 31_536_000 else {
                throw ValidationError(
                    "--limits: \(words[0]) must be seconds between 0 and a year, got \"\(words[1])\"")
            }
            guard seconds.updateValue(value, forKey: words[0]) == nil else {
                throw ValidationError("--limits: \(words[0]) is given twice")
            }
        }
        self.seconds = seconds
    }

    static var names: String { known.keys.sorted().joined(separator: ", ") }

    func apply(to policy: inout SchedulingPolicy) {
        for (name, value) in seconds {
            if case .scheduling(let path)? = Self.known[name] { policy[keyPath: path] = value }
        }
    }

    func apply(to options: inout ConnectionOptions) {
        for (name, value) in seconds {
            if case .connection(let path)? = Self.known[name] { options[keyPath: path] = value }
        }
    }
}
