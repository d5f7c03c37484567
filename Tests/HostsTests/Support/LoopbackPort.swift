import CPosix
import Foundation

/// A TCP port on a numeric address of this machine.
struct LoopbackPort {
    let address: String
    let number: Int

    static func free(_ address: String) throws -> LoopbackPort {
        for _ in 0..<100 {
            let port = LoopbackPort(address: address, number: Int.random(in: 20_000..<60_000))
            if port.isFree { return port }
        }
        throw Scratch.TimedOut(what: "no free port")
    }

    var isFree: Bool { tried(bind) }
    var answers: Bool { tried(connect) }

    /// A socket that listens and never accepts: callers are connected and hear nothing.
    func listenMute() throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0, on(descriptor, bind), listen(descriptor, 8) == 0 else {
            throw Scratch.TimedOut(what: "cannot listen")
        }
        return descriptor
    }

    /// A connected socket; nil: nobody answers.
    func connected() -> Int32? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0, !on(descriptor, connect) else { return descriptor < 0 ? nil : descriptor }
        close(descriptor)
        return nil
    }

    private typealias Call = (Int32, UnsafePointer<sockaddr>?, socklen_t) -> Int32

    private func tried(_ call: Call) -> Bool {
        let family = address.contains(":") ? AF_INET6 : AF_INET
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        return descriptor >= 0 && on(descriptor, call)
    }

    private func on(_ descriptor: Int32, _ call: Call) -> Bool {
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(address, String(number), &hints, &list) == 0, let info = list?.pointee else { return false }
        defer { freeaddrinfo(list) }
        return call(descriptor, info.ai_addr, info.ai_addrlen) == 0
    }
}
