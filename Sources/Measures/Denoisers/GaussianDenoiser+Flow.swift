import Diffusion
import Tensors

extension GaussianDenoiser {
    /// Where the probability flow of this Gaussian takes the rows x_T of noise level `start` to at level `end`, in closed
    /// form: μ + Σᵢ √((σ²+λᵢ)/(σ_T²+λᵢ)) uᵢᵀ(x_T−μ) uᵢ (Li et al. 2024, eq. 7).
    func flow(_ rows: Matrix, from start: Double, to end: Double, beat: () throws -> Void) rethrows -> Matrix {
        var centred = rows
        for index in centred.values.indices { centred.values[index] -= mean[index % mean.count] }
        // Each factor is σ/σ_T, which applies to everything, plus a rest that is written so that no λ is divided by.
        let (squared, squaredStart) = (end * end, start * start)
        let turned = try filtered(centred, beat: beat) { index, _ in
            let eigenvalue = eigenvalues[index]
            guard eigenvalue > 0 else { return 0 }
            let factor = ((squared + eigenvalue) / (squaredStart + eigenvalue)).squareRoot()
            return numerators[index] * (squaredStart - squared)
                / (squaredStart * (squaredStart + eigenvalue) * (factor + end / start))
        }
        for index in centred.values.indices {
            centred.values[index] =
                mean[index % mean.count] + end / start * centred.values[index] + turned.values[index]
        }
        return centred
    }
}
