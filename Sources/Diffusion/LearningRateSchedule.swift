/// Linear warm-up (Karras et al. 2022, training loop): rate·min(images seen / warm-up, 1), where the images before the
/// step count, so that a warm-up starts with a step of rate 0; and halvings in steps (Kadkhodaie et al. 2024).
package struct LearningRateSchedule: Sendable, Equatable {
    package var rate: Double
    /// The length of the warm-up in images; 0 for none.
    package var warmupImages: Int
    /// The number of images after which the rate is halved, again and again; 0: never.
    package var halvingImages: Int

    package init(rate: Double, warmupImages: Int = 0, halvingImages: Int = 0) {
        self.rate = rate
        self.warmupImages = warmupImages
        self.halvingImages = halvingImages
    }

    package func rate(imagesSeen: Int) -> Double {
        let warm = warmupImages > 0 ? rate * min(Double(imagesSeen) / Double(warmupImages), 1) : rate
        guard halvingImages > 0 else { return warm }
        return warm * Double(sign: .plus, exponent: -min(imagesSeen / halvingImages, 1000), significand: 1)
    }
}
