import Foundation
import JobContract
import ResultCatalogue
import SweepModel

@testable import Serving

/// A served catalogue of the sample, with a picture of one trial in its store, and what a browser would ask.
final class ServedCatalogue {
    let folder: String
    let server: CatalogueServer
    let picture: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 1, 2, 3]
    var catalogue: String { folder + "/catalogue.sqlite" }
    var token: String { server.address.split(separator: "/").last.map(String.init) ?? "" }

    /// - Parameter prepare: called with the catalogue's path before it is served.
    init(patience: CatalogueServer.Patience = .init(), prepare: (String) throws -> Void = { _ in }) throws {
        folder = "/tmp/es-serve-\(UInt32.random(in: 0...UInt32.max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try SampleCatalogue.write(to: folder + "/catalogue.sqlite")
        try prepare(folder + "/catalogue.sqlite")
        server = try CatalogueServer(
            path: folder + "/catalogue.sqlite", store: folder + "/store", port: 0, named: nil,
            program: "eigensweep test", patience: patience)
    }

    deinit {
        server.end()
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// Where the store has a file of that digest.
    func place(_ digest: String) -> String { "\(folder)/store/\(digest.prefix(2))/\(digest)" }

    /// Puts a file into the store.
    @discardableResult
    func store(_ bytes: [UInt8]) throws -> Digest {
        let digest = Digest(of: bytes)
        let path = place(digest.hex)
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return digest
    }

    /// Records another measure of the first trial, with the files given.
    func measure(_ name: String = "likeness", value: Double, files: [Artifact] = []) throws {
        let catalogue = try Catalogue(path: catalogue)
        let rows = try catalogue.reader.rows("SELECT trial_id FROM sweep_trials ORDER BY position LIMIT 1").rows
        guard let trial = TrialID(hex: rows[0][0].text ?? "") else { throw CancellationError() }
        try catalogue.commit([
            .measured(
                AttemptNumber(1),
                WorkerEvent.Measured(
                    trial: trial, request: MeasureRequest(measure: name, version: 1, parameters: [:]),
                    checkpoint: Digest(of: "weights 0".utf8), rows: [MeasureRow(quantity: "value", value: value)],
                    artifacts: files, seconds: 1))
        ])
    }

    struct Reply {
        var status: Int
        var head: String
        var body: [UInt8]
        var text: String { String(decoding: body, as: UTF8.self) }
    }

    /// Asks with the token; `path` is what follows it.
    func get(_ path: String) throws -> Reply {
        try say("GET /\(token)/\(path) HTTP/1.1\r\nHost: 127.0.0.1:\(server.port)\r\nConnection: close\r\n\r\n")
    }

    /// A view's answer.
    func view(_ name: String, _ query: KeyValuePairs<String, String> = [:]) throws -> JSONValue {
        var parts = URLComponents()
        parts.queryItems = query.map { URLQueryItem(name: $0.key, value: $0.value) }
        let reply = try get("view/\(name)?\(parts.percentEncodedQuery ?? "")")
        return JSONText.read(reply.body) ?? .null
    }

    /// Sends these bytes and reads all until the server closes the connection.
    func say(_ words: String) throws -> Reply {
        let connection = try Connection(port: server.port)
        try connection.send(words)
        let all = connection.readAll()
        let text = String(decoding: all, as: UTF8.self)
        guard let end = text.range(of: "\r\n\r\n") else { return Reply(status: 0, head: text, body: []) }
        let head = String(text[..<end.lowerBound])
        return Reply(
            status: Int(head.split(separator: " ")[1]) ?? 0, head: head, body: Array(all.dropFirst(head.utf8.count + 4))
        )
    }
}

/// A plain connection to 127.0.0.1.
final class Connection {
    private let descriptor: Int32

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port)).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isConnected else { throw CancellationError() }
    }

    deinit { close(descriptor) }

    func send(_ words: String) throws {
        let bytes = Array(words.utf8)
        guard Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
            throw CancellationError()
        }
    }

    /// What comes next, nothing at the end.
    func read() -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, count in
            count = max(0, recv(descriptor, buffer.baseAddress, buffer.count, 0))
        }
    }

    func readAll() -> [UInt8] {
        var all: [UInt8] = []
        while true {
            let piece = read()
            if piece.isEmpty { return all }
            all += piece
        }
    }
}

extension JSONValue {
    /// A member of an object.
    subscript(name: String) -> JSONValue? { objectValue?[name] }
}
