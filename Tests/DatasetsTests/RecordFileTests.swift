import CImageFiles
import ContentStore
import DatasetPreparation
import Datasets
import Foundation
import ImageGenerators
import JobContract
import SweepModel
import Testing

/// IDX and CIFAR files, plain and packed.
@Suite struct RecordFileTests {
    let folder: TestFolder
    let store: ContentStore

    init() throws {
        folder = try TestFolder()
        store = try ContentStore(directory: "\(folder.path)/store")
    }

    func pixels(_ source: String, _ resolution: Int, channels: Int = 1) throws -> [UInt8] {
        let prepared = try DatasetPreparer(depot: store).prepare(
            DatasetRequest(source: source, resolution: resolution, channels: channels))
        let file = try DatasetFile(path: try #require(store.location(of: prepared.digest)))
        return try file.pixels(of: Array(0..<file.count))
    }

    func refusal(_ source: String) -> String {
        let error = #expect(throws: DatasetPreparationError.self) { try pixels(source, 8) }
        return error?.description ?? ""
    }

    func idx(_ images: [UInt8], count: Int, side: Int) -> [UInt8] {
        var header: [UInt8] = [0, 0, 8, 3]
        for number in [count, side, side] { header += [0, 0, UInt8(number >> 8), UInt8(number & 255)] }
        return header + images
    }

    func packed(_ bytes: [UInt8], _ name: String) throws -> String {
        let path = "\(folder.path)/\(name)"
        let file = gzopen(path, "wb")
        #expect(gzwrite(file, bytes, UInt32(bytes.count)) == Int32(bytes.count))
        #expect(gzclose_w(file) == 0)
        return path
    }

    @Test func idxIsReadPlainAndPackedAndAsAFolder() throws {
        let (first, second) = (ImageFiles.noise(1, count: 3 * 64), ImageFiles.noise(2, count: 2 * 64))
        let plain = try folder.write(idx(first, count: 3, side: 8), "plain/a-images-idx3-ubyte")
        #expect(try pixels(plain, 8) == first)
        #expect(try pixels(plain, 8, channels: 3).count == 3 * first.count)
        _ = try folder.write([0, 0, 8, 1, 0, 0, 0, 2, 7, 9], "plain/a-labels-idx1-ubyte")
        _ = try folder.write(Array("about".utf8), "plain/readme.html")
        let gzip = try packed(idx(second, count: 2, side: 8), "plain/b-images-idx3-ubyte.gz")
        #expect(try pixels(gzip, 8) == second)
        #expect(try pixels("\(folder.path)/plain", 8) == first + second)
    }

    @Test(arguments: [1, 2]) func cifarIsReadWithoutItsLabels(labels: Int) throws {
        let images = ImageFiles.noise(3, count: 2 * 3072)
        let label = [UInt8](repeating: 3, count: labels)
        let path = try folder.write(label + images[..<3072] + label + images[3072...], "data_batch_1.bin")
        #expect(try pixels(path, 32, channels: 3) == images)
        let grey = (0..<1024).map { place -> UInt8 in
            let sum = Int(images[place]) + Int(images[1024 + place]) + Int(images[2048 + place])
            return UInt8((2 * sum + 3) / 6)
        }
        #expect(try Array(pixels(path, 32).prefix(1024)) == grey)
    }

    @Test func damagedFilesAreRefused() throws {
        let whole = idx(ImageFiles.noise(4, count: 4 * 64), count: 4, side: 8)
        #expect(refusal(try folder.write(Array(whole.dropLast()), "short")).contains("should hold 272 bytes"))
        #expect(refusal(try folder.write(whole + [0], "long")).contains("more than that"))
        let gzip = try packed(whole, "whole.gz")
        let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: gzip)))
        #expect(refusal(try folder.write(Array(bytes.dropLast(12)), "cut.gz")).contains("is it whole?"))
        var wrong = bytes
        wrong[bytes.count - 6] ^= 1
        #expect(refusal(try folder.write(wrong, "wrong.gz")).contains("is it whole?"))
        // As much as a header may promise at most, 64 GiB: only what is there takes memory.
        let boast: [UInt8] = [0, 0, 8, 3, 0, 1, 0, 0, 0, 0, 4, 0, 0, 0, 4, 0]
        #expect(refusal(try folder.write(boast, "boast")).contains("but holds 16"))
        #expect(refusal(try folder.write(idx([], count: 0, side: 8), "none")).contains("0 images"))
        #expect(refusal(try folder.write([0, 0, 13, 3] + [UInt8](repeating: 1, count: 12), "floats")).contains("grey"))
        #expect(refusal(try folder.write([0, 0, 8, 1, 0, 0, 0, 1, 5], "labels")).contains("grey"))
    }

    @Test func whatElseLiesBesideIsNamed() throws {
        _ = try folder.write(idx(ImageFiles.noise(5, count: 64), count: 1, side: 8), "mixed/a-images-idx3-ubyte")
        _ = try folder.write([1, 2, 3], "mixed/b.dat")
        #expect(refusal("\(folder.path)/mixed").contains("b.dat"))
    }
}
