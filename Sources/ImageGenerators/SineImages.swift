import Tensors

/// Sines of one period along each axis, of random amplitude and phase: ½ + A/2 · sin(2π(x + y)/n + φ), A ~ U(0, 1),
/// φ ~ U(0, 2π). The images fill a disk in a plane of two dimensions: the cone of Kadkhodaie et al. (ICLR 2024; section 3.4
/// of the project's definitions).
struct SineImages: GeneratedImages {
    private static let seed: UInt64 = 0x73696e65_00000001

    let size: Int

    func levels(_ index: Int) -> [Double] {
        var draws = Draws(seed: Self.seed, image: index)
        let (amplitude, phase) = (draws.next(), draws.next())
        let period = (0..<size).map { place in
            0.5 + 0.5 * amplitude * Elementary.sin(2 * Double.pi * (Double(place) / Double(size) + phase))
        }
        return (0..<size * size).map { period[($0 / size + $0 % size) % size] }
    }
}
