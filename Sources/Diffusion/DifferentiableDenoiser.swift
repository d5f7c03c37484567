import Tensors

/// A denoiser whose derivative by its input can be asked for.
package protocol DifferentiableDenoiser: Denoiser {
    /// What turns vectors v, [K, C, H, W], into Jᵀv, where J = ∂D/∂x at one image `x`, [1, C, H, W], and noise level.
    /// It holds until the next one is asked for.
    func pullback(at x: Tensor<Float>, sigma: Double) throws -> Pullback
}

package typealias Pullback = (_ vectors: Tensor<Float>) -> Tensor<Float>
