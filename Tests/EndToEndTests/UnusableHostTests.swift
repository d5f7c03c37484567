import Foundation
import Testing

/// What `launch` and `hosts check` tell of hosts that can never be used, and of hosts that are waited for.
@Suite(.serialized)
struct UnusableHostTests {
    /// Calls `body` with a lab whose `ssh` is a script, so that the test decides what a host says.
    private func withSSH<Result>(_ script: String, _ body: (Lab, [String: String]) throws -> Result) throws -> Result {
        try withLab { lab in
            let program = try lab.write("bin/ssh", "#!/bin/sh\n\(script)\n")
            chmod(program, 0o755)
            try lab.write("hosts.yaml", "hosts:\n  - far: {transport: ssh}\n")
            return try body(lab, ["PATH": "\(lab.directory.path)/bin:/usr/bin:/bin"])
        }
    }

    @Test func anAccountThatRunsNoProgramEndsTheRunWithItsWords() throws {
        try withSSH("case \"$*\" in *-G*) exec /usr/bin/ssh \"$@\";; esac\necho This account is closed.; exit 1") {
            lab, environment in
            let sweep = try lab.write("small.yaml", smallSweep())
            let begun = Date()
            let output = try lab.run(["launch", sweep], environment)
            #expect(output.status == 4, "\(output.err)")
            // Once as it comes, and once as the reason for the end.
            #expect(output.err.components(separatedBy: "This account is closed.").count == 3, "\(output.err)")
            #expect(
                output.err.contains("\nfar: not used any more\n") && !output.err.contains("far: far:"), "\(output.err)")
            #expect(Date().timeIntervalSince(begun) < 30)
            let checked = try lab.run(["hosts", "check", "--format", "csv"], environment)
            #expect(checked.status == 4)
            let doctor = try lab.run(["doctor", "--format", "csv"], environment)
            #expect(doctor.out.contains("\nfar,\"the account") && !doctor.out.contains("far: "), "\(doctor)")
            #expect(checked.out.contains("far,problem,no-shell,") && checked.out.contains("This account is closed."))
        }
    }

    @Test(.enabled(if: slowTestsWanted, whySlow))
    func aHostThatIsWaitedForIsToldWithTheTimeOfTheNextTry() throws {
        let script = "case \"$*\" in *-G*) exec /usr/bin/ssh \"$@\";; esac\necho Connection refused >&2; exit 255"
        try withSSH(script) { lab, environment in
            let sweep = try lab.write("small.yaml", smallSweep())
            let limits = ["--limits", "retry=12,longest-retry=24,hope=40"]
            let output = try lab.run(["launch", sweep] + limits, environment)
            #expect(output.status == 4, "\(output.err)")
            #expect(output.err.contains("Connection refused"))
            let told = output.err.split(separator: "\n").filter { $0.hasPrefix("far: tried again in ") }
            #expect(!told.isEmpty && told.allSatisfy { $0.hasSuffix("Z") && $0.contains(" s, at ") }, "\(output.err)")
            #expect(output.err.contains("far: unreachable, next try in "), "\(output.err)")
        }
    }

    @Test(.enabled(if: slowTestsWanted, whySlow))
    func aCommandThatWaitsForHostsSaysForWhatItWaits() throws {
        try withSSH("case \"$*\" in *-G*) exec /usr/bin/ssh \"$@\";; esac\nsleep 14; exit 1") { lab, environment in
            let here = try lab.write("here.yaml", "hosts:\n  - local: {directory: \(lab.directory.path)/host}\n")
            #expect(try lab.run("launch", try lab.write("small.yaml", smallSweep()), "--hosts", here).status == 0)
            for (words, status) in [(["hosts", "check"], 4), (["hosts", "clean", "--yes"], 4), (["doctor"], 5)]
                as [(_, Int32)]
            {
                let output = try lab.run(words, environment)
                #expect(output.status == status, "\(words): \(output)")
                #expect(output.err.contains("waiting for far (waiting for its shell): 10 s"), "\(words): \(output)")
            }
        }
    }
}
