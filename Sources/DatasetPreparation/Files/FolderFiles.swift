import Foundation
import ImageGenerators
import SweepModel

/// The files in a folder and the folders below it, or one file alone.
///
/// Links count as what they lead to. A folder that can be reached in several ways, as by links in a circle, is read once,
/// under the first of its names.
struct FolderFiles: SourceFiles {
    let path: String
    private(set) var listing = SourceListing()
    let fingerprint: String
    private let root: [UInt8]

    /// Everything in a folder.
    init(folder path: String) throws(DatasetPreparationError) {
        self.path = path
        root = Array(path.utf8) + [UInt8(ascii: "/")]
        var walk = FolderWalk(root: root)
        if let reason = walk.enter([]) {
            throw .unusable(path: path, reason: "cannot list the folder: \(reason)")
        }
        listing = walk.listing
        fingerprint = walk.prints.joined(separator: "\n")
    }

    /// One file as a source of its own.
    init(file path: String, _ status: stat) {
        self.path = path
        let cut = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { path.utf8.index(after: $0) } ?? path.utf8.startIndex
        root = Array(path.utf8[..<cut])
        listing.files = [.init(name: FileName(Array(path.utf8[cut...])), size: Int(status.st_size))]
        fingerprint = status.fingerprint
    }

    func bytes(of index: Int) throws(FileFault) -> [UInt8] {
        let file = listing.files[index]
        let descriptor = open(FolderWalk.terminated(root + file.name.bytes), O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileFault("it cannot be read: \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        let start = try Self.read(descriptor, most: 16)
        guard file.size <= longestImage || ImageRecords.mayBe(start, name: file.name) else {
            throw FileFault("it has \(file.size) bytes, too many for an image")
        }
        return try start + Self.read(descriptor, most: max(0, file.size - start.count))
    }

    /// Up to `most` bytes; fewer where the file ends.
    private static func read(_ descriptor: Int32, most: Int) throws(FileFault) -> [UInt8] {
        var code: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: most) { buffer, count in
            while count < most {
                let got = Glibc.read(descriptor, buffer.baseAddress?.advanced(by: count), most - count)
                if got > 0 {
                    count += got
                } else if got == 0 {
                    break
                } else if errno != EINTR {
                    code = errno
                    break
                }
            }
        }
        guard code == 0 else { throw FileFault("it cannot be read: \(String(cString: strerror(code)))") }
        return bytes
    }
}

/// Goes through a folder in the order of the bytes of its files' names.
private struct FolderWalk {
    /// The folder that names are relative to, with a slash at its end.
    let root: [UInt8]
    var listing = SourceListing()
    var prints: [String] = []
    private var entered: [Place: String] = [:]

    init(root: [UInt8]) { self.root = root }

    /// Tells folders apart, whatever their names.
    private struct Place: Hashable {
        var device: UInt
        var number: UInt
    }

    private struct Entry {
        var name: [UInt8]
        var status: stat?
        var isLink: Bool
        var isFolder: Bool { status?.isDirectory == true }
        /// The key by which the entry, with all below it, is sorted.
        var key: [UInt8] { isFolder ? name + [UInt8(ascii: "/")] : name }
    }

    static func terminated(_ path: [UInt8]) -> [CChar] { path.map { CChar(bitPattern: $0) } + [0] }

    /// Reads the folder `below`, a name that is empty or ends in a slash. Returns why it cannot be read, or nil.
    mutating func enter(_ below: [UInt8]) -> String? {
        guard let status = Self.status(root + below) else { return String(cString: strerror(errno)) }
        guard let names = Self.names(in: root + below) else { return String(cString: strerror(errno)) }
        entered[Place(device: UInt(status.st_dev), number: UInt(status.st_ino))] = "\(FileName(below))"
        let entries = names.map { name in
            Entry(
                name: name, status: Self.status(root + below + name),
                isLink: Self.status(root + below + name, followsLinks: false)?.isLink == true)
        }
        for entry in entries.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) { add(entry, below) }
        return nil
    }

    private mutating func add(_ entry: Entry, _ below: [UInt8]) {
        let name = FileName(below + entry.name)
        if let reason = Litter.reason(entry.name, isFolder: entry.isFolder) {
            listing.skipped.append(NamedReason(name: "\(name)\(entry.isFolder ? "/" : "")", reason: reason))
            return
        }
        func fault(_ reason: String) { listing.faults.append(NamedReason(name: "\(name)", reason: reason)) }
        guard let status = entry.status else {
            return fault(entry.isLink ? "it is a link that leads nowhere" : "it cannot be looked at")
        }
        if status.isDirectory {
            let place = Place(device: UInt(status.st_dev), number: UInt(status.st_ino))
            if let known = entered[place] {
                let other = known.isEmpty ? "the dataset's own folder" : known
                listing.skipped.append(
                    NamedReason(name: "\(name)/", reason: "leads to \(other), which is read already"))
                return
            }
            if let reason = enter(name.bytes + [UInt8(ascii: "/")]) {
                return fault("cannot list the folder: \(reason)")
            }
            if entry.isLink { listing.links.append("\(name)/") }
        } else if status.isRegular {
            listing.files.append(.init(name: name, size: Int(status.st_size)))
            prints.append("\(name):\(status.fingerprint)")
        } else {
            fault("it is neither a file nor a folder")
        }
    }

    private static func status(_ path: [UInt8], followsLinks: Bool = true) -> stat? {
        var status = stat()
        let path = terminated(path)
        return (followsLinks ? stat(path, &status) : lstat(path, &status)) == 0 ? status : nil
    }

    private static func names(in folder: [UInt8]) -> [[UInt8]]? {
        guard let stream = opendir(terminated(folder)) else { return nil }
        defer { closedir(stream) }
        var names: [[UInt8]] = []
        errno = 0
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            if name != [UInt8(ascii: ".")] && name != Array("..".utf8) { names.append(name) }
            errno = 0
        }
        return errno == 0 ? names : nil
    }
}
