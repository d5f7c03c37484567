import ContentStore
import DatasetPreparation
import Datasets
import Foundation
import ImageGenerators
import JobContract
import SweepModel
import Testing

/// The C^α images have the same bits everywhere, and the regularity that they are named for.
@Suite struct GeometricGeneratorTests {
    let folder: TestFolder
    let store: ContentStore

    init() throws {
        folder = try TestFolder()
        store = try ContentStore(directory: "\(folder.path)/store")
    }

    func request(_ size: Int, alpha: Double, count: Int) -> DatasetRequest {
        DatasetRequest(
            source: "geometric", resolution: size, channels: 1,
            parameters: ["alpha": .number(alpha), "count": .integer(Int64(count))])
    }

    func pixels(_ size: Int, alpha: Double, count: Int) throws -> [UInt8] {
        let prepared = try DatasetPreparer(depot: store).prepare(request(size, alpha: alpha, count: count))
        #expect(prepared.images == count)
        let file = try DatasetFile(path: try #require(store.location(of: prepared.digest)))
        #expect((file.count, file.channels, file.height, file.width) == (count, 1, size, size))
        return try file.pixels(of: Array(0..<count))
    }

    /// The digests come from an implementation in numpy (its FFT, its powers) of the generator's documentation.
    @Test(arguments: [
        (16, 3.0, 32, "ad54a924645c89a5e18d2150e37d51d3e67d998e3ae0f657e42ac0125d866718"),
        (12, 2.5, 4, "2e4106dc855019818d0aec779560835c2300bce93fb9d92d0215eac02b20207c"),
        (10, 1.0, 4, "d1ebcaef10a97cf2be3fe152938b9eee4ffef94dba304847ffc8502d4703819c"),
    ])
    func pixelsArePinned(size: Int, alpha: Double, count: Int, hex: String) throws {
        #expect(Digest(of: try pixels(size, alpha: alpha, count: count)).hex == hex)
    }

    @Test func anImageDoesNotDependOnTheirNumber() throws {
        let few = try pixels(16, alpha: 3, count: 3)
        #expect(try pixels(16, alpha: 3, count: 9).prefix(few.count) == few[...])
    }

    /// The log-spectrum of the first row, which lies in one background: its power at frequency k is the sum over the other
    /// axis, Σ_j (k² + j²)^(−α). A stretch of an image only adds a constant to logarithms.
    @Test(arguments: [1.5, 2.5]) func backgroundsHaveTheirRegularity(alpha: Double) throws {
        let (size, count) = (64, 300)
        let all = try pixels(size, alpha: alpha, count: count)
        let frequencies = Array(2...8)
        var measured = [Double](repeating: 0, count: frequencies.count)
        for image in 0..<count {
            let row = all[image * size * size..<image * size * size + size].map(Double.init)
            // A row with few grey levels would measure the rounding.
            guard let low = row.min(), let high = row.max(), high - low > 60 else { continue }
            for (place, k) in frequencies.enumerated() {
                let angle = 2 * Double.pi * Double(k) / Double(size)
                let re = row.indices.reduce(0) { $0 + row[$1] * cos(angle * Double($1)) }
                let im = row.indices.reduce(0) { $0 + row[$1] * sin(angle * Double($1)) }
                measured[place] += log(re * re + im * im)
            }
        }
        let used = Double(
            (0..<count).count { image in
                let row = all[image * size * size..<image * size * size + size]
                return Int(row.max() ?? 0) - Int(row.min() ?? 0) > 60
            })
        #expect(used > 60)
        let expected = frequencies.map { k in
            log((-32..<32).reduce(0) { $0 + pow(Double(k * k + $1 * $1), -alpha) })
        }
        // A mean log-power over 60 or more images is uncertain by 1.28/√60 = 0.17, a slope over 2...8 by about 0.14.
        let slope = fittedSlope(frequencies.map { log(Double($0)) }, measured.map { $0 / used })
        #expect(abs(slope - fittedSlope(frequencies.map { log(Double($0)) }, expected)) < 0.45)
    }

    func fittedSlope(_ x: [Double], _ y: [Double]) -> Double {
        let (meanX, meanY) = (x.reduce(0, +) / Double(x.count), y.reduce(0, +) / Double(y.count))
        let cross = zip(x, y).reduce(0) { $0 + ($1.0 - meanX) * ($1.1 - meanY) }
        return cross / x.reduce(0) { $0 + ($1 - meanX) * ($1 - meanX) }
    }

    @Test func identityNamesGeneratorAndParameters() throws {
        let identity = try DatasetPreparer(depot: store).identify(request(16, alpha: 3, count: 64))
        #expect(
            identity.keys == [
                "dataset.generator": "geometric", "dataset.generator_version": 1, "dataset.alpha": 3,
                "dataset.count": 64,
            ])
        #expect(identity.images == 64)
        #expect(try store.digests().isEmpty)
        let plain = DatasetRequest(source: "geometric", resolution: 16, channels: 1)
        #expect(
            try DatasetPreparer(depot: store).identify(plain).keys["dataset.count"]
                == ImageGenerator.Parameter.count.fallback)
    }

    @Test(arguments: [
        DatasetRequest(source: "geometric", resolution: 16, channels: 3),
        DatasetRequest(source: "geometric", resolution: 15, channels: 1),
        DatasetRequest(source: "geometric", resolution: -2, channels: 1),
        DatasetRequest(source: "geometric", resolution: 16, channels: 1, parameters: ["alpha": 0]),
        DatasetRequest(source: "geometric", resolution: 16, channels: 1, parameters: ["alpha": .number(.nan)]),
        DatasetRequest(source: "geometric", resolution: 16, channels: 1, parameters: ["alpha": "high"]),
        DatasetRequest(source: "geometric", resolution: 16, channels: 1, parameters: ["count": 0]),
        DatasetRequest(source: "geometric", resolution: 16, channels: 1, parameters: ["beta": 1]),
        DatasetRequest(source: "geometrical", resolution: 16, channels: 1),
    ])
    func senselessRequestsAreRefused(request: DatasetRequest) {
        #expect(throws: DatasetPreparationError.self) { try DatasetPreparer(depot: store).identify(request) }
        #expect(throws: DatasetPreparationError.self) { try DatasetPreparer(depot: store).prepare(request) }
    }

    /// The generator admits what the shared table of its keys does, up to the bounds, and otherwise names the key.
    @Test(
        arguments: [
            ("count", 1, true), ("count", 1_048_576, true), ("count", 1_048_577, false), ("count", 2.5, false),
            ("alpha", 16, true), ("alpha", 16.5, false), ("alpha", 0.01, true),
        ] as [(String, Double, Bool)])
    func boundsAreTheTables(name: String, value: Double, isAdmitted: Bool) {
        let request = DatasetRequest(
            source: "geometric", resolution: 16, channels: 1, parameters: [name: .number(value)])
        do {
            _ = try GeneratedDataset(request)
            #expect(isAdmitted)
        } catch {
            #expect(!isAdmitted && error.key == "dataset.\(name)", "\(error)")
        }
    }

    /// A disk that does not take the file is no problem of the dataset.
    @Test func disksThatRefuseAreNoDatasetProblem() throws {
        struct NoPlace: FileDepot {
            let path: String
            func wholeFile(_ digest: Digest) -> String? { nil }
            func wholeFileReadAnew(_ digest: Digest) -> String? { nil }
            func temporaryPath() throws -> String { path }
            func adopt(_ path: String, as digest: Digest) throws {}
        }
        let error = #expect(throws: PreparedFileError.self) {
            try DatasetPreparer(depot: NoPlace(path: "\(folder.path)/missing/file")).prepare(
                request(16, alpha: 3, count: 2))
        }
        #expect(error?.path == "\(folder.path)/missing/file")
    }

    @Test func unknownNamesAreToldWhatThereIs() {
        let error = #expect(throws: DatasetPreparationError.self) {
            try DatasetPreparer(depot: store).identify(
                DatasetRequest(source: "geometrical", resolution: 16, channels: 1))
        }
        #expect(error == .noSuchSource("geometrical"))
        #expect(error?.description.contains(ImageGenerator.names.joined(separator: ", ")) == true)
    }
}
