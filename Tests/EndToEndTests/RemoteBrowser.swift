import Foundation

/// Headless Chromium that is told what to do over a pair of pipes, as a person would use it.
final class RemoteBrowser {
    static let program = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        .map { "\($0)/chromium" }.first(where: FileManager.default.isExecutableFile(atPath:))

    struct Refusal: Error { let words: String }

    private let process = Process()
    private let (orders, answers): (Int32, Int32)
    private var buffer: [UInt8] = []
    private var count = 0
    private var session: String?
    /// What was said on the console, and the browser's own complaints about the page.
    private(set) var complaints: [String] = []
    /// What the page asked for.
    private(set) var requests: Set<String> = []

    /// - Parameter directory: the profile and the pipes go into it.
    init(in directory: URL) throws {
        let names = ["orders", "answers"].map { directory.appendingPathComponent($0).path }
        for name in names { mkfifo(name, 0o600) }
        // Open for both, so that neither side waits for the other to come.
        (orders, answers) = (open(names[0], O_RDWR | O_CLOEXEC), open(names[1], O_RDWR | O_CLOEXEC))
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments =
            ["-c", "exec 3<\"$0\" 4>\"$1\"; shift; exec \"$@\"", names[0], names[1], Self.program ?? ""]
            + [
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--disable-default-apps", "--hide-scrollbars", "--remote-debugging-pipe",
                "--user-data-dir=\(directory.path)/profile", "about:blank",
            ]
        process.environment = ProcessInfo.processInfo.environment.merging(["HOME": directory.path]) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        let targets = try call("Target.getTargets")["targetInfos"] as? [[String: Any]] ?? []
        let page = targets.first { $0["type"] as? String == "page" }
        let attached = try call(
            "Target.attachToTarget", ["targetId": page?["targetId"] ?? "", "flatten": true])
        session = attached["sessionId"] as? String
        for part in ["Page", "Runtime", "Log", "Network"] { try call(part + ".enable") }
    }

    func close() {
        _ = try? call("Browser.close")
        for _ in 0..<50 where process.isRunning { usleep(100_000) }
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        Glibc.close(orders)
        Glibc.close(answers)
    }

    @discardableResult
    func call(_ method: String, _ parameters: [String: Any] = [:]) throws -> [String: Any] {
        count += 1
        var message: [String: Any] = ["id": count, "method": method, "params": parameters]
        if let session { message["sessionId"] = session }
        let bytes = try [UInt8](JSONSerialization.data(withJSONObject: message)) + [0]
        guard write(orders, bytes, bytes.count) == bytes.count else { throw Refusal(words: "\(method) was not taken") }
        let end = Date(timeIntervalSinceNow: 30)
        while true {
            let answer = try next(before: end)
            if answer["id"] as? Int == count {
                if let error = answer["error"] { throw Refusal(words: "\(method): \(error)") }
                return answer["result"] as? [String: Any] ?? [:]
            }
            note(answer)
        }
    }

    private func next(before end: Date) throws -> [String: Any] {
        while true {
            if let zero = buffer.firstIndex(of: 0) {
                let text = Data(buffer[..<zero])
                buffer.removeSubrange(...zero)
                return try JSONSerialization.jsonObject(with: text) as? [String: Any] ?? [:]
            }
            var poll = pollfd(fd: answers, events: Int16(POLLIN), revents: 0)
            guard end.timeIntervalSinceNow > 0, Glibc.poll(&poll, 1, 1000) >= 0 else {
                throw Refusal(words: "the browser does not answer")
            }
            guard poll.revents != 0 else { continue }
            buffer += [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, count in
                count = max(0, read(answers, buffer.baseAddress, buffer.count))
            }
        }
    }

    private func note(_ event: [String: Any]) {
        let parameters = event["params"] as? [String: Any] ?? [:]
        switch event["method"] as? String {
        case "Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled": complaints.append("\(parameters)")
        case "Network.requestWillBeSent":
            if let url = (parameters["request"] as? [String: Any])?["url"] as? String { requests.insert(url) }
        default: break
        }
    }

    /// The value of an expression in the page.
    func value(_ expression: String) throws -> Any? {
        let answer = try call(
            "Runtime.evaluate", ["expression": expression, "awaitPromise": true, "returnByValue": true])
        if let problem = answer["exceptionDetails"] { throw Refusal(words: "\(expression): \(problem)") }
        return (answer["result"] as? [String: Any])?["value"]
    }

    /// Waits until an expression in the page is true.
    func wait(_ seconds: Double = 20, for expression: String) throws {
        let end = Date(timeIntervalSinceNow: seconds)
        while Date() < end {
            if try value(expression) as? Bool == true { return }
            usleep(50_000)
        }
        let text = try value("document.body.innerText.slice(0, 600)") ?? ""
        throw Refusal(words: "after \(seconds) s still not so: \(expression); the page says \(text)")
    }

    func visit(_ address: String) throws { try call("Page.navigate", ["url": address]) }

    func press(_ key: String) throws {
        for kind in ["keyDown", "keyUp"] {
            let codes = ["ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "Tab": 9, "Enter": 13]
            try call(
                "Input.dispatchKeyEvent",
                ["type": kind, "key": key, "code": key, "windowsVirtualKeyCode": codes[key] ?? 0])
        }
    }

    func resize(_ width: Int, _ height: Int) throws {
        try call(
            "Emulation.setDeviceMetricsOverride",
            ["width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500])
    }

    func prefer(_ scheme: String) throws {
        try call(
            "Emulation.setEmulatedMedia", ["features": [["name": "prefers-color-scheme", "value": scheme]]])
    }

    /// Keeps what the window shows in the folder that EIGENSWEEP_FIGURES names.
    func keepPicture(_ name: String) throws {
        guard let folder = ProcessInfo.processInfo.environment["EIGENSWEEP_FIGURES"] else { return }
        let picture = try call("Page.captureScreenshot", ["captureBeyondViewport": true])["data"] as? String ?? ""
        try Data(base64Encoded: picture)?.write(to: URL(fileURLWithPath: "\(folder)/\(name).png"))
    }
}
