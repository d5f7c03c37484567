import CImageFiles
import Glibc

/// A file that is read from its beginning to its end.
protocol TensorInput: AnyObject {
    /// The next bytes. Throws where there are fewer.
    func read(_ count: Int) throws(FileFault) -> [UInt8]
    /// Throws where there are more, or where the file says itself that it is damaged.
    func finish() throws(FileFault)
}

extension TensorInput {
    /// A number of so many bytes, the least first.
    func number(bytes: Int) throws(FileFault) -> Int {
        Int(clamping: try read(bytes).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    }
}

/// A file on the disk.
final class FileInput: TensorInput {
    private let file: UnsafeMutablePointer<FILE>

    init(_ path: String) throws(FileFault) {
        guard let file = fopen(path, "re") else {
            throw FileFault("it cannot be read: \(String(cString: strerror(errno)))")
        }
        self.file = file
    }

    deinit { fclose(file) }

    func read(_ count: Int) throws(FileFault) -> [UInt8] {
        var got = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            got = fread(buffer.baseAddress, 1, count, file)
            filled = got
        }
        if ferror(file) != 0 { throw FileFault("it cannot be read: \(String(cString: strerror(errno)))") }
        guard got == count else { throw FileFault("it ends too early (is it whole?)") }
        return bytes
    }

    func skip(_ count: Int) throws(FileFault) {
        guard fseeko(file, off_t(count), SEEK_CUR) == 0 else { throw FileFault("it cannot be read") }
    }

    func finish() throws(FileFault) {
        guard fgetc(file) == EOF else { throw FileFault("more follows its images") }
    }
}

/// The array of a .npz, which is a zip of .npy files.
final class PackedArray {
    /// Bytes of the array's file.
    let size: Int
    private let archive: OpaquePointer
    private let index: UInt64

    /// Images do not pack better; what does is made to fill a disk or a day.
    private static let mostPacked = 200
    private static let harmless = 1 << 26

    init(_ path: String) throws(FileFault) {
        var code: Int32 = 0
        guard let archive = zip_open(path, ZIP_RDONLY, &code) else {
            var error = zip_error_t()
            zip_error_init_with_code(&error, code)
            defer { zip_error_fini(&error) }
            throw FileFault("it cannot be read as .npz (is it whole?): \(String(cString: zip_error_strerror(&error)))")
        }
        do throws(FileFault) {
            let entry = try Self.images(archive)
            let (size, packed) = (Int(clamping: entry.size), max(Int(clamping: entry.comp_size), 1))
            guard size <= Self.harmless || size / packed <= Self.mostPacked else {
                throw FileFault(
                    "it would unpack to \(size) bytes from \(packed), as no set of images does: it is not read")
            }
            (self.archive, self.size, index) = (archive, size, entry.index)
        } catch {
            zip_discard(archive)
            throw error
        }
    }

    deinit { zip_discard(archive) }

    /// The array named `images`, or the only one.
    private static func images(_ archive: OpaquePointer) throws(FileFault) -> zip_stat_t {
        var arrays: [(name: String, entry: zip_stat_t)] = []
        for index in 0..<UInt64(max(0, zip_get_num_entries(archive, 0))) {
            var entry = zip_stat_t()
            guard zip_stat_index(archive, index, 0, &entry) == 0, let text = entry.name else {
                throw FileFault("its entry number \(index) cannot be read")
            }
            let name = String(cString: text)
            if name.hasSuffix(".npy") { arrays.append((String(name.dropLast(4)), entry)) }
        }
        let chosen = arrays.count == 1 ? arrays : arrays.filter { $0.name == "images" }
        guard chosen.count == 1 else {
            let names = arrays.prefix(10).map(\.name).joined(separator: ", ")
            throw FileFault(
                arrays.isEmpty
                    ? "it holds no array" : "it holds the arrays \(names): expected one, or one that is called images")
        }
        return chosen[0].entry
    }

    func input() throws(FileFault) -> any TensorInput {
        guard let file = zip_fopen_index(archive, index, 0) else {
            throw FileFault("it cannot be unpacked: \(String(cString: zip_strerror(archive)))")
        }
        return Input(file, of: self)
    }

    private final class Input: TensorInput {
        private let file: OpaquePointer
        /// Keeps the archive open.
        private let array: PackedArray

        init(_ file: OpaquePointer, of array: PackedArray) { (self.file, self.array) = (file, array) }

        deinit { zip_fclose(file) }

        func read(_ count: Int) throws(FileFault) -> [UInt8] {
            var bytes = [UInt8](repeating: 0, count: count)
            var done = 0
            while done < count {
                let got = bytes.withUnsafeMutableBytes {
                    zip_fread(file, $0.baseAddress?.advanced(by: done), UInt64(count - done))
                }
                if got < 0 { throw fault }
                if got == 0 { throw FileFault("it ends too early (is it whole?)") }
                done += Int(got)
            }
            return bytes
        }

        /// The checksum is verified where the entry ends.
        func finish() throws(FileFault) {
            var byte: UInt8 = 0
            let got = zip_fread(file, &byte, 1)
            if got < 0 { throw fault }
            guard got == 0 else { throw FileFault("more follows its images") }
        }

        private var fault: FileFault { FileFault("it cannot be unpacked: \(String(cString: zip_file_strerror(file)))") }
    }
}
