import Foundation

/// The project's own files, as they lie on this disk.
enum Tree {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    /// Where the programs lie that were built with these tests.
    static let programs = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()

    /// Paths, from the root, of files below `folder` whose names end like this.
    static func files(_ folder: String, _ endings: String...) -> [String] {
        let all = FileManager.default.enumerator(atPath: root.appendingPathComponent(folder).path)
        return (all?.compactMap { $0 as? String } ?? [])
            .filter { path in endings.contains { path.hasSuffix($0) } }.map { "\(folder)/\($0)" }.sorted()
            .filter { path in
                var isFolder: ObjCBool = false
                return FileManager.default.fileExists(
                    atPath: root.appendingPathComponent(path).path, isDirectory: &isFolder) && !isFolder.boolValue
            }
    }

    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    /// The Swift code of a file without its comments and texts.
    static func code(_ path: String) throws -> String {
        try text(path).replacing(#/"""[\s\S]*?"""/#, with: "").replacing(#/(?m)//.*$/#, with: "")
    }

    /// README and the files in docs, with their texts.
    static func documents() throws -> [(path: String, text: String)] {
        try (["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"] + files("docs", ".md")).map { ($0, try text($0)) }
    }

    static func output(of program: URL, _ arguments: [String]) throws -> Data {
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        process.currentDirectoryURL = root
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let said = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return said
    }
}
