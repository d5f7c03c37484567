/// The orientation of a camera (Exif 3.0, tag 0x0112), which tells how an image must be turned or mirrored to be upright, as
/// viewers show it.
enum Orientation: UInt8 {
    case upright = 1
    case mirrored
    case upsideDown
    case flipped
    case transposed
    case turnedLeft
    case transversed
    case turnedRight

    /// The orientation in a JPEG's first Exif segment; upright where there is none that can be read.
    init(jpeg bytes: [UInt8]) {
        var place = 2
        while place + 4 <= bytes.count, bytes[place] == 0xFF {
            let marker = bytes[place + 1]
            // Markers may be preceded by any number of fill bytes.
            if marker == 0xFF {
                place += 1
                continue
            }
            // The scan begins, or the image ends.
            if marker == 0xDA || marker == 0xD9 { break }
            if marker == 0x01 || (0xD0...0xD7).contains(marker) {
                place += 2
                continue
            }
            let end = place + 2 + Int(bytes[place + 2]) << 8 + Int(bytes[place + 3])
            guard end <= bytes.count, end >= place + 4 else { break }
            let content = bytes[place + 4..<end]
            if marker == 0xE1, content.starts(with: Array("Exif".utf8) + [0, 0]) {
                self.init(exif: content.dropFirst(6))
                return
            }
            place = end
        }
        self = .upright
    }

    /// The orientation in a PNG's chunk eXIf (PNG, third edition, 11.3.4.5); upright where there is none that can be read.
    init(png bytes: [UInt8]) {
        var place = 8
        while place + 12 <= bytes.count {
            let length = bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
            let end = place + 12 + length
            guard end <= bytes.count else { break }
            if bytes[place + 4..<place + 8].elementsEqual("eXIf".utf8) {
                self.init(exif: bytes[place + 8..<end - 4])
                return
            }
            place = end
        }
        self = .upright
    }

    /// Reads the first directory of a TIFF structure (TIFF 6.0, section 2).
    private init(exif: ArraySlice<UInt8>) {
        let bytes = Array(exif)
        let isBigEndian = bytes.starts(with: [0x4D, 0x4D, 0, 42])
        guard isBigEndian || bytes.starts(with: [0x49, 0x49, 42, 0]) else {
            self = .upright
            return
        }
        func number(_ place: Int, _ count: Int) -> Int? {
            guard place >= 0, place + count <= bytes.count else { return nil }
            let digits = bytes[place..<place + count]
            return isBigEndian
                ? digits.reduce(0) { $0 << 8 | Int($1) } : digits.reversed().reduce(0) { $0 << 8 | Int($1) }
        }
        self = .upright
        guard let directory = number(4, 4), let count = number(directory, 2) else { return }
        for entry in 0..<count {
            let place = directory + 2 + 12 * entry
            guard let tag = number(place, 2), let type = number(place + 2, 2) else { return }
            // The value stands in the entry: a byte, a short or a long.
            guard tag == 0x0112, let size = [1: 1, 3: 2, 4: 4][type], let value = number(place + 8, size) else {
                continue
            }
            self = UInt8(exactly: value).flatMap(Orientation.init(rawValue:)) ?? .upright
            return
        }
    }

    /// The image turned upright.
    func upright(_ image: ImageDecoder.Image) -> ImageDecoder.Image {
        if self == .upright { return image }
        let (width, height) = (image.width, image.height)
        let isSideways = rawValue >= Orientation.transposed.rawValue
        var turned = image
        (turned.width, turned.height) = isSideways ? (height, width) : (width, height)
        let size = image.bytesPerPixel
        image.rgb.withUnsafeBytes { from in
            turned.rgb.withUnsafeMutableBytes { to in
                for y in 0..<turned.height {
                    for x in 0..<turned.width {
                        let (column, row) = source(x, y, width, height)
                        let (here, there) = ((y * turned.width + x) * size, (row * width + column) * size)
                        for byte in 0..<size { to[here + byte] = from[there + byte] }
                    }
                }
            }
        }
        return turned
    }

    /// The place in the stored image of the pixel that is seen at (x, y).
    private func source(_ x: Int, _ y: Int, _ width: Int, _ height: Int) -> (column: Int, row: Int) {
        switch self {
        case .upright: (x, y)
        case .mirrored: (width - 1 - x, y)
        case .upsideDown: (width - 1 - x, height - 1 - y)
        case .flipped: (x, height - 1 - y)
        case .transposed: (y, x)
        case .turnedLeft: (y, height - 1 - x)
        case .transversed: (width - 1 - y, height - 1 - x)
        case .turnedRight: (width - 1 - y, x)
        }
    }
}
