import Foundation

/// Headless Chromium with a profile of its own.
struct Browser {
    struct Visit {
        /// The document after its scripts ran, as HTML.
        var dom: String
        /// What was said on the console, with the browser's own complaints about the page.
        var console: [String]
        /// What the page asked the network for.
        var requests: [String]
    }

    static let program = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        .map { "\($0)/chromium" }.first(where: FileManager.default.isExecutableFile(atPath:))

    private let directory: String

    /// - Parameter directory: files and profiles go into it.
    init(directory: String) throws { self.directory = directory }

    private func file(_ name: String) -> String { "\(directory)/\(name)" }

    private func run(_ page: String, _ arguments: [String]) throws -> (out: String, err: String) {
        let document = file("page-\(UUID().uuidString).html")
        try page.write(toFile: document, atomically: true, encoding: .utf8)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Self.program ?? "")
        process.arguments =
            [
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--disable-default-apps", "--enable-logging=stderr", "--hide-scrollbars",
                "--user-data-dir=\(file("profile-\(UUID().uuidString)"))",
            ] + arguments + ["file://\(document)"]
        var environment = ProcessInfo.processInfo.environment
        environment["HOME"] = directory
        process.environment = environment
        let (out, err) = (file("out-\(UUID().uuidString)"), file("err-\(UUID().uuidString)"))
        for path in [out, err] { _ = FileManager.default.createFile(atPath: path, contents: nil) }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle(forWritingAtPath: out)
        process.standardError = FileHandle(forWritingAtPath: err)
        try process.run()
        process.waitUntilExit()
        return (try String(contentsOfFile: out, encoding: .utf8), try String(contentsOfFile: err, encoding: .utf8))
    }

    func visit(_ page: String) throws -> Visit {
        let log = file("net-\(UUID().uuidString).json")
        let said = try run(page, ["--dump-dom", "--log-net-log=\(log)"])
        return Visit(
            dom: said.out, console: said.err.split(separator: "\n").map(String.init).filter { $0.contains("CONSOLE") },
            requests: try requests(log))
    }

    /// The requests that pages made, other than for the page itself; the browser's own have no origin.
    private func requests(_ log: String) throws -> [String] {
        struct Log: Decodable {
            struct Event: Decodable {
                struct Parameters: Decodable {
                    var url: String?
                    var initiator: String?
                }
                var params: Parameters?
            }
            var events: [Event]
        }
        let found = try JSONDecoder().decode(Log.self, from: Data(contentsOf: URL(fileURLWithPath: log))).events
        let urls = found.compactMap { event in
            event.params?.initiator.flatMap { $0 == "not an origin" ? nil : event.params?.url }
        }
        return Set(urls).filter { !$0.hasPrefix("file:") && !$0.hasPrefix("data:") }.sorted()
    }

    /// Makes a screenshot of a window of that size, and returns its path.
    func picture(of page: String, width: Int, height: Int) throws -> String {
        let folder = ProcessInfo.processInfo.environment["EIGENSWEEP_FIGURES"] ?? directory
        let path = "\(folder)/page-\(width).png"
        _ = try run(page, ["--window-size=\(width),\(height)", "--screenshot=\(path)"])
        return path
    }
}
