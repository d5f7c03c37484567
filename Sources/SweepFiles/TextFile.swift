import Glibc

/// Files and paths that people name. Agent and worker have no Foundation, and the worker reads sweep files too.
enum TextFile {
    /// The text of a file. Throws where it cannot be read or is no text.
    static func read(_ path: String) throws(SweepFileError) -> String {
        guard let file = fopen(path, "re") else { throw failure(path) }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            bytes += buffer[..<count]
            // A folder opens, but cannot be read.
            if count == 0 {
                if ferror(file) != 0 { throw failure(path) }
                break
            }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw SweepFileError("is not UTF-8 text", at: TextOrigin(file: path))
        }
        return text
    }

    private static func failure(_ path: String) -> SweepFileError {
        SweepFileError("cannot be read: \(String(cString: strerror(errno)))", at: TextOrigin(file: path))
    }

    /// The folder of a file, as the path names it.
    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// The last component of a path.
    static func lastName(of path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }

    /// A path from the current folder or root as one from the root, without `.` and `..`; `~` is home.
    static func absolute(_ path: String, from folder: String) -> String {
        if path == "~" || path.hasPrefix("~/"), let home = getenv("HOME") {
            return String(cString: home) + path.dropFirst()
        }
        if path.hasPrefix("/") { return path }
        var components: [Substring] = []
        for part in "\(folder.hasPrefix("/") ? "" : current + "/")\(folder)/\(path)".split(separator: "/") {
            if part == ".." { _ = components.popLast() } else if part != "." { components.append(part) }
        }
        return "/" + components.joined(separator: "/")
    }

    private static var current: String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        guard getcwd(&buffer, buffer.count) != nil else { return "" }
        return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
