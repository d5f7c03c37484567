import Diffusion
import JobContract
import Tensors

/// Gathers the results at the images of every level.
struct JacobianReport {
    let images: Int
    let vectors: Int
    let shape: ImageShape
    /// The most eigenvectors that a picture shows.
    private static let shown = 13

    private struct Level {
        var sigma: Double
        /// For each quantity and position, in the order of rows, a value for each image.
        var found: [(quantity: String, position: Int?, values: [Double])] = []
        /// The error of the trace at the last image; it is used where there is only one.
        var traceError = Double.nan
        var eigenvalues: [Double] = []
        var coefficients: [Double] = []
        var eigenvectors: [Float] = []
        /// The first image, noisy and clean, and the leading eigenvectors there.
        var picture: [Float] = []
    }
    private var levels: [Level] = []

    init(images: Int, vectors: Int, shape: ImageShape) {
        (self.images, self.vectors, self.shape) = (images, vectors, shape)
    }

    mutating func addLevel(_ sigma: Double) { levels.append(Level(sigma: sigma)) }

    /// Adds an image of the level begun last.
    mutating func add(
        _ point: JacobianPoint, _ spectrum: JacobianSpectrum, _ components: [[Double]],
        _ values: [(quantity: String, value: Double)]
    ) {
        let isFirst = levels[levels.count - 1].found.isEmpty
        var number = 0
        func put(_ quantity: String, _ position: Int?, _ value: Double, in level: inout Level) {
            if isFirst {
                level.found.append((quantity, position, [value]))
            } else {
                level.found[number].values.append(value)
            }
            number += 1
        }
        var level = levels.removeLast()
        put("effective_dimension", nil, spectrum.trace.value, in: &level)
        level.traceError = spectrum.trace.stderr
        put("symmetry_error", nil, spectrum.symmetryError, in: &level)
        for (quantity, value) in values { put(quantity, nil, value, in: &level) }
        let size = spectrum.vectors.columns
        let count = min(vectors, spectrum.values.count)
        let coefficients = point.coefficients(of: spectrum)
        let flat = Matrix(rows: components.count, columns: size, values: components.flatMap { $0 })
        let alignments = Matrix.product(spectrum.vectors, .plain, flat, .transposed)
        var common = 0.0
        for k in 0..<count {
            put("eigenvalue", k, spectrum.values[k], in: &level)
            if let residuals = spectrum.residuals { put("eigenvalue_residual", k, residuals[k], in: &level) }
            put("coefficient", k, abs(coefficients[k]), in: &level)
            put("oracle_shrinkage", k, point.shrinkage(coefficients[k]), in: &level)
            guard k < components.count else { continue }
            func product(_ i: Int, _ j: Int) -> Double { alignments.values[i * components.count + j] }
            for i in 0..<k { common += product(i, k) * product(i, k) + product(k, i) * product(k, i) }
            common += product(k, k) * product(k, k)
            put("alignment", k, abs(product(k, k)), in: &level)
            put("overlap", k, common / Double(k + 1), in: &level)
            put("overlap_chance", k, Double(k + 1) / Double(size), in: &level)
        }
        level.eigenvalues += spectrum.values
        level.coefficients += coefficients
        level.eigenvectors += spectrum.vectors.values.prefix(count * size).map { Float($0) }
        if isFirst {
            let leading = Tensor<Float>(
                shape: [count, shape.channels, shape.height, shape.width], values: level.eigenvectors)
            let signs = leading.entries(0..<min(count, Self.shown)).scaledToOne.values
            level.picture = point.clean.values + point.noisy.scaledToOne.values + signs
        }
        levels.append(level)
    }

    /// The rows; a picture that shows, in a row for each level, the first image with its eigenvectors; and a file of all
    /// eigenvalues.
    func result() throws -> MeasureResult {
        let rows = levels.flatMap { level in
            level.found.map { quantity, position, values in
                var estimate = Estimate(meanOf: values)
                if quantity == "effective_dimension", values.count == 1 { estimate.stderr = level.traceError }
                return MeasureRow(
                    quantity: quantity, sigma: level.sigma, position: position,
                    value: estimate.value.isFinite ? estimate.value : nil, n: values.count,
                    stderr: estimate.stderr.isFinite ? estimate.stderr : nil)
            }
        }
        guard let first = levels.first else { return MeasureResult(rows: [], artifacts: []) }
        let size = shape.count
        let columns = first.picture.count / size
        let pictures = Tensor<Float>(
            shape: [levels.count * columns, shape.channels, shape.height, shape.width],
            values: levels.flatMap(\.picture))
        var file = SafetensorsFile(name: "jacobian")
        let values = first.eigenvalues.count / images
        file.set("sigmas", Tensor<Double>(shape: [levels.count], values: levels.map(\.sigma)))
        file.set(
            "eigenvalues",
            Tensor<Double>(shape: [levels.count, images, values], values: levels.flatMap(\.eigenvalues)))
        file.set(
            "coefficients",
            Tensor<Double>(shape: [levels.count, images, values], values: levels.flatMap(\.coefficients)))
        file.set(
            "eigenvectors",
            Tensor<Float>(
                shape: [
                    levels.count, images, first.eigenvectors.count / images / size, shape.channels, shape.height,
                    shape.width,
                ], values: levels.flatMap(\.eigenvectors)))
        let table = MeasureResult.Artifact(
            name: "jacobian.safetensors", mediaType: "application/octet-stream", bytes: file.serialized())
        let picture = try MeasureResult.Artifact.picture("eigenvectors.png", pictures, columns: columns)
        return MeasureResult(rows: rows, artifacts: [table] + (picture.map { [$0] } ?? []))
    }
}
