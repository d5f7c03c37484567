import JobContract
import Tensors

/// Where the networks of this process compute, which the entry point says once.
package struct NetworkMachines {
    /// What provenance says of the device beside the CPU, and how its kernels are called; nil for the CPU alone.
    private let device: (name: String, kernels: String)?
    private let make: () throws -> any LaneMachine<Float>

    // Written once, before any thread is started.
    nonisolated(unsafe) private static var chosen = NetworkMachines(device: nil) { HostMachine<Float>() }

    /// `make` gives every network a machine of its own. The texts stand in the provenance of results.
    package init(
        device: (name: String, kernels: String)?, make: @escaping () throws -> any LaneMachine<Float>
    ) {
        self.device = device
        self.make = make
    }

    /// Makes all networks from now on compute there. Must be called before the first command.
    package static func choose(_ machines: NetworkMachines) { chosen = machines }

    static var deviceName: String? { chosen.device?.name }
    static var kernels: String { chosen.device?.kernels ?? "\(NumericThread.variant)" }

    /// A machine for a network. A device that cannot be used is the host's fault.
    static func machine() throws(JobFailure) -> any LaneMachine<Float> {
        do {
            return try chosen.make()
        } catch {
            throw JobFailure(.unfitHost, explanation(of: error))
        }
    }
}
