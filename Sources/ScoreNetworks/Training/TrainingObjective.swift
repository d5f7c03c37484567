import Diffusion
import Tensors

/// What a training minimises.
package enum TrainingObjective: Sendable, Hashable {
    /// λ(σ)·‖D(y + σn; σ) − y‖² (Karras et al. 2022).
    case denoising
    /// Yi, Sun & Li's loss with random gaps, in our reading (their text gives the idea, not the formula): x_s = y + σ_s·n,
    /// x_t = x_s + √(σ_t² − σ_s²)·ξ, σ_s = σ_t·√u; ‖√(σ_t² − σ_s²)/σ_t²·(x_t − D(x_t; σ_t)) − ξ‖². Every x_s is drawn
    /// afresh, so that the minimiser is that of `denoising`.
    case freshGap
    /// The same loss, in our other reading: x_s comes from a bank of fixed noised copies, `copies` of every image at each
    /// level of `NoisedBank`, so that the minimiser averages over copies instead of images.
    case bank(copies: Int)
}

/// The fixed copies x_s of `TrainingObjective.bank`, never stored: the noise of copy j of an image at a level is a
/// function of the training's seed and part, the image, whether it is mirrored, j and the level.
struct NoisedBank {
    /// σ_s of the copies: in equal ratio from 0.002 to 80, the range of EDM's schedule (our choice).
    static let levels: [Double] = {
        let (lowest, highest) = (0.002, 80.0)
        let ratio = Elementary.log(highest / lowest) / 15
        return (0..<16).map { $0 == 15 ? highest : lowest * Elementary.exp(Double($0) * ratio) }
    }()

    let copies: Int
    let random: CounterRandom

    /// The level of σ_s for `sigma` and the share `u`: the highest at or below σ_t·√u, or the lowest of all.
    static func level(sigma: Double, share u: Double) -> Int {
        let wanted = sigma * u.squareRoot()
        return max(levels.lastIndex { $0 <= wanted } ?? 0, 0)
    }

    /// The noise of a copy, `size` values.
    func noise(image: Int, mirrored: Bool, copy: Int, level: Int, size: Int) -> [Double] {
        let place = ((UInt64(image) * 2 + (mirrored ? 1 : 0)) * UInt64(copies) + UInt64(copy)) * 16 + UInt64(level)
        return random.normals(from: place * UInt64(size), count: size)
    }
}
