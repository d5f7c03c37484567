import Diffusion
import FoundationEssentials
import Tensors

/// The metadata entry `config` of a checkpoint, of which each family reads what it has.
struct StoredNetwork {
    let file: SafetensorsFile
    let architecture: String
    let shape: ImageShape
    private let text: String

    private struct Common: Decodable {
        var architecture: String
        var resolution: Int
        var image_channels: Int
    }

    init(_ file: SafetensorsFile) throws(SafetensorsError) {
        guard let text = file.metadata["config"] else {
            throw file.error(nil, "has no metadata entry 'config' that says which network it holds")
        }
        self.file = file
        self.text = text
        let common = try Self.read(Common.self, text, of: file)
        architecture = common.architecture
        shape = ImageShape(channels: common.image_channels, height: common.resolution, width: common.resolution)
    }

    /// Reads more of the entry. Members that it may lack are optional there.
    func read<Members: Decodable>(_ type: Members.Type) throws(SafetensorsError) -> Members {
        try Self.read(type, text, of: file)
    }

    private static func read<Members: Decodable>(
        _ type: Members.Type, _ text: String, of file: SafetensorsFile
    ) throws(SafetensorsError) -> Members {
        do {
            return try JSONDecoder().decode(type, from: Data(text.utf8))
        } catch {
            throw file.error(
                nil, "has a metadata entry 'config' that does not say which network it holds: \(text.prefix(200))")
        }
    }

    /// A member that must be there.
    func wanted<Value>(_ value: Value?, _ key: String) throws(SafetensorsError) -> Value {
        guard let value else {
            throw file.error(nil, "has a metadata entry 'config' that lacks \(key): \(text.prefix(200))")
        }
        return value
    }
}
