import JobExecution

@main
enum Worker {
    static func main() { WorkerCommand.main() }
}
