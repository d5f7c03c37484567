import Diffusion
import ScoreNetworks
import Tensors
import Testing

/// Threads compute together what one would compute alone.
struct ThreadTests {
    @Test(arguments: [1, 2, 3, 7]) func everyThreadDoesItsPartOfEveryTask(threads: Int) {
        let team = ThreadTeam(threads)
        #expect(team.count == threads)
        var parts = [Int](repeating: 0, count: threads)
        for _ in 0..<1000 {
            parts.withUnsafeMutableBufferPointer { parts in
                team.run { [parts] in parts[$0] += 1 }
            }
        }
        #expect(parts == [Int](repeating: 1000, count: threads))
        var items = [Int](repeating: 0, count: 50)
        items.withUnsafeMutableBufferPointer { items in
            team.share(items.count) { [items] _, item in items[item] += item }
        }
        #expect(items == Array(0..<50))
    }

    @Test(arguments: SmallNetworks.all) func denoisingGivesTheSameBits(subject: SmallNetworks.Subject) throws {
        let weights = try subject.trained().weights()
        let alone = try NetworkDenoiser(weights: weights, name: "weights")
        let x = Latents.draw(seed: 4, count: 53, shape: alone.imageShape)
        let sigma = (0..<53).map { 0.1 * Elementary.pow(1.05, Double($0)) }
        let expected = alone.denoise(x, sigma: sigma)
        for threads in [2, 3] {
            let together = try NetworkDenoiser(weights: weights, name: "weights", threads: threads)
            #expect(together.denoise(x, sigma: sigma) == expected)
            #expect(together.denoise(x, sigma: sigma) == expected)
        }
    }

    /// There are three groups of images, so with two threads one is left over.
    @Test(arguments: SmallNetworks.all) func trainingGivesTheSameBits(subject: SmallNetworks.Subject) throws {
        let expected = try subject.trained(steps: 3).state()
        for threads in [2, 3, 5] { #expect(try subject.trained(steps: 3, threads: threads).state() == expected) }
    }
}
