extension SafetensorsFile {
    /// The file's bytes. Wider elements come first, so that all are aligned, then names in order.
    package func serialized() -> [UInt8] {
        let ordered = entries.sorted {
            ($1.value.type.size, $0.key) < ($0.value.type.size, $1.key)
        }
        var header = "{"
        if !metadata.isEmpty {
            let table = metadata.sorted { $0.key < $1.key }
                .map { "\(Self.quoted($0.key)):\(Self.quoted($0.value))" }.joined(separator: ",")
            header += "\(Self.quoted(Self.metadataKey)):{\(table)}"
        }
        var offset = 0
        for (name, entry) in ordered {
            let end = offset + entry.bytes.count
            let shape = entry.shape.map(String.init).joined(separator: ",")
            if header.utf8.count > 1 { header += "," }
            header += "\(Self.quoted(name)):{\"dtype\":\"\(entry.type.rawValue)\",\"shape\":[\(shape)],"
            header += "\"data_offsets\":[\(offset),\(end)]}"
            offset = end
        }
        header += "}"
        var headerBytes = Array(header.utf8)
        while headerBytes.count % 8 != 0 { headerBytes.append(UInt8(ascii: " ")) }

        var bytes: [UInt8] = []
        bytes.reserveCapacity(8 + headerBytes.count + offset)
        for shift in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: headerBytes.count >> (8 * shift))) }
        bytes.append(contentsOf: headerBytes)
        for (_, entry) in ordered { bytes.append(contentsOf: entry.bytes) }
        return bytes
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            default:
                if scalar.value < 0x20 {
                    let digits = String(scalar.value, radix: 16)
                    result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                } else {
                    result.unicodeScalars.append(scalar)
                }
            }
        }
        return result + "\""
    }
}
