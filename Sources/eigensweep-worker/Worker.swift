import CPosix
import JobExecution

@main
enum Worker {
    static func main() {
        let arguments = (1..<max(1, posix_argument_count())).compactMap {
            posix_argument($0).map { String(cString: $0) }
        }
        WorkerCommand.main(arguments)
    }
}
