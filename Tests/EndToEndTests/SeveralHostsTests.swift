import Foundation
import Testing

/// The real program over real sshd: three hosts, each with its own address in its own network namespace, a plain
/// user, throw-away keys.
@Suite(
    .serialized, .enabled(if: slowTestsWanted, whySlow),
    .enabled(if: NamespaceHosts.isAvailable, "hosts are made as root with unshare, sshd and useradd"))
struct SeveralHostsTests {
    /// A lab whose hosts file names the namespaces' hosts, and the arguments that reach them.
    private func withHosts(
        count: Int = 3, withLocal: Bool = false, _ body: (Lab, NamespaceHosts, [String]) throws -> Void
    ) throws {
        let hosts = try NamespaceHosts(count: count)
        defer { hosts.remove() }
        try withLab { lab in
            try lab.write("ssh_config", "Host *\n  UserKnownHostsFile \(hosts.knownHosts)\n  IdentitiesOnly yes\n")
            let lines = hosts.hosts.map { host in
                "  - \(host.name): {address: \(host.address), port: \(host.port), user: \(hosts.user), "
                    + "identity: \(hosts.identity), slots: 1}"
            }
            let local = withLocal ? ["  - local: {slots: 1, directory: \(lab.directory.path)/host}"] : []
            try lab.write("hosts.yaml", "hosts:\n" + (local + lines).joined(separator: "\n") + "\n")
            try body(lab, hosts, ["--ssh-config", lab.directory.appendingPathComponent("ssh_config").path])
        }
    }

    @Test func threeHostsShareASweepAndGiveTheSameBits() throws {
        let alone = try ResumeTests.undisturbed.get()
        try withHosts { lab, _, options in
            let sweep = try lab.write("small.yaml", smallSweep(lengths: ResumeTests.lengths))
            let output = try lab.run(["launch", sweep] + options)
            #expect(output.status == 0, "\(output.err)")
            #expect(try lab.rows("SELECT count(DISTINCT host) FROM attempt") == ["3"])
            #expect(try lab.measurements() == alone)
        }
    }

    /// The device is the CPU's, by PoCL. Of two slots one job at a time has it.
    @Test(.enabled(if: FileManager.default.fileExists(atPath: "/etc/OpenCL/vendors/pocl.icd"), "needs PoCL"))
    func aHostWithADeviceAndOneWithoutGiveTheSameBits() throws {
        let alone = try ResumeTests.undisturbed.get()
        try withHosts(count: 2) { lab, _, options in
            try lab.write("gpus/0", "")
            let text = try String(contentsOfFile: lab.directory.path + "/hosts.yaml", encoding: .utf8)
            let device = "{EIGENSWEEP_AGENT_GPUS: \(lab.directory.path)/gpus, EIGENSWEEP_DEVICE: \"0\"}"
            let first = try #require(text.split(separator: "\n").first { $0.contains("- h1:") })
            try lab.write(
                "hosts.yaml",
                text.replacing(first, with: first.replacing("slots: 1}", with: "slots: 2, gpus: auto, env: \(device)}"))
            )
            let check = try lab.run(["hosts", "check", "--format", "csv"] + options)
            #expect(check.status == 0, "\(check)")
            let line = try #require(check.out.split(separator: "\n").first { $0.contains(",device,") })
            #expect(line.hasPrefix("h1,note,device,") && line.contains("with this machine's bits: 1 job at a time"))
            #expect(line.contains("on the CPU 1 more") && line.contains("slots: 1 in the hosts file"), "\(line)")

            let sweep = try lab.write("small.yaml", smallSweep(lengths: ResumeTests.lengths))
            let output = try lab.run(["launch", sweep] + options)
            #expect(output.status == 0, "\(output.err)")
            #expect(try lab.measurements() == alone)
            let kernels = try lab.rows(
                "SELECT DISTINCT host, kernels = 'opencl' FROM attempt WHERE outcome = 'succeeded' ORDER BY 1, 2")
            #expect(kernels == ["h1|0", "h1|1", "h2|0"])
            #expect(try lab.rows("SELECT count(DISTINCT build) FROM attempt WHERE outcome = 'succeeded'") == ["2"])

            // Without the driver all is done by the CPU, and it is said why.
            try lab.write(
                "hosts.yaml",
                text.replacing(
                    first,
                    with: first.replacing(
                        "slots: 1}", with: "slots: 2, gpus: auto, env: \(device.replacing("\"0\"", with: "\"7\""))}")))
            let again = try lab.run(["hosts", "check", "--format", "csv"] + options)
            #expect(again.status == 0, "\(again)")
            let words = "jobs compute on the CPU: OpenCL names 1 device here, and number 7 was asked for"
            #expect(again.out.contains("h1,warning,device,\"\(words)\""), "\(again.out)")
            let rest = try lab.run(["launch", sweep, "--set", "seed=1", "--set", "training.steps=20"] + options)
            #expect(
                rest.status == 0 && rest.err.contains("h1: its \(words)"), "\(rest.err)")
        }
    }

    @Test func aZipOfPicturesIsSweptOnThisMachineAndTwoOthers() throws {
        try withHosts(count: 2, withLocal: true) { lab, _, options in
            let pictures = lab.directory.appendingPathComponent("pictures.zip").path
            try PictureArchive.write(128, to: pictures)
            let sweep = try lab.write(
                "small.yaml",
                smallSweep().replacingOccurrences(of: "source: geometric, ", with: "")
                    .replacingOccurrences(of: "count: 256, ", with: ""))
            let output = try lab.run(["launch", sweep, "--set", "dataset.source=\(pictures)"] + options)
            #expect(output.status == 0, "\(output.err)")
            #expect(try lab.rows("SELECT state, count(*) FROM trials GROUP BY 1") == ["succeeded|8"])
            #expect(try lab.rows("SELECT DISTINCT host FROM attempt ORDER BY 1") == ["h1", "h2", "local"])
        }
    }

    @Test func cutConnectionsLoseAndRepeatNothing() throws {
        let alone = try ResumeTests.undisturbed.get()
        try withHosts { lab, hosts, options in
            let sweep = try lab.write("small.yaml", smallSweep(lengths: ResumeTests.lengths))
            let coordinator = try lab.start(["launch", sweep] + options)
            try lab.wait(120, for: "a first milestone") { try lab.count("milestone") >= 1 }
            for host in hosts.hosts { hosts.cutConnections(of: host) }
            try hosts.setLink(of: hosts.hosts[0], up: false)
            usleep(3_000_000)
            try hosts.setLink(of: hosts.hosts[0], up: true)
            coordinator.waitUntilExit()
            #expect(coordinator.terminationStatus == 0)
            #expect(try lab.measurements() == alone)
            // Every training was started once: a cut connection ends no work. An attempt that waits may be taken back.
            let attempts = try lab.rows("SELECT number, kind, host, started_at, outcome, reason FROM attempt")
            #expect(try lab.count("attempt WHERE kind = 'train' AND started_at IS NOT NULL") == 4, "\(attempts)")
        }
    }

    @Test func anUnknownHostKeyIsRefusedInWords() throws {
        try withHosts { lab, hosts, _ in
            try lab.write("empty", "")
            let config = try lab.write(
                "strict", "Host *\n  UserKnownHostsFile \(lab.directory.path)/empty\n  IdentitiesOnly yes\n")
            let sweep = try lab.write("small.yaml", smallSweep())
            let refused = try lab.run(["launch", sweep, "--ssh-config", config])
            #expect(refused.status == 4)
            #expect(refused.err.contains("host key"), "\(refused.err)")
            #expect(refused.err.contains("--accept-new-host-keys"), "\(refused.err)")
        }
    }

    @Test func whatAHostFoundThatLeftTheHostsFileIsCollected() throws {
        let alone = try ResumeTests.undisturbed.get()
        try withHosts(count: 2) { lab, hosts, options in
            let sweep = try lab.write("small.yaml", smallSweep(lengths: ResumeTests.lengths))
            let coordinator = try lab.start(["launch", sweep] + options)
            try lab.wait(120, for: "work on both") {
                try lab.rows("SELECT DISTINCT host FROM attempt WHERE started_at NOT NULL AND outcome IS NULL").count
                    == 2
            }
            let text = try String(contentsOfFile: lab.directory.path + "/hosts.yaml", encoding: .utf8)
            try lab.write(
                "hosts.yaml", text.split(separator: "\n").filter { !$0.contains("- h2:") }.joined(separator: "\n"))
            coordinator.waitUntilExit()
            #expect(coordinator.terminationStatus == 0, "\(lab.said(by: coordinator))")
            #expect(try lab.measurements() == alone)
            let left = try lab.rows("SELECT outcome FROM attempt WHERE host = 'h2' AND started_at NOT NULL")
            #expect(left.contains("succeeded"), "\(left)")
            #expect(try lab.count("attempt WHERE outcome IS NULL") == 0)
        }
    }

    @Test func aPassphraseThatNobodyCanBeAskedForIsRefusedThoughTheRunIsDetached() throws {
        try withHosts(count: 1) { lab, hosts, options in
            try NamespaceHosts.run(
                "/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "secret", "-f", lab.directory.path + "/locked")
            let text = try String(contentsOfFile: lab.directory.path + "/hosts.yaml", encoding: .utf8)
            try lab.write("hosts.yaml", text.replacing(hosts.identity, with: lab.directory.path + "/locked"))
            let sweep = try lab.write("small.yaml", smallSweep())
            let launch = try lab.run(["launch", "--detach", sweep] + options)
            #expect(launch.status == 4, "\(launch)")
            #expect(launch.err.contains("ssh-add"), "\(launch)")
            #expect(lab.processes(matching: "in-background").isEmpty)
            #expect(try lab.count("attempt") == 0)
            try lab.write("hosts.yaml", text)
            let again = try lab.run(["resume"] + options)
            #expect(again.status == 0, "\(again)")
        }
    }
}
