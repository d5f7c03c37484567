import CImageFiles
import ContentStore
import Datasets
import Foundation
import ImageGenerators
import SweepModel
import TestSupport
import Testing

@testable import DatasetPreparation

/// People are told what a dataset consists of, file by file where something is left aside.
@Suite struct SourceAccountTests {
    let folder: TestFolder
    let store: ContentStore
    var images: String { "\(folder.path)/images" }

    init() throws {
        folder = try TestFolder()
        store = try ContentStore(directory: "\(folder.path)/store")
    }

    func png(_ seed: UInt64) throws -> [UInt8] {
        try ImageFiles.png(ImageFiles.noise(seed, count: 64), width: 8, height: 8, channels: 1)
    }

    func request(_ source: String, _ parameters: String...) -> DatasetRequest {
        DatasetRequest(
            source: source, resolution: 8, channels: 1,
            parameters: Dictionary(uniqueKeysWithValues: parameters.map { ($0, true) }))
    }

    func prepare(_ request: DatasetRequest) throws -> (account: DatasetAccount, pixels: [UInt8]) {
        let prepared = try DatasetPreparer(depot: store).prepare(request)
        let file = try DatasetFile(path: try #require(store.location(of: prepared.digest)))
        return (prepared.account, try file.pixels(of: Array(0..<file.count)))
    }

    func refusal(_ request: DatasetRequest) -> String {
        let error = #expect(throws: DatasetPreparationError.self) {
            try DatasetPreparer(depot: store).prepare(request)
        }
        return error?.description ?? ""
    }

    func link(_ name: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(atPath: "\(images)/\(name)", withDestinationPath: target)
    }

    func noise(_ seeds: UInt64...) -> [UInt8] { seeds.flatMap { ImageFiles.noise($0, count: 64) } }

    @Test func linkedFoldersAndFilesCount() throws {
        try folder.write(try png(1), "images/a/1.png")
        try folder.write(try png(2), "elsewhere/below/2.png")
        try folder.write(try png(3), "single.png")
        try link("b", to: "../elsewhere")
        try link("c.png", to: "../single.png")
        let (account, pixels) = try prepare(request(images))
        #expect(pixels == noise(1, 2, 3))
        #expect(account.links == ["b/"])
        #expect(account.skipped == [])
        #expect(account.lines(request(images)) == ["\(images), 8×8 grey: 3 images found, 3 used", "by links: b/"])
    }

    /// Circles of links end, and a folder with several paths is read under the first of its names.
    @Test func everyFolderIsReadOnce() throws {
        try folder.write(try png(1), "images/b/1.png")
        try folder.write(try png(2), "images/b/deep/2.png")
        try link("b/up", to: "..")
        try link("b/deep/self", to: ".")
        try link("a", to: "b/deep")
        try link("loop", to: "loop")
        let account = try prepare(request(images, "skip_unreadable")).account
        #expect(account.found == 2)
        #expect(account.used == 2)
        #expect(account.links == ["a/"])
        #expect(account.refused.map(\.name) == ["loop"])
        let names = account.skipped.flatMap(\.examples)
        #expect(names == ["a/self/", "b/deep/", "b/up/"])
        #expect(account.skipped.last?.reason.contains("the dataset's own folder") == true)
        // Two links at each of forty levels give 2^40 ways to the last folder.
        for level in 0..<40 {
            try FileManager.default.createDirectory(
                atPath: "\(folder.path)/maze/\(level)", withIntermediateDirectories: true)
            for way in ["left", "right"] where level < 39 {
                try FileManager.default.createSymbolicLink(
                    atPath: "\(folder.path)/maze/\(level)/\(way)", withDestinationPath: "../\(level + 1)")
            }
        }
        try folder.write(try png(9), "maze/39/9.png")
        #expect(try prepare(request("\(folder.path)/maze/0")).account.found == 1)
    }

    @Test(arguments: [
        ".ipynb_checkpoints/old.png", ".thumbnails/x/old.png", ".Trash-0/files/old.png", "@eaDir/1.png/old.png",
        "__MACOSX/._1.png", "b/@eaDir/old.png", "$RECYCLE.BIN/old.png", "lost+found/old.png", ".hidden.png", "._1.png",
        "1.png~", ".gitkeep", ".directory", ".nomedia", ".DS_Store", "Thumbs.db", "b/desktop.ini", "Icon\r", "README",
        "LICENSE.md", "labels.csv", "metadata.jsonl", "SHA256SUMS",
    ])
    func whatToolsLeaveIsLeftAside(name: String) throws {
        for number in 1...2 as ClosedRange<UInt64> { try folder.write(try png(number), "images/b/\(number).png") }
        let clean = try prepare(request(images))
        #expect(clean.account.skipped == [])
        let content = name.hasSuffix(".png") ? try png(99) : []
        try folder.write(content, "images/\(name)")
        let littered = try prepare(request(images))
        #expect(littered.pixels == clean.pixels)
        #expect(littered.account.skipped.count == 1)
        #expect(littered.account.lines(request(images)).contains { $0.hasPrefix("not read") })
        // An archive has the same.
        var entries: [(name: String, bytes: [UInt8])] = [("b/1.png", try png(1)), ("b/2.png", try png(2))]
        entries.append((name, content))
        try ImageFiles.zip(entries, to: "\(folder.path)/x.zip")
        let packed = try prepare(request("\(folder.path)/x.zip"))
        #expect(packed.pixels == clean.pixels)
        #expect(packed.account.skipped == littered.account.skipped)
    }

    /// Only what lies below the source is judged by its name.
    @Test func aSourceMayBeHiddenItself() throws {
        try folder.write(try png(1), ".cache/__MACOSX/1.png")
        #expect(try prepare(request("\(folder.path)/.cache/__MACOSX")).pixels == noise(1))
    }

    @Test func namesNeedNotBeUTF8() throws {
        try folder.write(try png(1), "images/a.png")
        let path = Array("\(images)/caf".utf8) + [0xE9, 0xFF] + Array(".png".utf8)
        let file = fopen(path.map { CChar(bitPattern: $0) } + [0], "w")
        let bytes = try png(2)
        #expect(fwrite(bytes, 1, bytes.count, file) == bytes.count)
        fclose(file)
        #expect(try prepare(request(images)).pixels == noise(1, 2))
        truncate(path.map { CChar(bitPattern: $0) } + [0], 20)
        #expect(refusal(request(images)).contains("caf\\xE9\\xFF.png: as a PNG it is damaged"))
    }

    @Test func allThatIsWrongIsSaidAtOnce() throws {
        for number in 1...3 as ClosedRange<UInt64> { try folder.write(try png(number), "images/\(number).png") }
        try folder.write(Array(try png(4).prefix(50)), "images/4.png")
        try folder.write(Array("GIF89a".utf8), "images/sub/5.gif")
        try folder.write([], "images/6.png")
        try link("7.png", to: "nowhere")
        #expect(mkfifo("\(images)/8.png", 0o600) == 0)
        try folder.write(Array("RIFF....WEBP".utf8), "images/9.webp")
        let words = refusal(request(images))
        #expect(words.contains("6 of 9 files cannot be used"))
        for name in ["4.png", "sub/5.gif", "6.png", "7.png", "8.png", "9.webp"] {
            #expect(words.contains("\n  \(name): "), "\(name)")
        }
        #expect(words.contains("dataset.skip_unreadable"))
        #expect(words.contains("WebP: convert it to PNG"))
        let (account, pixels) = try prepare(request(images, "skip_unreadable"))
        #expect(pixels == noise(1, 2, 3))
        #expect(account.refused.count == 6)
        #expect(account.lines(request(images)).contains { $0.hasPrefix("6 cannot be used and are left out: ") })
        // Files that are left aside are no part of the dataset: without them the digest is the same.
        for name in ["4.png", "sub/5.gif", "6.png", "7.png", "8.png", "9.webp"] { unlink("\(images)/\(name)") }
        let preparer = DatasetPreparer(depot: store)
        #expect(
            try preparer.prepare(request(images)).digest == preparer.prepare(request(images, "skip_unreadable")).digest)
    }

    /// The account is of today's files, even where the images were prepared before.
    @Test func whatIsRememberedTellsTheSame() throws {
        let preparer = DatasetPreparer(depot: store, cache: "\(folder.path)/datasets.json")
        try folder.write(try png(1), "images/1.png")
        try folder.write(try png(1), "images/2.png")
        try folder.write(Array("cut".utf8), "images/3.png")
        try folder.write([], "images/.gitkeep")
        let wanted = request(images, "skip_unreadable")
        let first = try preparer.prepare(wanted)
        #expect(first.account.equal == 1)
        #expect(try preparer.prepare(wanted) == first)
        try folder.write([], "images/Thumbs.db")
        let second = try preparer.prepare(wanted)
        #expect(second.digest == first.digest)
        #expect(second.account.skipped.flatMap(\.examples) == [".gitkeep", "Thumbs.db"])
        #expect(second.account.refused == first.account.refused)
    }

    @Test func sourcesOfOtherKindsAreNamed() throws {
        try folder.write(try png(1), "1.png")
        #expect(refusal(request("\(folder.path)/1.png")).contains("a single image: expected a folder or a zip"))
        var tar = [UInt8](repeating: 0, count: 1024)
        tar.replaceSubrange(257..<262, with: "ustar".utf8)
        try folder.write(tar, "x.tar")
        #expect(refusal(request("\(folder.path)/x.tar")).contains("a tar archive: unpack it"))
        let file = gzopen("\(folder.path)/x.tar.gz", "wb")
        gzwrite(file, tar, UInt32(tar.count))
        gzclose_w(file)
        #expect(refusal(request("\(folder.path)/x.tar.gz")).contains("a tar archive: unpack it"))
        try folder.write([0x80, 2] + Array("}q".utf8), "images/data_batch_1")
        #expect(refusal(request(images)).contains("a pickle of Python"))
    }

    @Test func archivesWithLinksOrRepeatedEntriesAreRefused() throws {
        let path = "\(folder.path)/x.zip"
        try ImageFiles.zip([("a.png", try png(1)), ("b.png", try png(2))], to: path)
        let archive = zip_open(path, 0, nil)
        zip_file_set_external_attributes(archive, 1, 0, UInt8(ZIP_OPSYS_UNIX), UInt32(S_IFLNK | 0o777) << 16)
        #expect(zip_close(archive) == 0)
        #expect(refusal(request(path)).contains("b.png: it is a symbolic link"))
        // libzip writes no name twice; another program's archive may.
        try ImageFiles.zip([("a.png", try png(1)), ("b.png", try png(2))], to: path, stored: true)
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        for place in bytes.indices.dropLast(5) where bytes[place..<place + 5].elementsEqual("b.png".utf8) {
            bytes[place] = UInt8(ascii: "a")
        }
        try folder.write(bytes, "x.zip")
        #expect(refusal(request(path)).contains("a.png: it stands 2 times in the archive"))
    }
}
