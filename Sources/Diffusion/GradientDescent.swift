import Tensors

/// Stochastic gradient descent with momentum: v ← momentum·v + g, p ← p − rate·v, where v is 0 at first (PyTorch's SGD
/// without dampening).
package struct GradientDescent: Sendable, Equatable {
    package var momentum: Double

    package init(momentum: Double = 0) { self.momentum = momentum }

    /// A step on `count` parameters, a multiple of 16, followed by the moving average of `Adam.step`. NaN gradients count as
    /// 0, infinite ones as ±1e5.
    package func step<S: LaneScalar>(
        by kernels: LaneKernels<S>, parameters: UnsafeMutablePointer<S>, gradients: UnsafePointer<S>,
        velocity: UnsafeMutablePointer<S>,
        average: UnsafeMutablePointer<S>, count: Int, rate: Double, decay: Double
    ) {
        kernels.momentumAverage(
            parameters, gradients, velocity, average, count, S(rate), S(momentum), S(decay))
    }
}
