import Diffusion
import JobContract
import Tensors

/// Rows and files about the paths of several sides from the same latents.
struct TrajectoriesReport {
    let paths: [SidePath]
    /// The levels of the states, falling to 0.
    let sigmas: [Double]
    /// The most samples that a picture shows.
    private static let shown = 16

    var rows: [MeasureRow] {
        paths.indices.flatMap { first in
            paths.indices.dropFirst(first + 1).flatMap { rows(paths[first], paths[$0]) }
        }
    }

    private func rows(_ first: SidePath, _ second: SidePath) -> [MeasureRow] {
        let name = "\(first.side.rawValue)_\(second.side.rawValue)"
        var rows: [MeasureRow] = []
        for (level, sigma) in sigmas.enumerated() {
            let estimate = Estimate(meanOf: roots(first.states[level], second.states[level]))
            rows.append(
                sigma > 0 ? estimate.row("rmse_\(name)", sigma: sigma) : estimate.row("final_rmse_\(name)"))
        }
        let size = first.shape.count
        let images = (first.states.last ?? [], second.states.last ?? [])
        let cosines = blocks(of: images.0.count, by: size).map { centredCosine(images.0[$0], images.1[$0]) }
        return rows + [Estimate(meanOf: cosines).row("final_cosine_\(name)")]
    }

    private func roots(_ a: [Double], _ b: [Double]) -> [Double] {
        blocks(of: a.count, by: paths[0].shape.count).map { block in
            var sum = 0.0
            for index in block { sum += (a[index] - b[index]) * (a[index] - b[index]) }
            return (sum / Double(block.count)).squareRoot()
        }
    }

    private func centredCosine(_ a: ArraySlice<Double>, _ b: ArraySlice<Double>) -> Double {
        func centred(_ values: ArraySlice<Double>) -> [Double] {
            let mean = values.reduce(0, +) / Double(values.count)
            return values.map { $0 - mean }
        }
        func product(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
        let (first, second) = (centred(a), centred(b))
        return product(first, second) / (product(first, first) * product(second, second)).squareRoot()
    }

    func artifacts() throws -> [MeasureResult.Artifact] {
        let shape = paths[0].shape
        func stacked(_ images: [Tensor<Float>]) -> Tensor<Float> {
            Tensor(
                shape: [images.reduce(0) { $0 + $1.shape[0] }, shape.channels, shape.height, shape.width],
                values: images.flatMap(\.values))
        }
        let last = sigmas.count - 1
        let finals = paths.map { $0.images(last, Self.shown) }
        let estimates = paths.flatMap { path in
            sigmas.enumerated().map { level, sigma in
                let state = path.images(level, 1)
                return sigma > 0 ? path.denoiser.denoise(state, sigma: [sigma]) : state
            }
        }
        var file = SafetensorsFile(name: "trajectories")
        file.set("sigmas", Tensor<Double>(shape: [sigmas.count], values: sigmas))
        for path in paths { file.set(path.side.rawValue, path.images(last, .max)) }
        let pictures = [
            try MeasureResult.Artifact.picture("final.png", stacked(finals), columns: finals[0].shape[0]),
            try MeasureResult.Artifact.picture("path.png", stacked(estimates), columns: sigmas.count),
        ]
        return pictures.compactMap { $0 } + [
            MeasureResult.Artifact(
                name: "trajectories.safetensors", mediaType: "application/octet-stream", bytes: file.serialized())
        ]
    }
}
