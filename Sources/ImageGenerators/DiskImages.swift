/// Disks of one grey level on a background of another: five parameters an image (Kadkhodaie, Guth, Simoncelli, Mallat,
/// ICLR 2024, appendix on disks; section 3.4 of the project's definitions).
///
/// Both levels ~ U(0, 1), the centre from the square [n/8, 7n/8)², the radius from n/16 up to the border. A disk's edge is
/// one pixel wide, linear in the distance to the circle (our reading of "anti-aliased"). With whole centres and radii only
/// the levels vary continuously, so that at small σ the manifold has two dimensions; with continuous ones it has five.
struct DiskImages: GeneratedImages {
    private static let seed: UInt64 = 0x6469736b_00000001

    let size: Int
    let isContinuous: Bool

    func levels(_ index: Int) -> [Double] {
        var draws = Draws(seed: Self.seed, image: index)
        let (background, foreground) = (draws.next(), draws.next())
        let (y, x, radius) = isContinuous ? continuous(&draws) : whole(&draws)
        return (0..<size * size).map { place in
            let (row, column) = place.quotientAndRemainder(dividingBy: size)
            let (down, across) = (Double(row) - y, Double(column) - x)
            let distance = (down * down + across * across).squareRoot()
            let share = max(0, min(1, radius - distance + 0.5))
            return background + share * (foreground - background)
        }
    }

    private func whole(_ draws: inout Draws) -> (Double, Double, Double) {
        let centres = size / 8..<size - size / 8
        let (y, x) = (draws.integer(centres), draws.integer(centres))
        let least = max(1, size / 16)
        let radius = draws.integer(least..<max(least + 1, min(y, x, size - y, size - x)))
        return (Double(y), Double(x), Double(radius))
    }

    private func continuous(_ draws: inout Draws) -> (Double, Double, Double) {
        let edge = Double(size)
        let (y, x) = (edge * (0.125 + 0.75 * draws.next()), edge * (0.125 + 0.75 * draws.next()))
        let least = edge / 16
        return (y, x, least + draws.next() * (min(y, x, edge - y, edge - x) - least))
    }
}
