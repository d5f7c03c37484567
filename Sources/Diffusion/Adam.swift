import Tensors

/// Adam (Kingma and Ba 2015) with bias correction and ε outside of the root.
package struct Adam: Sendable, Equatable {
    package var beta1 = 0.9
    package var beta2 = 0.999
    package var epsilon = 1e-8

    package init() {}

    /// Step number `step` (from 1) on `count` parameters, a multiple of 16, followed by the moving average
    /// average ← β·average + (1 − β)·parameters. NaN gradients count as 0, infinite ones as ±1e5.
    package func step<S: LaneScalar>(
        _ step: Int, by kernels: LaneKernels<S>, parameters: UnsafeMutablePointer<S>, gradients: UnsafePointer<S>,
        first: UnsafeMutablePointer<S>,
        second: UnsafeMutablePointer<S>, average: UnsafeMutablePointer<S>, count: Int, rate: Double, decay: Double
    ) {
        let correction1 = 1 - Elementary.power(beta1, step)
        let correction2 = 1 - Elementary.power(beta2, step)
        kernels.adamAverage(
            parameters, gradients, first, second, average, count, S(rate / correction1), S(correction2.squareRoot()),
            S(beta1), S(beta2), S(epsilon), S(decay))
    }
}
