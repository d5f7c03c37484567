import Diffusion
import Tensors

// Derivatives of the exact denoisers, in closed form.

/// Denoisers whose derivative is symmetric, as it is where the denoiser is a gradient.
protocol SymmetricallyDifferentiable: DifferentiableDenoiser {}

extension SymmetricallyDifferentiable {
    package func pushforward(at x: Tensor<Float>, sigma: Double) throws -> Pullback {
        try pullback(at: x, sigma: sigma)
    }
}

extension GaussianDenoiser: SymmetricallyDifferentiable {
    /// J = U diag(λ/(λ+σ²)) Uᵀ everywhere.
    package func pullback(at x: Tensor<Float>, sigma: Double) -> Pullback {
        { vectors in
            let count = vectors.shape[0]
            let found = shrunk(
                vectors.rows(0..<count), sigma: [Double](repeating: sigma, count: count), beat: {})
            return Tensor(shape: vectors.shape, values: found.values.map { Float($0) })
        }
    }
}

extension MultiDeltaDenoiser: SymmetricallyDifferentiable {
    /// J = Σ wᵢ(yᵢ − D)(yᵢ − D)ᵀ/σ², the posterior's covariance.
    package func pullback(at x: Tensor<Float>, sigma: Double) -> Pullback {
        let weights = weights(of: x, sigma: [sigma])
        let centred = centred(about: weights)
        return { vectors in
            var products = Matrix.product(vectors.rows(0..<vectors.shape[0]), .plain, centred, .transposed)
            for index in products.values.indices {
                products.values[index] *= weights.values[index % weights.columns] / (sigma * sigma)
            }
            let found = Matrix.product(products, .plain, centred, .plain)
            return Tensor(shape: vectors.shape, values: found.values.map { Float($0) })
        }
    }
}

extension Distilled: DifferentiableDenoiser {
    /// J = W everywhere.
    package func pullback(at x: Tensor<Float>, sigma: Double) -> Pullback {
        precondition(levels.contains(sigma), "fitted at \(levels.lowerBound)")
        return { vectors in
            let found = turnedBack(vectors.rows(0..<vectors.shape[0]))
            return Tensor(shape: vectors.shape, values: found.values.map { Float($0) })
        }
    }

    package func pushforward(at x: Tensor<Float>, sigma: Double) throws -> Pullback {
        precondition(levels.contains(sigma), "fitted at \(levels.lowerBound)")
        return { vectors in
            let found = turned(vectors.rows(0..<vectors.shape[0]))
            return Tensor(shape: vectors.shape, values: found.values.map { Float($0) })
        }
    }
}

extension WaveletDenoiser: SymmetricallyDifferentiable {
    /// J = Hᵀ diag(s) H with H the transform and s the slopes of the shrinkage at x's coefficients.
    package func pullback(at x: Tensor<Float>, sigma: Double) -> Pullback {
        let slopes = slopes(at: x, variance: sigma * sigma)
        return { vectors in
            let values = (0..<vectors.shape[0]).flatMap { row in
                inverse(zip(coefficients(of: vectors, row), slopes).map { $0 * $1 }).map { Float($0) }
            }
            return Tensor(shape: vectors.shape, values: values)
        }
    }
}
