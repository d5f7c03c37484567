import Tensors

/// A denoiser whose derivative by its input can be asked for, J = ∂D/∂x at one image `x`, [1, C, H, W], and noise level.
package protocol DifferentiableDenoiser: Denoiser {
    /// What turns vectors v, [K, C, H, W], into Jᵀv. It holds until the next one is asked for.
    func pullback(at x: Tensor<Float>, sigma: Double) throws -> Pullback

    /// What turns vectors v into Jv, to a few digits: enough to find where J is large, which `pullback` then measures.
    func pushforward(at x: Tensor<Float>, sigma: Double) throws -> Pullback
}

package typealias Pullback = (_ vectors: Tensor<Float>) -> Tensor<Float>
