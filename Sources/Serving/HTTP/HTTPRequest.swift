import Foundation

/// The head of a request. No request that is answered has a body.
struct HTTPRequest: Hashable {
    var method: String
    /// The parts of the path between slashes, decoded.
    var path: [String]
    var query: [(name: String, value: String)]
    /// Names in lower case; of a field that came twice, the last value.
    var fields: [String: String]
    var keepsConnection: Bool

    /// Reads all before the empty line; nil for what is no request of HTTP/1.
    init?(_ head: some Collection<UInt8>) {
        guard let text = String(validating: head, as: UTF8.self) else { return nil }
        var lines = text.components(separatedBy: "\r\n")
        let words = lines.removeFirst().split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3, words[2] == "HTTP/1.1" || words[2] == "HTTP/1.0", words[1].hasPrefix("/") else {
            return nil
        }
        method = String(words[0])
        var fields: [String: String] = [:]
        for line in lines {
            guard let colon = line.firstIndex(of: ":"), colon > line.startIndex else { return nil }
            let name = line[..<colon]
            guard name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }) else {
                return nil
            }
            fields[name.lowercased()] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        }
        // Bodies are not read: what follows one would be taken for the next request.
        guard fields["transfer-encoding"] == nil, fields["content-length"].map({ $0 == "0" }) ?? true else {
            return nil
        }
        self.fields = fields
        keepsConnection = words[2] == "HTTP/1.1" && fields["connection"]?.lowercased() != "close"

        let target = words[1].split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
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

    static func == (a: Self, b: Self) -> Bool { a.method == b.method && a.path == b.path && a.fields == b.fields }
    func hash(into hasher: inout Hasher) { hasher.combine(path) }
}

/// What a request is answered.
struct HTTPReply {
    var status: Int
    var type = ""
    var body: [UInt8] = []
    /// Whether the connection then tells of changes until it is closed.
    var tellsChanges = false

    static let forbidden = HTTPReply(status: 403)

    private static let words = [
        200: "OK", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
        500: "Internal Server Error",
    ]

    /// Nothing is kept by a browser, shown in another page, or told to another server. A reply of this server is what it
    /// says it is.
    private static let always = [
        "Cache-Control: no-store", "X-Content-Type-Options: nosniff", "Referrer-Policy: no-referrer",
        "Cross-Origin-Resource-Policy: same-origin", "Cross-Origin-Opener-Policy: same-origin",
        "X-Frame-Options: DENY",
    ]

    /// The reply as it is sent. A page names its own `policy`, what is no page may load nothing.
    func bytes(policy: String, keepsConnection: Bool, withBody: Bool = true) -> [UInt8] {
        var lines = ["HTTP/1.1 \(status) \(Self.words[status] ?? "")"]
        if status != 403 {
            lines += Self.always
            lines.append(
                "Content-Security-Policy: " + (type.hasPrefix("text/html") ? policy : "default-src 'none'; sandbox"))
            if !type.isEmpty { lines.append("Content-Type: \(type)") }
        }
        if !tellsChanges { lines.append("Content-Length: \(body.count)") }
        lines.append("Connection: \(keepsConnection && !tellsChanges ? "keep-alive" : "close")")
        return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + (withBody ? body : [])
    }
}
