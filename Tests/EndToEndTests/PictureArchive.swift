import TestSupport

/// A zip archive of JPEG images, as people bring their pictures.
enum PictureArchive {
    /// Writes `count` different images of 16×16 pixels.
    static func write(_ count: Int, to path: String) throws {
        try ImageFiles.zip((0..<count).map { ("\($0).jpg", try jpeg($0)) }, to: path)
    }

    /// A slope whose direction and brightness tell the number.
    private static func jpeg(_ number: Int) throws -> [UInt8] {
        var pixels: [UInt8] = []
        for y in 0..<16 {
            for x in 0..<16 {
                let grey = UInt8(clamping: 8 + number + x * (number % 8) + y * (number / 8 % 8))
                pixels += [grey, grey, grey]
            }
        }
        return try ImageFiles.jpeg(pixels, width: 16, height: 16)
    }
}
