import Foundation
import SweepModel
import Testing

@testable import RemoteHosts

struct SSHSettingsTests {
    @Test(.enabled(if: SSHServer.isAvailable, "needs openssh-client"))
    func `the SSH configuration is read as ssh reads it`() throws {
        let scratch = try Scratch()
        try scratch.write(
            """
            Host node
                Port 2200
                IdentityFile /keys/node
                UserKnownHostsFile /keys/known
            """, "more")
        try scratch.write(
            """
            Include \(scratch.path("more"))
            Match host node
                HostName 192.0.2.7
                ProxyJump me@head:2022,inner
            Host *
                User someone
                IdentitiesOnly yes
            """, "config")
        var options = ConnectionOptions()
        options.sshConfig = scratch.path("config")
        let settings = try SSHSettings.resolve(HostSpec(name: "node", transport: .libssh), options)
        #expect(settings.address == "192.0.2.7")
        #expect(settings.port == 2200)
        #expect(settings.user == "someone")
        #expect(settings.identities == ["/keys/node"])
        #expect(settings.identitiesOnly)
        #expect(settings.knownHosts == ["/keys/known"])
        #expect(settings.proxyJump == "me@head:2022,inner")
        let explicit = HostSpec(
            name: "node", transport: .libssh, address: "node", port: 9, user: "other", identity: "/keys/mine")
        let overridden = try SSHSettings.resolve(explicit, options)
        #expect(overridden.port == 9 && overridden.user == "other" && overridden.identities == ["/keys/mine"])
    }

    @Test func `an address that looks like an option is refused`() {
        let host = HostSpec(name: "-oProxyCommand=touch", transport: .libssh)
        #expect(throws: HostFailure.self) { try SSHSettings.resolve(host, ConnectionOptions()) }
    }

    @Test func `no command line carries a value`() {
        for line in RemoteLine.allCases {
            #expect(line.rawValue.hasPrefix("exec /bin/sh -c '") && line.rawValue.hasSuffix("'"))
            #expect(line.rawValue.count { $0 == "'" } == 2)
        }
    }
}
