import CPosix
import Devices
import Glibc
import JobExecution
import Tensors

/// The worker whose networks compute on a device: the first that is no CPU, or the one of OpenCL's list whose number
/// `EIGENSWEEP_DEVICE` says.
@main
enum Worker {
    static func main() {
        posix_tell_lack_of_memory("eigensweep-worker-gpu")
        NumericThread.prepare()
        let arguments = (1..<max(1, posix_argument_count())).compactMap {
            posix_argument($0).map { String(cString: $0) }
        }
        let found = Result {
            try DeviceMachine(number: getenv("EIGENSWEEP_DEVICE").flatMap { Int(String(cString: $0)) })
        }
        NetworkMachines.choose(
            NetworkMachines(device: (name: (try? found.get().name) ?? "no device", kernels: "opencl")) {
                try found.get().another()
            })
        exit(WorkerCommand.perform(arguments))
    }
}
