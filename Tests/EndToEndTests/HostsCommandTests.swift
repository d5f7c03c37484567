import Foundation
import Testing

/// `eigensweep hosts check` and `clean` as people run them.
@Suite(
    .serialized, .enabled(if: slowTestsWanted, whySlow),
    .enabled(if: NamespaceHosts.isAvailable, "hosts are made as root with unshare, sshd and useradd"))
struct HostsCommandTests {
    private struct Listing: Decodable {
        struct Row: Decodable {
            var host: String
            var level: String
            var subject: String
            var finding: String
            var advice: String
        }
        var schema: Int
        var rows: [Row]
    }

    private func check(_ lab: Lab, _ arguments: [String]) throws -> (status: Int32, rows: [Listing.Row]) {
        let output = try lab.run(["hosts", "check", "--format", "json"] + arguments)
        let listing = try JSONDecoder().decode(Listing.self, from: Data(output.out.utf8))
        return (output.status, listing.rows)
    }

    @Test func hostsAreCheckedAndTheExitCodeSaysHowManyCanBeUsed() throws {
        let hosts = try NamespaceHosts(count: 1)
        defer { hosts.remove() }
        try withLab { lab in
            let config = try lab.write(
                "ssh_config", "Host *\n  UserKnownHostsFile \(hosts.knownHosts)\n  IdentitiesOnly yes\n")
            let host = hosts.hosts[0]
            let good =
                "  - good: {address: \(host.address), port: \(host.port), user: \(hosts.user), "
                + "identity: \(hosts.identity), slots: 1}\n"
            try lab.write("hosts.yaml", "hosts:\n\(good)  - bad: {address: 127.0.0.1, port: 9}\n")
            let both = try check(lab, ["--ssh-config", config])
            #expect(both.status == 1, "\(both.rows)")
            #expect(both.rows.contains { $0.host == "bad" && $0.level == "problem" && $0.subject == "unreachable" })
            #expect(!both.rows.contains { $0.host == "good" && $0.level == "problem" }, "\(both.rows)")
            #expect(both.rows.allSatisfy { $0.level == "fine" || $0.level == "note" || !$0.advice.isEmpty })
            #expect(try check(lab, ["bad", "--ssh-config", config]).status == 4)
            #expect(try check(lab, ["good", "--ssh-config", config]).status == 0)
            #expect(try lab.run(["hosts", "check", "nobody"]).status == 2)

            // The check has brought the worker, which nothing needs.
            let cleaned = try lab.run([
                "hosts", "clean", "good", "--all", "--yes", "--format", "csv", "--ssh-config", config,
            ])
            #expect(cleaned.status == 0, "\(cleaned.err)")
            #expect(cleaned.out.contains("good,1,"), "\(cleaned.out)")
        }
    }

    @Test func aLaunchUsesTheHostThatWasChecked() throws {
        try withLab { lab in
            #expect(try check(lab, []).status == 0)
            let sweep = try lab.write("small.yaml", smallSweep())
            let output = try lab.run(["launch", sweep])
            #expect(output.status == 0, "\(output.err)")
            let kept = try lab.run(["hosts", "clean", "--format", "csv"])
            #expect(kept.out.contains("local,0,0"), "\(kept.out)")
        }
    }
}
