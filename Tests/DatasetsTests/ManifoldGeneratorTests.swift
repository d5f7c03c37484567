import ContentStore
import DatasetPreparation
import Datasets
import Foundation
import ImageGenerators
import JobContract
import SweepModel
import Testing

/// Generated images lie on the manifolds that they are named for.
@Suite struct ManifoldGeneratorTests {
    let folder: TestFolder
    let store: ContentStore

    init() throws {
        folder = try TestFolder()
        store = try ContentStore(directory: "\(folder.path)/store")
    }

    func images(_ source: String, size: Int, count: Int, alpha: Double? = nil) throws -> [[Double]] {
        var request = DatasetRequest(
            source: source, resolution: size, channels: 1, parameters: ["count": .integer(Int64(count))])
        if let alpha { request.parameters["alpha"] = .number(alpha) }
        let prepared = try DatasetPreparer(depot: store).prepare(request)
        let file = try DatasetFile(path: try #require(store.location(of: prepared.digest)))
        let pixels = try file.pixels(of: Array(0..<count)).map(Double.init)
        return (0..<count).map { Array(pixels[$0 * size * size..<($0 + 1) * size * size]) }
    }

    /// The levels give the disk's area: every pixel is (1 − share)·background + share·foreground.
    @Test(arguments: ["disks", "continuous-disks"]) func disksAreRoundAndOfTwoLevels(source: String) throws {
        let size = 40
        var radii: [Double] = []
        for image in try images(source, size: size, count: 60) {
            // Corners are background, and the pixel that differs most from them is foreground.
            let background = image[0]
            guard let foreground = image.max(by: { abs($0 - background) < abs($1 - background) }),
                abs(foreground - background) > 40
            else { continue }
            let shares = image.map { ($0 - background) / (foreground - background) }
            let area = shares.reduce(0, +)
            let (y, x) = (
                zip(shares, shares.indices).reduce(0) { $0 + $1.0 * Double($1.1 / size) } / area,
                zip(shares, shares.indices).reduce(0) { $0 + $1.0 * Double($1.1 % size) } / area
            )
            let radius = (area / Double.pi).squareRoot()
            radii.append(radius)
            for (place, share) in shares.enumerated() {
                let (down, across) = (Double(place / size) - y, Double(place % size) - x)
                let distance = (down * down + across * across).squareRoot()
                if distance < radius - 1.2 { #expect(abs(share - 1) < 0.05) }
                if distance > radius + 1.2 { #expect(abs(share) < 0.05) }
            }
            if source == "disks" { #expect(abs(y - y.rounded()) < 0.05 && abs(x - x.rounded()) < 0.05) }
        }
        #expect(radii.count > 30 && (radii.max() ?? 0) - (radii.min() ?? 0) > 4)
    }

    @Test func sinesLieInAPlane() throws {
        let size = 16
        let angles = (0..<size * size).map { 2 * Double.pi * Double($0 / size + $0 % size) / Double(size) }
        let bases = [angles.map { sin($0) }, angles.map { cos($0) }]
        for image in try images("sines", size: size, count: 20) {
            let centred = image.map { $0 - 127.5 }
            let parts = bases.map { basis in
                zip(basis, centred).reduce(0) { $0 + $1.0 * $1.1 } / Double(size * size / 2)
            }
            for place in centred.indices {
                #expect(abs(centred[place] - parts[0] * bases[0][place] - parts[1] * bases[1][place]) < 1.1)
            }
            #expect(parts[0] * parts[0] + parts[1] * parts[1] <= 128 * 128)
        }
    }

    @Test func raysAreMultiplesOfOneImage() throws {
        let all = try images("ray", size: 16, count: 30, alpha: 3)
        let brightest = try #require(all.max { $0.reduce(0, +) < $1.reduce(0, +) })
        let whole = brightest.reduce(0) { $0 + $1 * $1 }
        for image in all {
            let product = zip(image, brightest).reduce(0) { $0 + $1.0 * $1.1 }
            let factor = product / whole
            for (found, base) in zip(image, brightest) { #expect(abs(found - factor * base) <= 1.1) }
        }
        #expect(Set(all.map { $0.reduce(0, +) }).count > 25)
    }

    /// The mean periodogram is the spectrum |k|^(−2α), in a scale that gives every pixel a deviation of 255/8.
    @Test func gaussiansHaveTheirSpectrum() throws {
        let (size, count, alpha) = (16, 600, 1.5)
        let all = try images("gaussian", size: size, count: count, alpha: alpha)
        let variance = all.joined().reduce(0) { $0 + ($1 - 127.5) * ($1 - 127.5) } / Double(count * size * size)
        #expect(abs(variance.squareRoot() / (255.0 / 8) - 1) < 0.05)
        var power: [Double] = []
        for k in [1, 2, 4] {
            var sum = 0.0
            for image in all {
                var (real, imaginary) = (0.0, 0.0)
                for (place, value) in image.enumerated() {
                    let angle = 2 * Double.pi * Double(k * (place % size)) / Double(size)
                    real += (value - 127.5) * cos(angle)
                    imaginary += (value - 127.5) * sin(angle)
                }
                sum += real * real + imaginary * imaginary
            }
            power.append(sum / Double(count))
        }
        #expect(abs(log2(power[0] / power[1]) - 2 * alpha) < 0.3)
        #expect(abs(log2(power[1] / power[2]) - 2 * alpha) < 0.3)
    }

    @Test func identitiesNameWhatTheyDependOn() throws {
        let preparer = DatasetPreparer(depot: store)
        for generator in ImageGenerator.all {
            let identity = try preparer.identify(
                DatasetRequest(source: generator.name, resolution: 16, channels: 1))
            #expect(identity.keys["dataset.generator"] == .string(generator.name))
            #expect(Set(identity.keys.keys).isSuperset(of: generator.parameters.map(\.key)))
        }
        let stranger = DatasetRequest(source: "disks", resolution: 16, channels: 1, parameters: ["alpha": 2])
        #expect(throws: DatasetPreparationError.self) { try preparer.identify(stranger) }
    }

    /// Of equal images the first stays, and the dataset then has another name than one with all of them. Where all images
    /// differ it has the name and the bytes that it always had.
    @Test(arguments: ["geometric", "disks", "continuous-disks", "sines", "ray", "gaussian"])
    func equalImagesGo(source: String) throws {
        var request = DatasetRequest(source: source, resolution: 4, channels: 1, parameters: ["count": 800])
        if source == "ray" { request.parameters["alpha"] = 2 }
        let preparer = DatasetPreparer(depot: store)
        let identity = try preparer.identify(request)
        let (old, new) = (try preparer.prepare(request, version: 1), try preparer.prepare(request))
        let all = try pixels(of: old), thinned = try pixels(of: new)
        var distinct: [[UInt8]] = []
        var seen: Set<[UInt8]> = []
        for image in all where seen.insert(image).inserted { distinct.append(image) }
        #expect(thinned == distinct)
        #expect(identity.account.found == 800 && identity.account.equal == 800 - distinct.count)
        #expect(identity.images == distinct.count)
        let hasDuplicates = distinct.count < 800
        if ["ray", "sines"].contains(source) { #expect(hasDuplicates) }
        if source == "gaussian" { #expect(!hasDuplicates) }
        #expect(identity.keys["dataset.generator_version"] == .integer(hasDuplicates ? 2 : 1))
        #expect((old.digest == new.digest) == !hasDuplicates)
        #expect(try preparer.prepare(request, version: 2).digest == new.digest)
        #expect(throws: DatasetPreparationError.self) { try preparer.prepare(request, version: 3) }
        // A cache that remembers the dataset gives the same name.
        let remembering = DatasetPreparer(depot: store, cache: "\(folder.path)/datasets.json")
        #expect(try remembering.identify(request) == identity)
        #expect(try remembering.identify(request) == identity)
    }

    private func pixels(of prepared: PreparedDataset) throws -> [[UInt8]] {
        let file = try DatasetFile(path: try #require(store.location(of: prepared.digest)))
        return try (0..<file.count).map { try file.pixels(of: $0) }
    }

    /// A circle about a pixel's centre with a whole radius passes through four pixels' centres: half of each of these
    /// belongs to the disk.
    @Test func theCircleRunsThroughTheMiddleOfItsEdge() throws {
        var looked = 0
        for image in try images("disks", size: 32, count: 60) {
            let background = image[0]
            guard let foreground = image.max(by: { abs($0 - background) < abs($1 - background) }),
                abs(foreground - background) > 100
            else { continue }
            let shares = image.map { ($0 - background) / (foreground - background) }
            #expect(shares.count { abs($0 - 0.5) < 0.011 } >= 4)
            looked += 1
        }
        #expect(looked > 5)
    }

    /// Pixels lie around ½ with a standard deviation of ⅛ each, the images' own means included.
    @Test(arguments: [1.0, 3]) func gaussianImagesHaveTheirDeviation(alpha: Double) throws {
        let images = try images("gaussian", size: 8, count: 3000, alpha: alpha)
        for pixel in [0, 27, 63] {
            let levels = images.map { $0[pixel] / 255 }
            let mean = levels.reduce(0, +) / Double(levels.count)
            let variance = levels.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(levels.count - 1)
            // The bound is six standard errors.
            #expect(abs(mean - 0.5) < 6 * 0.125 / 3000.0.squareRoot())
            #expect(abs(variance / (0.125 * 0.125) - 1) < 6 * (2 / 3000.0).squareRoot())
        }
    }
}
