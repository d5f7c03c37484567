import RemoteHosts
import Scheduling
import Testing

@testable import Commands

/// `--limits` sets what it names, and nothing else.
@Suite struct TimeLimitTests {
    private func applied(_ text: String) throws -> (policy: SchedulingPolicy, options: ConnectionOptions) {
        var (policy, options) = (SchedulingPolicy(), ConnectionOptions())
        let limits = try TimeLimits(parsing: text)
        limits.apply(to: &policy)
        limits.apply(to: &options)
        return (policy, options)
    }

    /// Each name of a limit, and where it is set.
    private static let places: [(name: String, read: @Sendable (SchedulingPolicy, ConnectionOptions) -> Double)] = [
        ("lease", { policy, _ in policy.leaseSeconds }), ("hope", { policy, _ in policy.connectSeconds }),
        ("quick-failure", { policy, _ in policy.quickFailureSeconds }), ("rest", { policy, _ in policy.restSeconds }),
        ("longest-rest", { policy, _ in policy.longestRestSeconds }), ("hung", { policy, _ in policy.hungSeconds }),
        ("stop", { policy, _ in policy.stopSeconds }), ("cancel", { policy, _ in policy.cancelSeconds }),
        ("wind-down", { policy, _ in policy.windDownSeconds }),
        ("checkpoint", { policy, _ in policy.checkpointSeconds }), ("connect", { $1.connectSeconds }),
        ("ping", { $1.pingSeconds }), ("silence", { $1.silenceSeconds }), ("retry", { $1.firstRetrySeconds }),
        ("longest-retry", { $1.lastRetrySeconds }),
    ]

    @Test func everyNameSetsItsOwn() throws {
        #expect(Self.places.map(\.name).sorted().joined(separator: ", ") == TimeLimits.names)
        let usual = (policy: SchedulingPolicy(), options: ConnectionOptions())
        for (name, _) in Self.places {
            let found = try applied("\(name)=12345.5")
            for (other, read) in Self.places {
                let expected = other == name ? 12345.5 : read(usual.policy, usual.options)
                #expect(read(found.policy, found.options) == expected, "\(name), \(other)")
            }
        }
        let both = try applied("lease=20,silence=2")
        #expect(both.policy.leaseSeconds == 20 && both.options.silenceSeconds == 2)
    }

    @Test(arguments: [
        "", "lease", "lease=", "lease=0", "lease=-1", "lease=x", "lease=31536001", "rent=5", "ping=1,ping=2",
    ])
    func whatIsNoLimitIsRefused(text: String) {
        #expect(throws: (any Error).self) { try TimeLimits(parsing: text) }
    }
}
