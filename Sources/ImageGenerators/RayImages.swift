/// One image at many brightnesses: s · x₀, s ~ U(0, 1), with x₀ the first C^α image. The optimal PSNR has slope 1
/// (Kadkhodaie et al., ICLR 2024; section 3.4 of the project's definitions).
struct RayImages: GeneratedImages {
    private static let seed: UInt64 = 0x72617900_00000001

    let size: Int
    private let image: [Double]

    init(size: Int, alpha: Double) {
        self.size = size
        image = GeometricImages(size: size, alpha: alpha).levels(0)
    }

    func levels(_ index: Int) -> [Double] {
        var draws = Draws(seed: Self.seed, image: index)
        let brightness = draws.next()
        return image.map { brightness * $0 }
    }
}
