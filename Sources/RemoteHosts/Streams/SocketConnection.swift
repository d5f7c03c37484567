import CPosix
import Foundation
import SweepModel

/// A TCP connection of our own making: within a time of our own, and noticed when the other side is gone.
enum SocketConnection {
    /// A connected, blocking descriptor.
    static func open(
        to settings: SSHSettings, host: HostName, seconds: Double, silenceSeconds: Double
    ) throws(HostFailure) -> Int32 {
        var hints = addrinfo()
        hints.ai_family = settings.addressFamily
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let address =
            settings.address.hasPrefix("[") ? String(settings.address.dropFirst().dropLast()) : settings.address
        let code = getaddrinfo(address, String(settings.port), &hints, &list)
        guard code == 0 else {
            throw HostFailure(
                .unreachable, "\(host): \(address) has no address: \(String(cString: gai_strerror(code)))")
        }
        defer { freeaddrinfo(list) }
        let limit = posix_monotonic_seconds() + seconds
        var words = "it has no address of the wanted kind"
        var next = list
        while let info = next?.pointee {
            next = info.ai_next
            let descriptor = socket(info.ai_family, info.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), info.ai_protocol)
            guard descriptor >= 0 else { continue }
            if let own = settings.bindAddress, !bind(descriptor, to: own, family: info.ai_family) {
                words = "BindAddress \(own): \(String(cString: strerror(errno)))"
            } else if let reason = connect(descriptor, info, limit) {
                words = reason
            } else {
                setOptions(descriptor, silenceSeconds)
                return descriptor
            }
            close(descriptor)
        }
        throw HostFailure(.unreachable, "\(host): cannot connect to \(address) port \(settings.port): \(words)")
    }

    /// Nil when it is connected, else why not.
    private static func connect(_ descriptor: Int32, _ info: addrinfo, _ limit: Double) -> String? {
        let flags = fcntl(descriptor, F_GETFL)
        _ = fcntl(descriptor, F_SETFL, flags | O_NONBLOCK)
        defer { _ = fcntl(descriptor, F_SETFL, flags) }
        if Glibc.connect(descriptor, info.ai_addr, info.ai_addrlen) == 0 { return nil }
        guard errno == EINPROGRESS else { return String(cString: strerror(errno)) }
        var polled = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        while case let left = limit - posix_monotonic_seconds(), left > 0 {
            let count = poll(&polled, 1, Int32(left * 1000) + 1)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            var code: Int32 = 0
            var size = socklen_t(MemoryLayout<Int32>.size)
            getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
            return code == 0 ? nil : String(cString: strerror(code))
        }
        return "no answer"
    }

    private static func bind(_ descriptor: Int32, to address: String, family: Int32) -> Bool {
        var hints = addrinfo()
        hints.ai_family = family
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_NUMERICHOST
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(address, nil, &hints, &list) == 0, let info = list?.pointee else { return false }
        defer { freeaddrinfo(list) }
        return Glibc.bind(descriptor, info.ai_addr, info.ai_addrlen) == 0
    }

    private static func setOptions(_ descriptor: Int32, _ silenceSeconds: Double) {
        func set(_ level: Int32, _ option: Int32, _ value: Int32) {
            var value = value
            setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
        }
        // Messages are small and awaited: none may be held back to be sent together with later ones.
        set(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        set(SOL_SOCKET, SO_KEEPALIVE, 1)
        set(Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, Int32(silenceSeconds * 1000))
    }
}
