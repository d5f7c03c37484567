import Commands

@main
struct Eigensweep {
    static func main() { print("eigensweep") }
}
