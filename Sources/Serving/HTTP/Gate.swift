import CPosix
import Foundation

/// Who is let in: whoever knows the token of the address, by a name of this machine alone.
struct Gate: Sendable {
    /// 32 random bytes, in hexadecimal digits.
    let token: String

    init() {
        var bytes = [UInt8](repeating: 0, count: 32)
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeMutableBytes { getrandom($0.baseAddress.map { $0 + done }, $0.count - done, 0) }
            if count > 0 { done += count }
        }
        token = bytes.map { String(format: "%02x", $0) }.joined()
    }

    /// Whether the request's first part is the token, and its host this machine. A page of elsewhere that has its own name
    /// lead to this machine comes under that name.
    func admits(_ request: HTTPRequest) -> Bool {
        let isKnown = Self.isEqual(Array((request.path.first ?? "").utf8), Array(token.utf8))
        return isKnown && Self.isOwn(request.host)
    }

    /// It takes equally long however many bytes agree.
    private static func isEqual(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        var difference = UInt8(a.count == b.count ? 0 : 1)
        for (index, byte) in b.enumerated() { difference |= byte ^ (index < a.count ? a[index] : 0) }
        return difference == 0
    }

    /// A tunnel may end at another port.
    private static func isOwn(_ host: String) -> Bool {
        let parts = host.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count <= 2, parts.count == 1 || Int(parts[1]) != nil else { return false }
        return ["127.0.0.1", "localhost"].contains(parts[0].lowercased())
    }
}
