import CPosix
import Devices
import Glibc
import JobExecution
import Tensors

/// The worker whose networks compute on a device, the first that there is or the one that `EIGENSWEEP_DEVICE` names. Where
/// there is none it is the worker on the CPU.
@main
enum Worker {
    static func main() {
        posix_tell_lack_of_memory("eigensweep-worker-gpu")
        NumericThread.prepare()
        let arguments = (1..<max(1, posix_argument_count())).compactMap {
            posix_argument($0).map { String(cString: $0) }
        }
        do {
            let choice = try DeviceChoice(getenv("EIGENSWEEP_DEVICE").map { String(cString: $0) })
            NetworkMachines.offer {
                let found = try DeviceMachine(choice)
                return NetworkMachines.Device(
                    name: found.name, kernels: found.kind.lowercased(), passedOver: found.passedOver
                ) {
                    try found.another()
                }
            }
        } catch {
            exit(WorkerCommand.refuse(error.description))
        }
        exit(WorkerCommand.perform(arguments))
    }
}
