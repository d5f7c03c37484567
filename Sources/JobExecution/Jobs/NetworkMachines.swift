import JobContract
import Tensors

/// Where the networks of this process compute: on the CPU, or on a device that the entry point offers. A device is taken where
/// it gives a small network the CPU's bits; else all is as if there were none, and it is said why.
package struct NetworkMachines {
    /// A device that was found.
    package struct Device {
        /// What the driver calls it, and how its kernels are called: both stand in the provenance of results.
        let name: String
        let kernels: String
        /// Why the driver that goes before was not used; nil where nothing failed.
        let passedOver: String?
        /// Gives every network a machine of its own.
        let make: () throws -> any LaneMachine<Float>

        package init(
            name: String, kernels: String, passedOver: String? = nil,
            make: @escaping () throws -> any LaneMachine<Float>
        ) {
            self.name = name
            self.kernels = kernels
            self.passedOver = passedOver
            self.make = make
        }
    }

    // Written once, before any thread is started.
    nonisolated(unsafe) private static var offer: (() throws -> Device)?

    /// Makes networks compute on the device that `find` finds. Must be called before the first command.
    package static func offer(_ find: @escaping () throws -> Device) { offer = find }

    private let device: Device?
    private let problem: String?

    /// Settled when the first command asks.
    nonisolated(unsafe) private static let chosen: NetworkMachines = {
        guard let offer else { return NetworkMachines(device: nil, problem: nil) }
        do {
            let device = try offer()
            guard try trained(on: device) == NumericsCheck.state(on: HostMachine<Float>(), steps: steps) else {
                throw JobFailure(.unfitHost, "\(device.name) computes other bits than the CPU")
            }
            return NetworkMachines(device: device, problem: nil)
        } catch {
            return NetworkMachines(device: nil, problem: explanation(of: error))
        }
    }()

    /// A device's driver may run what comes again in another way, from the third time on.
    private static let steps = 4

    private static func trained(on device: Device) throws -> [UInt8] {
        do {
            return try NumericsCheck.state(on: device.make(), steps: steps)
        } catch {
            throw JobFailure(.unfitHost, "\(device.name) cannot train a small network: \(explanation(of: error))")
        }
    }

    /// What `describe` says of the device; nil where none is offered.
    static var use: DeviceUse? {
        chosen.device.map { DeviceUse(name: $0.name, problem: $0.passedOver) }
            ?? chosen.problem.map { DeviceUse(problem: $0) }
    }

    /// Says on standard error where networks compute, if a device is offered.
    static func tell() {
        guard let use else { return }
        let why = use.problem.map { ": \($0)" } ?? ""
        Diagnostics.write("networks compute on " + (use.name.map { "\($0), by \(kernels)" } ?? "the CPU") + why)
    }

    static var deviceName: String? { chosen.device?.name }
    static var kernels: String { chosen.device?.kernels ?? "\(NumericThread.variant)" }

    /// A machine for a network. A device that cannot be used any longer is the host's fault.
    static func machine() throws(JobFailure) -> any LaneMachine<Float> {
        guard let device = chosen.device else { return HostMachine<Float>() }
        do {
            return try device.make()
        } catch {
            throw JobFailure(.unfitHost, explanation(of: error))
        }
    }
}
