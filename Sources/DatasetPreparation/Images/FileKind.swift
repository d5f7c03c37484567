/// The kind of a file, by its first bytes, whatever its name.
enum FileKind {
    static func isPNG(_ bytes: [UInt8]) -> Bool {
        bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
    }
    static func isJPEG(_ bytes: [UInt8]) -> Bool { bytes.starts(with: [0xFF, 0xD8, 0xFF]) }

    /// A kind that is not read, with what to do about it; nil for what is unknown.
    static func foreign(_ bytes: [UInt8]) -> String? {
        func has(_ text: String, at place: Int = 0) -> Bool {
            bytes.count >= place + text.utf8.count && bytes[place...].starts(with: text.utf8)
        }
        func begins(_ start: UInt8...) -> Bool { bytes.starts(with: start) }
        let toPNG = ": convert it to PNG first"
        let unpack = ": unpack it, and name the folder"
        if has("GIF8") { return "GIF" + toPNG }
        if has("RIFF") && has("WEBP", at: 8) { return "WebP" + toPNG }
        if begins(0x49, 0x49, 0x2A, 0) || begins(0x4D, 0x4D, 0, 0x2A) { return "TIFF" + toPNG }
        if has("BM") { return "BMP" + toPNG }
        if has("ftyp", at: 4) { return "HEIF, AVIF or a film" + toPNG }
        if begins(0xFF, 0x0A) || has("JXL ", at: 4) { return "JPEG XL" + toPNG }
        if has("jP  ", at: 4) { return "JPEG 2000" + toPNG }
        if bytes.count > 2, bytes[0] == UInt8(ascii: "P"), (0x31...0x37).contains(bytes[1]), bytes[2] <= 0x20 {
            return "a portable map (PPM, PGM)" + toPNG
        }
        if has("PK\u{3}\u{4}") { return "a zip archive" + unpack }
        if has("ustar", at: 257) { return "a tar archive" + unpack }
        if begins(0x1F, 0x8B) { return "packed by gzip: unpack it first" }
        if begins(0xFD, 0x37, 0x7A, 0x58, 0x5A, 0) || has("BZh") || begins(0x28, 0xB5, 0x2F, 0xFD)
            || begins(0x37, 0x7A, 0xBC, 0xAF) || has("Rar!")
        {
            return "an archive or packed file" + unpack
        }
        if begins(0x93) && has("NUMPY", at: 1) {
            return "a NumPy array: name its file itself as the source, or save its images as PNG"
        }
        if begins(0x89) && has("HDF", at: 1) { return "an HDF5 file: save its images as PNG first" }
        if begins(0x80) && bytes.count > 1 && (2...5).contains(bytes[1]) {
            return "a pickle of Python: of CIFAR the binary version is read, of others images as PNG"
        }
        return nil
    }
}
