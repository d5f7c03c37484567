import Glibc
import JobContract

/// A GPU as this host has it.
struct GPU: Hashable {
    enum Maker: Hashable { case nvidia, amd, pretended }
    let maker: Maker
    /// What a program is told so that it sees this one.
    var id: String
    /// As the driver counts; nil of one that only the surroundings know.
    var index: Int?
    var uuid: String?
    var name = ""
    /// Who has it open has this file open.
    var file: String?
    var memory: Int?
    var free: Int?

    func facts(users: [String]? = nil, setAside: String? = nil) -> GPUFacts {
        GPUFacts(
            id: id, index: index, name: name.cut(toBytes: OutsideValues.nameLength),
            memory: memory.map(OutsideValues.bytes), free: free.map(OutsideValues.bytes), users: users,
            setAside: setAside)
    }

    /// Whether somebody who says `word`, a number or the beginning of a UUID, means this one.
    func isCalled(_ word: String) -> Bool {
        if let number = Int(word) { return index == number }
        return word.utf8.count > 4 && (uuid ?? id).lowercased().hasPrefix(word.lowercased())
    }
}

extension GPUVariables {
    /// What a program that has these GPUs, and no other, finds in its environment.
    static func settings(for gpus: [GPU]) -> [String: String] {
        let ids = gpus.map(\.id).joined(separator: ",")
        guard gpus.contains(where: { $0.maker == .amd }) else {
            var settings = [cuda: ids, hip: ids, rocr: ids]
            if gpus.contains(where: { $0.index.map(String.init) == $0.id }) { settings[order] = "PCI_BUS_ID" }
            return settings
        }
        // HIP counts among those that ROCR leaves it.
        let places = gpus.indices.map(String.init).joined(separator: ",")
        return [cuda: places, hip: places, rocr: ids]
    }
}
