import Diffusion
import JobContract
import Tensors

/// F(x) = W·x + b over all pixels of an image.
struct LinearConfiguration: NetworkSizes {
    static let architectures = ["linear"]

    let imageShape: ImageShape
    var name: String { Self.architectures[0] }

    init(_ shape: ImageShape) { imageShape = shape }

    init(_ stored: StoredNetwork) throws(SafetensorsError) {
        let (side, channels) = (stored.shape.height, stored.shape.channels)
        guard (1...1024).contains(side), (1...1024).contains(channels) else {
            throw stored.file.error(nil, "has images of \(channels) channels of \(side)x\(side)")
        }
        self.init(stored.shape)
    }

    init(_ architecture: String, shape: ImageShape, _ keys: inout some SizeKeys) throws { self.init(shape) }

    var stored: [String] {
        ["\"resolution\": \(imageShape.height)", "\"image_channels\": \(imageShape.channels)"]
    }
    var keys: [String: JSONValue] { [:] }
    var narrower: LinearConfiguration? { nil }

    func plan() throws(NetworkError) -> NetworkPlan { try LinearLayout(imageShape).plan }

    func core<S: LaneScalar>(
        of scalar: S.Type, for use: NetworkUse, on machine: any LaneMachine<S>, team: ThreadTeam
    ) throws(NetworkError) -> any NetworkCore<S> { try LinearNetwork<S>(imageShape, for: use, on: machine) }
}

extension NetworkConfiguration {
    package static func linear(_ shape: ImageShape) -> NetworkConfiguration {
        NetworkConfiguration(LinearConfiguration(shape))
    }
}
