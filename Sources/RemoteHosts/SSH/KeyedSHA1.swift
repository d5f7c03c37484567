import CSHA256

/// HMAC-SHA1 (RFC 2104), by which known_hosts files hide names.
enum KeyedSHA1 {
    static func digest(of message: [UInt8], key: [UInt8]) -> [UInt8] {
        let short = key.count > 64 ? sha1(key) : key
        let padded = short + [UInt8](repeating: 0, count: 64 - short.count)
        return sha1(padded.map { $0 ^ 0x5c } + sha1(padded.map { $0 ^ 0x36 } + message))
    }

    private static func sha1(_ bytes: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 20)
        SHA1(bytes, bytes.count, &digest)
        return digest
    }
}
