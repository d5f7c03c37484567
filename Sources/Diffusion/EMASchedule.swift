import Tensors

/// The decay of the exponential moving average of parameters (Karras et al. 2022, training loop): half-life
/// h = min(half_life, ramp·images seen), β = 0.5^(batch / max(h, 1e-8)). Without a ramp, h = half_life.
package struct EMASchedule: Sendable, Equatable {
    /// The half-life in images; 0 for no averaging.
    package var halfLife: Double
    /// Share of the images seen that bounds the half-life; 0 for no such bound.
    package var ramp: Double

    package init(halfLife: Double = 500_000, ramp: Double = 0.05) {
        self.halfLife = halfLife
        self.ramp = ramp
    }

    /// β for a step of `batch` images after `imagesSeen` others. With a ramp it is 0 at the first step.
    package func beta(batch: Int, imagesSeen: Int) -> Double {
        let life = ramp > 0 ? min(halfLife, ramp * Double(imagesSeen)) : halfLife
        return Elementary.exp(-0.69314718055994530942 * Double(batch) / max(life, 1e-8))
    }
}
