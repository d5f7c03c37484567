/// The head of a .npy file (numpy.lib.format): a dictionary of Python as text. Nothing of it is evaluated, and pickled objects
/// are never read.
struct NumPyHeader {
    private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
    private static let longest = 1 << 16

    /// Reads the head of an array's file of `size` bytes.
    static func layout(_ input: any TensorInput, size: Int) throws(FileFault) -> TensorLayout {
        guard size >= 10 else { throw FileFault("it has \(size) bytes, not even the head of a NumPy array") }
        guard try input.read(6) == magic else { throw FileFault("it does not begin as a NumPy array") }
        let version = try input.read(2)
        guard (1...3).contains(version[0]) else {
            throw FileFault("it is a NumPy array of the format \(version[0]).\(version[1]): expected 1.0 to 3.0")
        }
        let width = version[0] == 1 ? 2 : 4
        let length = try input.number(bytes: width)
        guard length <= longest else { throw FileFault("its head is said to have \(length) bytes, which is absurd") }
        guard 8 + width + length <= size else { throw FileFault("it ends inside its head (is it whole?)") }
        var scanner = Scanner(bytes: try input.read(length))
        let (elements, isFortran, shape) = try scanner.header()
        let isFloat = try isFloat(elements)
        guard !isFortran else {
            throw FileFault("it is in Fortran's order: save numpy.ascontiguousarray of it")
        }
        let layout = try TensorLayout(isFloat: isFloat, shape: shape)
        try layout.check(size - 8 - width - length)
        return layout
    }

    private static func isFloat(_ elements: String) throws(FileFault) -> Bool {
        switch elements {
        case "|u1", "<u1", ">u1": return false
        case "<f4": return true
        case _ where elements.contains("O"):
            throw FileFault("it holds pickled objects of Python, which are not read: save an array of uint8 or float32")
        default:
            throw FileFault("its elements are \(elements.prefix(20)): expected uint8 (|u1) or float32 (<f4)")
        }
    }

    /// Reads what NumPy writes: `{'descr': '|u1', 'fortran_order': False, 'shape': (2, 1, 8, 8), }`.
    private struct Scanner {
        let bytes: [UInt8]
        private var place = 0
        private static let strange = FileFault("its head is none that NumPy writes")

        init(bytes: [UInt8]) { self.bytes = bytes }

        mutating func header() throws(FileFault) -> (elements: String, isFortran: Bool, shape: [Int]) {
            var (elements, isFortran, shape): (String?, Bool?, [Int]?)
            try expect("{")
            while !takes("}") {
                let key = try text()
                try expect(":")
                switch key {
                case "descr":
                    guard !takes("[") else {
                        throw FileFault("its elements have several fields: expected uint8 or float32")
                    }
                    elements = try text()
                case "fortran_order": isFortran = try flag()
                case "shape": shape = try numbers()
                default: throw Self.strange
                }
                if !takes(",") {
                    try expect("}")
                    break
                }
            }
            skipSpace()
            guard place == bytes.count, let elements, let isFortran, let shape else { throw Self.strange }
            return (elements, isFortran, shape)
        }

        private mutating func skipSpace() {
            while place < bytes.count, [0x20, 0x0A].contains(bytes[place]) { place += 1 }
        }

        private mutating func takes(_ word: String) -> Bool {
            skipSpace()
            guard bytes[place...].starts(with: word.utf8) else { return false }
            place += word.utf8.count
            return true
        }

        private mutating func expect(_ word: String) throws(FileFault) { guard takes(word) else { throw Self.strange } }

        private mutating func text() throws(FileFault) -> String {
            skipSpace()
            guard place < bytes.count, bytes[place] == 0x27 || bytes[place] == 0x22,
                let end = bytes[(place + 1)...].firstIndex(of: bytes[place])
            else { throw Self.strange }
            defer { place = end + 1 }
            return String(decoding: bytes[(place + 1)..<end], as: UTF8.self)
        }

        private mutating func flag() throws(FileFault) -> Bool {
            if takes("True") { return true }
            try expect("False")
            return false
        }

        private mutating func numbers() throws(FileFault) -> [Int] {
            try expect("(")
            var numbers: [Int] = []
            while !takes(")") {
                skipSpace()
                let digits = bytes[place...].prefix { (0x30...0x39).contains($0) }
                guard let number = Int(String(decoding: digits, as: UTF8.self)) else { throw Self.strange }
                numbers.append(number)
                place += digits.count
                if !takes(",") {
                    try expect(")")
                    break
                }
            }
            return numbers
        }
    }
}
