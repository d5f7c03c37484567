/// One affine map of all pixels, for each noise level a network of its own.
extension Architecture {
    static let linear = Architecture(
        name: "linear", keys: [], defaults: ["training.preconditioning": "none"],
        size: { values in
            let side = values.number("dataset.resolution")
            let pixels = side * side * values.number("dataset.channels")
            return NetworkSize(parameters: pixels * pixels + pixels, places: 2 * pixels)
        },
        cost: { _, pixels in pixels * pixels })
}
