import Foundation
import JobContract
import SweepModel

/// This machine: the agent is started as a child, and leaves its daemon behind.
final class LocalTransport: Transport {
    private let agent: AgentProgram
    private let wake: Int32

    init(agent: AgentProgram, wake: Int32) {
        self.agent = agent
        self.wake = wake
    }

    let bringsAgent = false

    func connect() throws(HostFailure) {}

    func open(_ line: RemoteLine) throws(HostFailure) -> any ByteStream {
        var environment: [String: String] = [:]
        for name in ["HOME", "PATH", "USER", "LOGNAME", "SLURM_CONF"] + GPUVariables.surroundings {
            environment[name] = ProcessInfo.processInfo.environment[name]
        }
        return try ProcessStream([agent.path, "connect"], environment: environment, wake: wake)
    }

    func close() {}
}
