import CImageFiles
import ContentStore
import DatasetPreparation
import Datasets
import Foundation
import ImageGenerators
import JobContract
import SweepModel
import TestSupport
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

    func cifar(_ labels: [[UInt8]], pixels: [UInt8]) -> [UInt8] {
        labels.enumerated().flatMap { $1 + pixels[$0 * 3072..<($0 + 1) * 3072] }
    }

    /// 3073 images of CIFAR-100 are as long as 3074 of CIFAR-10: all labels together decide, and where they do not, the
    /// file is refused.
    @Test func cifarIsToldApartByAllItsLabels() throws {
        let pixels = ImageFiles.noise(7, count: 3074 * 3072)
        let hundred = cifar((0..<3073).map { [UInt8(($0 + 3) % 20), UInt8($0 % 100)] }, pixels: pixels)
        #expect(try self.pixels(folder.write(hundred, "train.bin"), 32, channels: 3) == Array(pixels[..<(3073 * 3072)]))
        let ten = cifar((0..<3074).map { [UInt8($0 % 10)] }, pixels: pixels)
        #expect(try self.pixels(folder.write(ten, "data.bin"), 32, channels: 3) == pixels)
        #expect(
            refusal(try folder.write([UInt8](repeating: 0, count: 3073 * 3074), "black.bin")).contains("cannot be told")
        )
        var wrong = ten
        wrong[3073 * 3000] = 10
        let words = refusal(try folder.write(wrong, "wrong.bin"))
        #expect(words.contains("as CIFAR-10 its image 3000 has the label 10"))
        #expect(words.contains("as CIFAR-100 its image "))
        #expect(refusal(try folder.write(Array(ten.dropLast()), "short.bin")).contains("expected 3073 for each image"))
    }

    /// An image may begin as a header of IDX does.
    @Test func cifarMayLookLikeIDX() throws {
        var pixels = ImageFiles.noise(8, count: 2 * 3072)
        pixels.replaceSubrange(0..<3, with: [0, 8, 3])
        let content = cifar([[0], [1]], pixels: pixels)
        #expect(Array(content.prefix(4)) == [0, 0, 8, 3])
        #expect(try self.pixels(folder.write(content, "data_batch_1.bin"), 32, channels: 3) == pixels)
        let idx = idx(ImageFiles.noise(1, count: 64), count: 1, side: 8)
        #expect(try self.pixels(folder.write(idx, "images.bin"), 8) == ImageFiles.noise(1, count: 64))
    }

    @Test func packedAndArchivedRecordsAreRead() throws {
        let images = ImageFiles.noise(3, count: 2 * 3072)
        let content = cifar([[3], [9]], pixels: images)
        #expect(try pixels(packed(content, "data_batch_1.bin.gz"), 32, channels: 3) == images)
        let grey = ImageFiles.noise(1, count: 3 * 64)
        try ImageFiles.zip(
            [
                ("raw/a-idx3-ubyte", idx(grey, count: 3, side: 8)),
                ("raw/a-idx1-ubyte", [0, 0, 8, 1, 0, 0, 0, 3, 1, 2, 3]),
            ],
            to: "\(folder.path)/mnist.zip")
        #expect(try pixels("\(folder.path)/mnist.zip", 8) == grey)
        // Two members of a packed file are one content.
        let halves = idx(grey, count: 3, side: 8)
        let first = try packed(Array(halves[..<100]), "first"), second = try packed(Array(halves[100...]), "second")
        let joined = try [first, second].flatMap { [UInt8](try Data(contentsOf: URL(fileURLWithPath: $0))) }
        #expect(try pixels(folder.write(joined, "joined-idx3-ubyte.gz"), 8) == grey)
    }

    /// Labels of any type are passed over and told of; numbers that are no bytes are refused.
    @Test func labelsOfEveryKindAreLeftAside() throws {
        let images = ImageFiles.noise(1, count: 3 * 64)
        try folder.write(idx(images, count: 3, side: 8), "q/qmnist-train-images-idx3-ubyte")
        let types: [UInt8] = [8, 9, 11, 12, 13, 14]
        for type in types {
            try folder.write([0, 0, type, 1, 0, 0, 0, 1] + [UInt8](repeating: 0, count: 8), "q/one-\(type)")
            try folder.write(
                [0, 0, type, 2, 0, 0, 0, 1, 0, 0, 0, 1] + [UInt8](repeating: 0, count: 8), "q/two-\(type)")
        }
        _ = try packed(
            [0, 0, 12, 2, 0, 0, 0, 3, 0, 0, 0, 8] + [UInt8](repeating: 0, count: 96), "q/labels-idx2-int.gz")
        _ = try packed(Array("1\t2\n".utf8), "q/labels.tsv.gz")
        #expect(try pixels("\(folder.path)/q", 8) == images)
        let account = try DatasetPreparer(depot: store).prepare(
            DatasetRequest(source: "\(folder.path)/q", resolution: 8, channels: 1)
        ).account
        #expect(account.records == ["qmnist-train-images-idx3-ubyte: 3 of IDX"])
        #expect(account.skipped.reduce(0) { $0 + $1.count } == 2 * types.count + 2)
        try folder.write([0, 0, 13, 3] + [UInt8](repeating: 1, count: 12), "q/floats")
        #expect(refusal("\(folder.path)/q").contains("floats: as an IDX file it holds no grey images"))
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
        // A header may promise at most 64 GiB; only the bytes that are there take memory.
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
        _ = try folder.write(try ImageFiles.png([1], width: 1, height: 1, channels: 1), "mixed/b.dat")
        #expect(
            refusal("\(folder.path)/mixed").contains(
                "images (b.dat) beside files of IDX or CIFAR (a-images-idx3-ubyte)"))
    }
}
