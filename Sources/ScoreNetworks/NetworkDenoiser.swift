import Diffusion
import Tensors

/// A trained network as a denoiser, with the preconditioning it was trained with.
///
/// Not safe for use by several threads at a time; each makes its own.
package final class NetworkDenoiser: Denoiser {
    package let configuration: NetworkConfiguration
    package let preconditioning: Preconditioning
    package var imageShape: ImageShape { configuration.imageShape }
    private let network: Network<Float>
    private let rows: LaneBuffer<Float>

    /// Reads `TrainingRun.weights()`, or another file with the published names: sizes and σ_data come from its metadata
    /// entry `config`. Missing, misshapen, unknown or non-finite tensors are a `SafetensorsError`, impossible sizes a
    /// `NetworkError`.
    package convenience init(weights: [UInt8], name: String) throws {
        try self.init(try SafetensorsFile(bytes: weights, name: name), prefix: "")
    }

    /// Reads the tensors called `prefix` + name; others may stand beside them where there is a prefix.
    package init(_ file: SafetensorsFile, prefix: String) throws {
        let stored = try CheckpointConfiguration(file)
        configuration = stored.network
        preconditioning = stored.preconditioning
        network = try Network(configuration, training: false)
        if prefix.isEmpty {
            let known = Set(network.tensorNames)
            if let stranger = file.names.first(where: { !known.contains($0) }) {
                throw file.error(stranger, "is not part of the network that 'config' describes")
            }
        }
        try network.load(file, prefix: prefix)
        rows = LaneBuffer(count: configuration.imageShape.count * laneCount)
    }

    /// D(x; σ) = c_skip·x + c_out·F(c_in·x + shift; c_noise).
    package func denoise(_ x: Tensor<Float>, sigma: [Double]) -> Tensor<Float> {
        let size = imageShape.count
        precondition(x.values.count == sigma.count * size, "\(x.shape) does not hold \(sigma.count) images")
        var result = x
        for first in stride(from: 0, to: sigma.count, by: laneCount) {
            let group = first..<min(first + laneCount, sigma.count)
            for (lane, image) in group.enumerated() {
                let cIn = preconditioning.cIn(sigma[image])
                for i in 0..<size {
                    let value = Double(x.values[image * size + i])
                    rows.base[lane * size + i] = Float(cIn * value + preconditioning.inputShift)
                }
            }
            let core = network.core
            Float.kernels.toLanes(rows.base, group.count, size, core.input(0))
            core.forward(
                images: group.count, noise: sigma[group].map { preconditioning.cNoise($0) }, labels: nil, dropout: nil,
                training: false)
            let output = core.output(0)
            for (lane, image) in group.enumerated() {
                let cSkip = preconditioning.cSkip(sigma[image])
                let cOut = preconditioning.cOut(sigma[image])
                for i in 0..<size {
                    let at = image * size + i
                    let value = Double(output[i * laneCount + lane])
                    result.values[at] = Float(cSkip * Double(x.values[at]) + cOut * value)
                }
            }
        }
        return result
    }
}
