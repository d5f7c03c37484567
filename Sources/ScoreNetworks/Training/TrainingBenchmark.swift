import Tensors

/// How fast whole training steps are: data, forward, backward, Adam and moving average, on one thread.
package enum TrainingBenchmark {
    /// A network to measure, with the name that tables give it.
    package struct Subject: Sendable {
        package var name: String
        package var scale: Int
        package var configuration: NetworkConfiguration

        package init(name: String, scale: Int, configuration: NetworkConfiguration) {
            self.scale = scale
            self.name = name
            self.configuration = configuration
        }
    }

    package struct Result: Sendable {
        package var name: String
        package var scale: Int
        /// Images per second of the thread's CPU time, which other processes do not shorten.
        package var imagesPerCPUSecond: Double
        /// Images per second of wall time.
        package var imagesPerSecond: Double
        /// Work by `forwardOperations`, three times per image, over CPU time.
        package var gigaflops: Double
        package var steps: Int
    }

    /// The networks of the project's tables at scales 4, 8 and 16: 16×16×1 with 4 and with 2 blocks per level, and
    /// 32×32×3.
    package static var standard: [Subject] {
        [4, 8, 16].flatMap { scale in
            [
                ("16x16x1, 4 blocks", unet(scale, resolution: 16, channels: 1, multipliers: [2, 2], blocks: 4)),
                ("16x16x1, 2 blocks", unet(scale, resolution: 16, channels: 1, multipliers: [2, 2], blocks: 2)),
                ("32x32x3, 4 blocks", unet(scale, resolution: 32, channels: 3, multipliers: [2, 2, 2], blocks: 4)),
            ].map { Subject(name: $0.0, scale: scale, configuration: $0.1) }
        }
    }

    /// ddpmpp with attention at half the resolution.
    private static func unet(
        _ scale: Int, resolution: Int, channels: Int, multipliers: [Int], blocks: Int
    ) -> NetworkConfiguration {
        .unet(
            UNetConfiguration(
                modelChannels: scale, resolution: resolution, imageChannels: channels, multipliers: multipliers,
                blocks: blocks, attentionResolutions: [resolution / 2]))
    }

    /// Trains on 64 random images for at least `seconds` after one step to warm up.
    package static func measure(_ subject: Subject, batch: Int = 32, seconds: Double) throws -> Result {
        let configuration = subject.configuration
        let random = CounterRandom(seed: 1, purpose: .generator)
        let pixels = (0..<64 * configuration.imageShape.count).map { UInt8(random.integer(UInt64($0), below: 256)) }
        let run = try TrainingRun(
            configuration: configuration, settings: TrainingSettings(batch: batch), images: pixels)
        _ = try run.step()
        let clock = ContinuousClock()
        let start = clock.now
        let cpuStart = NumericThread.seconds
        var steps = 0
        var cpu = 0.0
        repeat {
            _ = try run.step()
            steps += 1
            cpu = NumericThread.seconds - cpuStart
        } while cpu < seconds
        let wall = (clock.now - start) / .seconds(1)
        let images = Double(steps * batch)
        let work = 3 * Double(try configuration.forwardOperations())
        return Result(
            name: subject.name, scale: subject.scale, imagesPerCPUSecond: images / cpu,
            imagesPerSecond: images / wall, gigaflops: work * images / cpu / 1e9, steps: steps)
    }
}
