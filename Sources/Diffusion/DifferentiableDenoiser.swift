import Tensors

/// A denoiser that can compute products with its derivative J = ∂D/∂x at one image `x`, [1, C, H, W], and noise level.
package protocol DifferentiableDenoiser: Denoiser {
    /// The function that turns vectors v, [K, C, H, W], into Jᵀv. It is valid until the next call of `pullback`.
    func pullback(at x: Tensor<Float>, sigma: Double) throws -> Pullback

    /// The function that turns vectors v into Jv, to a few digits: enough to find the directions in which J is large, which
    /// `pullback` then measures.
    func pushforward(at x: Tensor<Float>, sigma: Double) throws -> Pullback
}

package typealias Pullback = (_ vectors: Tensor<Float>) -> Tensor<Float>
