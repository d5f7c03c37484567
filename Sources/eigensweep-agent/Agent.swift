import JobContract
import Supervision

@main
struct Agent {
    static func main() { print(Digest(of: [UInt8]("abc".utf8)).hex) }
}
