import Diffusion
import Foundation
import JobContract
import Tensors
import Testing

@testable import Measures

struct CopiesMeasureTests {
    /// Leads each latent of seed 0 to an image that is given for it. Of these images pixel 0 is 0, so that on the way it stays
    /// that of the latent over the noise level, by which the latent is known.
    private struct Planted: Denoiser {
        let images: Tensor<Float>
        private let byPixel: [(value: Double, latent: Int)]
        var imageShape: ImageShape { ImageShape(channels: 1, height: images.shape[2], width: images.shape[3]) }

        init(_ images: Tensor<Float>) {
            self.images = images
            let shape = ImageShape(channels: 1, height: images.shape[2], width: images.shape[3])
            let latents = Latents.draw(seed: 0, first: 0, count: images.shape[0], shape: shape)
            byPixel = (0..<images.shape[0]).map { (Double(latents[row: $0].first ?? 0), $0) }
        }

        func denoise(_ x: Tensor<Float>, sigma: [Double]) -> Tensor<Float> {
            let latents = sigma.indices.map { number in
                let pixel = Double(x[row: number].first ?? 0) / sigma[number]
                return byPixel.min { abs($0.value - pixel) < abs($1.value - pixel) }?.latent ?? 0
            }
            return images.picked(latents)
        }
    }

    private static let side = 8

    /// Images whose first row, which mirrors onto itself, is black.
    private func pictures(_ count: Int, seed: UInt64 = 1) -> [[Float]] {
        let images = randomImages(count, side: Self.side, std: 0.2, seed: seed)
        return (0..<count).map { [Float](repeating: 0, count: Self.side) + images[row: $0].dropFirst(Self.side) }
    }

    /// An image that is 0 but for these pixels.
    private func spots(_ values: [Int: Float]) -> [Float] {
        (0..<Self.side * Self.side).map { values[$0] ?? 0 }
    }

    /// Image number `number` of those that are near to nothing, not even to each other's mirror images.
    private func lone(_ number: Int) -> [Float] {
        let place = number % 24
        return spots([Self.side * (2 + place / 4) + place % 4: Float(4 << (number / 24))])
    }

    private func mirrored(_ image: [Float]) -> [Float] {
        image.indices.map { image[$0 / Self.side * Self.side + Self.side - 1 - $0 % Self.side] }
    }

    private func tensor(_ images: [[Float]]) -> Tensor<Float> {
        Tensor(shape: [images.count, 1, Self.side, Self.side], values: images.flatMap { $0 })
    }

    private func rows(
        _ samples: [[Float]], _ training: [[Float]], flips: Bool = false, _ parameters: [String: JSONValue] = [:]
    ) throws -> [MeasureRow] {
        let given: [String: JSONValue] = ["samples": .integer(Int64(samples.count)), "steps": 4, "draws": "shared"]
        let measure = try CopiesMeasure(parameters: given.merging(parameters) { $1 })
        let subject = MeasureSubject(
            denoiser: Planted(tensor(samples)), training: tensor(training), heldOut: tensor([]), flips: flips)
        return try measure.evaluate(subject) { _, _ in }.rows
    }

    private func byImage(_ quantity: String, _ rows: [MeasureRow]) -> [Double?] {
        rows.filter { $0.quantity == quantity }.sorted { ($0.position ?? 0) < ($1.position ?? 0) }.map(\.value)
    }

    private func distance(_ a: [Float], _ b: [Float]) -> Double {
        zip(a, b).reduce(0.0) { $0 + pow(Double($1.0) - Double($1.1), 2) }.squareRoot()
    }

    /// Samples of known kinds, in an order that says nothing of them: copies of some images in known numbers, nearer to one
    /// another than to the image, a cluster away from all images, a pair on each side of the bound, and samples that are near to nothing.
    private func planted(_ counts: [Int], _ training: [[Float]], cluster: Int) -> [[Float]] {
        var samples = zip(training, counts).flatMap { image, count in
            [[Float]](repeating: image.dropLast() + [image[image.count - 1] + 0.05], count: count)
        }
        samples += (0..<cluster).map { spots([20: 5, 21: 5, 22: 0.01 * Float($0)]) }
        // At the distance 10 from all images, a third of which is between 3 and 4.
        samples += [spots([30: 10]), spots([30: 10, 31: 3]), spots([38: 10]), spots([38: 10, 39: 4])]
        samples += (0..<256 - samples.count).map(lone)
        return (0..<256).map { samples[$0 * 77 % 256] }
    }

    @Test func whatWasPlantedIsFound() throws {
        let training = pictures(8)
        let counts = [100, 0, 50, 25, 0, 12, 0, 0]
        let found = try rows(planted(counts, training, cluster: 40), training)
        #expect(byImage("copies", found) == counts.map { Double($0) })
        let first = try #require(found.first { $0.quantity == "copies" && $0.position == 0 })
        #expect(first.n == 256 && abs((first.stderr ?? 0) - (100.0 * 156 / 256).squareRoot()) < 1e-12)
        #expect(found.value("copied_images") == 0.5)
        let shares = [100, 50, 25, 12].map { $0 / 187.0 }
        let entropy = -shares.reduce(0) { $0 + $1 * log($1) }
        #expect(abs(found.value("copy_entropy") - entropy) < 1e-12)
        #expect(abs(found.value("copy_entropy_most") - log(8)) < 1e-12)
        #expect(found.first { $0.quantity == "copy_entropy" }?.n == 187)
        #expect(found.value("spurious") == 42.0 / 256)
        for (image, value) in byImage("nearest_other", found).enumerated() {
            let others = training.indices.filter { $0 != image }.map { distance(training[image], training[$0]) }
            #expect(abs((value ?? 0) - (others.min() ?? 0) / 8) < 1e-9)
        }
    }

    /// Images ever farther from all others, of which there are ever more copies, or ever fewer.
    @Test(arguments: [1.0, -1]) func sparseImagesThatAreCopiedMoreCorrelate(sign: Double) throws {
        let training = (0..<6).map { spots([10 + $0: 1 + Float($0)]) }
        let counts = (0..<6).map { 5 + 3 * (sign > 0 ? $0 : 5 - $0) }
        let found = try rows(planted(counts, training, cluster: 0), training)
        #expect(byImage("copies", found) == counts.map { Double($0) })
        // The first two are as far from one another: ranks ½ ½ 2 3 4 5 against 0 1 2 3 4 5.
        let tied = 17 / (17 * 17.5).squareRoot()
        #expect(abs(found.value("copies_sparsity") - sign * tied) < 1e-12)
    }

    @Test func withoutCopiesTheirDistributionIsUndefined() throws {
        let found = try rows(planted([], [], cluster: 100), pictures(8))
        #expect(found.value("copied_images") == 0 && byImage("copies", found) == [Double](repeating: 0, count: 8))
        for quantity in ["copy_entropy", "copy_entropy_most", "copies_sparsity"] {
            let row = try #require(found.first { $0.quantity == quantity })
            #expect(row.value == nil && row.n != nil)
        }
        #expect(found.value("spurious") == 102.0 / 256)
    }

    @Test func spuriousTakes256Samples() throws {
        let training = pictures(8)
        let samples = planted([10], training, cluster: 100)
        let row = try #require(try rows(Array(samples.dropLast()), training).first { $0.quantity == "spurious" })
        #expect(row.value == nil && row.n == 255)
    }

    @Test func ofOneImageNothingSaysWhatACopyIs() throws {
        let training = pictures(1)
        let found = try rows(planted([10], training, cluster: 100), training)
        #expect(!found.isEmpty && found.allSatisfy { $0.value == nil })
    }

    /// Where training flips, a mirror image is its original's, among training images as among samples.
    @Test(arguments: [false, true]) func mirrorImagesAreTheirOriginals(flips: Bool) throws {
        let training = pictures(4)
        var samples = (0..<100).map { $0 < 60 ? training[1] : mirrored(training[1]) }
        samples += (0..<155).map(lone)
        samples.append(mirrored(lone(0)))
        let found = try rows(samples, training, flips: flips)
        #expect(byImage("copies", found) == [0, flips ? 100 : 60, 0, 0])
        // Forty equal samples are no copies of anything without mirror images; two samples are each other's mirror image.
        let lone = try rows(Array(samples.dropLast()) + [lone(155)], training, flips: flips)
        #expect(found.value("spurious") - lone.value("spurious") == (flips ? 2.0 / 256 : 0))
    }

    @Test func rowsByImageEndWhereTheyAreToldTo() throws {
        let training = pictures(8)
        let samples = planted([3, 0, 0, 0, 0, 0, 0, 5], training, cluster: 0)
        let found = try rows(samples, training, ["positions": 2])
        #expect(byImage("copies", found) == [3, 0] && byImage("nearest_other", found).count == 2)
        #expect(found.value("copied_images") == 0.25)
    }
}
