/// Linear warm-up (Karras et al. 2022, training loop): rate·min(images seen / warm-up, 1), where the images before the
/// step count, so that a warm-up starts with a step of rate 0.
package struct LearningRateSchedule: Sendable, Equatable {
    package var rate: Double
    /// In images; 0 for none.
    package var warmupImages: Int

    package init(rate: Double, warmupImages: Int = 0) {
        self.rate = rate
        self.warmupImages = warmupImages
    }

    package func rate(imagesSeen: Int) -> Double {
        warmupImages > 0 ? rate * min(Double(imagesSeen) / Double(warmupImages), 1) : rate
    }
}
