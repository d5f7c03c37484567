import CPosix
import Devices
import Glibc
import JobExecution
import Tensors

/// The worker whose networks compute on a device: the first that is no CPU, or the one of OpenCL's list whose number
/// `EIGENSWEEP_DEVICE` says. Where there is none it is the worker on the CPU.
@main
enum Worker {
    static func main() {
        posix_tell_lack_of_memory("eigensweep-worker-gpu")
        NumericThread.prepare()
        let arguments = (1..<max(1, posix_argument_count())).compactMap {
            posix_argument($0).map { String(cString: $0) }
        }
        NetworkMachines.offer {
            let found = try DeviceMachine(number: getenv("EIGENSWEEP_DEVICE").flatMap { Int(String(cString: $0)) })
            return NetworkMachines.Device(name: found.name, kernels: "opencl") { try found.another() }
        }
        exit(WorkerCommand.perform(arguments))
    }
}
