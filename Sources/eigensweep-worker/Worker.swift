import CPosix
import Glibc
import JobExecution

@main
enum Worker {
    static func main() {
        posix_tell_lack_of_memory("eigensweep-worker")
        let arguments = (1..<max(1, posix_argument_count())).compactMap {
            posix_argument($0).map { String(cString: $0) }
        }
        exit(WorkerCommand.perform(arguments))
    }
}
