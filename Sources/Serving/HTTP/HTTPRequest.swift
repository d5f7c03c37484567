import Foundation
import NIOHTTP1

/// The head of a request. No request that is answered has a body.
struct HTTPRequest: Sendable {
    var method: String
    /// The parts of the path between slashes, decoded.
    var path: [String]
    var query: [(name: String, value: String)]
    /// Of the field `Host`.
    var host: String
    var keepsConnection: Bool

    /// Nil for what no browser asks.
    init?(_ head: HTTPRequestHead) {
        guard head.version.major == 1, head.uri.hasPrefix("/") else { return nil }
        method = head.method.rawValue
        host = head.headers["host"].last ?? ""
        keepsConnection = head.isKeepAlive
        let target = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let parts = target[0].dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        path = parts.compactMap { String($0).removingPercentEncoding }
        guard path.count == parts.count else { return nil }
        query = []
        guard target.count > 1, !target[1].isEmpty else { return }
        for pair in target[1].split(separator: "&") {
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map {
                $0.replacing("+", with: " ").removingPercentEncoding
            }
            guard let name = sides[0], let value = sides.count > 1 ? sides[1] : "" else { return nil }
            query.append((name, value))
        }
    }

    /// The value of the first parameter of that name that says something.
    func value(_ name: String) -> String? { query.first { $0.name == name && !$0.value.isEmpty }?.value }
}

/// What a request is answered.
struct HTTPReply: Sendable {
    var status: Int
    var type = ""
    var body: [UInt8] = []
    /// Whether the connection then tells of changes until it is closed.
    var tellsChanges = false

    /// Nothing is kept by a browser, shown in another page, or told to another server. A reply of this server is what it
    /// says it is.
    private static let always = [
        ("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Resource-Policy", "same-origin"), ("Cross-Origin-Opener-Policy", "same-origin"),
        ("X-Frame-Options", "DENY"),
    ]

    /// The head as it is sent. A page names its own `policy`, what is no page may load nothing.
    func head(_ request: HTTPRequest, policy: String, keepsConnection: Bool) -> HTTPResponseHead {
        var headers = HTTPHeaders(Self.always)
        headers.add(
            name: "Content-Security-Policy", value: type.hasPrefix("text/html") ? policy : "default-src 'none'; sandbox"
        )
        if !type.isEmpty { headers.add(name: "Content-Type", value: type) }
        if !tellsChanges { headers.add(name: "Content-Length", value: "\(body.count)") }
        headers.add(name: "Connection", value: keepsConnection ? "keep-alive" : "close")
        return HTTPResponseHead(version: .http1_1, status: .init(statusCode: status), headers: headers)
    }
}
