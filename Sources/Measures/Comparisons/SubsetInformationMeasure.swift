import Diffusion
import JobContract
import Quantities
import Tensors

/// A proxy of our own for the mutual information of Yi, Sun & Li 2023, whose estimator is not known: how well an image of
/// one of K networks, trained on disjoint subsets, tells which subset its network was trained on.
///
/// For any classifier p, Î = log K − CE is on average at most the mutual information of image and subset, and at most
/// log K. Our classifier sees the distances d_j of an image to the nearest training image of each subset and has one
/// parameter: p_j ∝ exp(−a·d_j/d̄), d̄ being the mean distance. The images of every other latent choose a, the value of a
/// fixed list from 0 to 4096 with the least CE; the images of the other latents give
/// - `information`: Î in nats, about 0 where the networks agree, and `information_bound`: log K, where all copy;
/// - `accuracy`: the share of images whose own subset is the nearest; 1/K by chance.
///
/// Networks that were trained on the same images are refused: nothing tells their images apart, by construction.
/// `information_scale` is a. Errors are over latents, from which all networks start.
package struct SubsetInformationMeasure: Measure {
    package static let entry = MeasureEntry.subsetInformation
    package static let parameters =
        LatentSampling.parameters(least: 2) + [
            .flag(MeasureRequest.together, true, "whether all that differ are compared at once, or every two"),
            .others,
        ] + Draws.parameters
    package static let rules = [MeasureRule(.shape)]

    let sampling: LatentSampling

    package init(parameters: [String: JSONValue]) throws {
        let reader = try ParameterReader(Self.self, parameters)
        sampling = try LatentSampling(reader)
        _ = try reader.flag(MeasureRequest.together)
    }

    package func evaluate(_ subject: MeasureSubject, progress: MeasureProgress) throws -> MeasureResult {
        let members = [subject] + subject.others
        guard members.count > 1, sampling.samples > 1, members.allSatisfy({ $0.training.shape[0] > 0 }) else {
            throw MeasureError(
                "subset-information compares networks by their training images: expected two or more of each, and of samples"
            )
        }
        guard members.allSatisfy({ $0.denoiser.imageShape == subject.denoiser.imageShape }) else {
            throw MeasureError("subset-information compares networks of images of one shape; these have several")
        }
        for member in members { try member.requireSampler(for: Self.name) }
        for (index, member) in members.enumerated()
        where members[..<index].contains(where: { $0.training == member.training }) {
            throw MeasureError(
                "subset-information tells subsets apart, but two of these networks were trained on the same images: "
                    + "compare across dataset.part or dataset.subset_seed")
        }
        let total = members.count * sampling.samples
        let subsets = members.map { NearestNeighbours(images: $0.training, flips: $0.flips) }
        let key = sampling.draws.key(of: subject)
        var distances: [SubsetDistances] = []
        for (own, member) in members.enumerated() {
            let done = own * sampling.samples
            let images = try sampling.draw(from: member.denoiser, key: key) { drawn, _ in
                try progress(done + drawn, total)
            }
            let near = try subsets.map { try $0.pairs(of: images) { try progress(done + sampling.samples, total) } }
            distances += (0..<sampling.samples).map { image in
                SubsetDistances(own: own, near.map { $0[image].first })
            }
        }
        return MeasureResult(rows: Self.rows(distances, latents: sampling.samples), artifacts: [])
    }

    /// The rows from `distances`, which are of the images of all latents, network after network.
    static func rows(_ distances: [SubsetDistances], latents: Int) -> [MeasureRow] {
        func half(_ remainder: Int) -> [SubsetDistances] {
            distances.indices.filter { $0 % latents % 2 == remainder }.map { distances[$0] }
        }
        let (fitted, judged) = (half(0), half(1))
        var best = (scale: 0.0, loss: Double.infinity)
        for scale in scales {
            let loss = fitted.reduce(0) { $0 + $1.loss(scale) }
            if loss < best.loss { best = (scale, loss) }
        }
        let subsets = distances.first?.relative.count ?? 0
        let bound = Elementary.log(Double(subsets))
        let ofEach = latents / 2
        return [
            Estimate(meanOf: judged.map { bound - $0.loss(best.scale) }, cycling: ofEach).row("information"),
            MeasureRow(quantity: "information_bound", value: bound),
            Estimate(meanOf: distances.map(\.hit), cycling: latents).row("accuracy"),
            MeasureRow(quantity: "information_scale", value: best.scale, n: fitted.count),
        ]
    }

    /// The values of a: 0, then powers of 2 from ¼ to 4096.
    private static let scales: [Double] = [0, 0.25, 0.5] + (0...12).map { Double(1 << $0) }
}

/// How near one image is to the training images of each subset.
struct SubsetDistances {
    /// The subset of the network that drew it.
    let own: Int
    /// Distances divided by their mean; all 1 where that is 0.
    let relative: [Double]

    init(own: Int, _ distances: [Double]) {
        self.own = own
        let mean = distances.reduce(0, +) / Double(distances.count)
        relative = distances.map { mean > 0 ? $0 / mean : 1 }
    }

    /// −log p(own) for p_j ∝ exp(−scale·relative_j).
    func loss(_ scale: Double) -> Double {
        let least = relative.reduce(Double.infinity) { min($0, $1) }
        let sum = relative.reduce(0) { $0 + Elementary.exp(scale * (least - $1)) }
        return scale * (relative[own] - least) + Elementary.log(sum)
    }

    /// 1 where the own subset is the nearest, divided by the number of subsets that are as near; else 0.
    var hit: Double {
        let least = relative.reduce(Double.infinity) { min($0, $1) }
        return relative[own] > least ? 0 : 1 / Double(relative.count { $0 == least })
    }
}
