import Diffusion
import Tensors

/// What a training minimises.
package enum TrainingObjective: Sendable, Hashable {
    /// λ(σ)·‖D(y + σn; σ) − y‖² (Karras et al. 2022).
    case denoising
    /// The same loss with n from a bank: each image has `perImage` fixed noises in each range of σ between two levels of
    /// `NoisedBank`. σ keeps its distribution, so that ever more noises are `denoising` (our reading of a finite number of
    /// noises an image, after the bank of `bank`).
    case fixedNoises(perImage: Int)
    /// Yi, Sun & Li's loss with random gaps, in our reading (their text gives the idea, not the formula): x_s = y + σ_s·n,
    /// x_t = x_s + √(σ_t² − σ_s²)·ξ, σ_s = σ_t·√u; ‖√(σ_t² − σ_s²)/σ_t²·(x_t − D(x_t; σ_t)) − ξ‖². Every x_s is drawn
    /// afresh, so that the minimiser is that of `denoising`.
    case freshGap
    /// The same loss, in our other reading: x_s comes from a bank of fixed noised copies, `copies` of every image at each
    /// level of `NoisedBank`, so that the minimiser averages over copies instead of images.
    case bank(copies: Int)
}

/// The fixed copies x_s of `TrainingObjective.bank` and the noises of `fixedNoises`, never stored: the noise of copy j of an image at a level is a
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

    /// The copy that a uniform share of (0, 1) chooses.
    func copy(share: Double) -> Int { min(Int(share * Double(copies)), copies - 1) }

    /// The noise of a copy, `size` values.
    func noise(image: Int, mirrored: Bool, copy: Int, level: Int, size: Int) -> [Double] {
        let place = ((UInt64(image) * 2 + (mirrored ? 1 : 0)) * UInt64(copies) + UInt64(copy)) * 16 + UInt64(level)
        return random.normals(from: place * UInt64(size), count: size)
    }
}
