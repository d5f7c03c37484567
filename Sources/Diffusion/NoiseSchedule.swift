import Tensors

/// The noise levels of EDM's samplers (Karras et al. 2022, eq. 5):
/// σ_i = (σ_max^(1/ρ) + i/(n−1)·(σ_min^(1/ρ) − σ_max^(1/ρ)))^ρ for i < n, then 0.
package struct EDMSchedule: Sendable, Equatable {
    package var steps: Int
    package var sigmaMin: Double
    package var sigmaMax: Double
    package var rho: Double

    /// `steps` must be at least 1, and 0 < `sigmaMin` < `sigmaMax`.
    package init(steps: Int, sigmaMin: Double = 0.002, sigmaMax: Double = 80, rho: Double = 7) {
        precondition(steps >= 1 && sigmaMin > 0 && sigmaMax > sigmaMin && rho > 0, "not a schedule")
        self.steps = steps
        self.sigmaMin = sigmaMin
        self.sigmaMax = sigmaMax
        self.rho = rho
    }

    /// `steps` + 1 falling levels, the last one 0. A single step starts at σ_max.
    package var sigmas: [Double] {
        let first = Elementary.pow(sigmaMax, 1 / rho)
        let last = Elementary.pow(sigmaMin, 1 / rho)
        return (0..<steps).map { i in
            guard i > 0 else { return sigmaMax }
            guard i < steps - 1 else { return sigmaMin }
            return Elementary.pow(first + Double(i) / Double(steps - 1) * (last - first), rho)
        } + [0]
    }

    /// The schedule cut to `levels`, which must have some noise levels in common with it.
    package func clipped(to levels: ClosedRange<Double>) -> EDMSchedule {
        EDMSchedule(
            steps: steps, sigmaMin: max(sigmaMin, levels.lowerBound), sigmaMax: min(sigmaMax, levels.upperBound),
            rho: rho)
    }
}
