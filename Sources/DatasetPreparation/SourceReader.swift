import Foundation
import ImageGenerators
import SweepModel

/// Opens a dataset's source and goes through its images.
struct SourceReader {
    let files: any SourceFiles
    /// The tensor that the source is; nil for others.
    let tensor: TensorFile?

    /// Throws where the path leads to nothing that can hold images.
    init(_ source: String) throws(DatasetPreparationError) {
        guard let status = stat(path: source) else { throw .noSuchSource(source) }
        if status.isDirectory {
            files = try FolderFiles(folder: source)
            tensor = nil
            return
        }
        guard status.isRegular else { throw .unusable(path: source, reason: "it is neither a file nor a folder") }
        let file = FolderFiles(file: source, status)
        if DatasetRequest.isTensor(source) {
            files = file
            do throws(FileFault) { tensor = try TensorFile(path: source, size: Int(status.st_size)) } catch {
                throw .unusable(path: source, reason: error.reason)
            }
            return
        }
        tensor = nil
        let start = Self.start(of: source)
        if FileKind.isPNG(start) || FileKind.isJPEG(start) {
            throw .unusable(path: source, reason: "it is a single image: expected a folder or a zip of images")
        }
        if ImageRecords.mayBe(start, name: file.listing.files[0].name) {
            files = file
        } else if let foreign = FileKind.foreign(start), !start.starts(with: "PK".utf8) {
            throw .unusable(
                path: source,
                reason: "expected a zip or folder of images, IDX, CIFAR, NumPy or safetensors, got \(foreign)")
        } else {
            files = try ArchiveFiles(path: source, status)
        }
    }

    private static func start(of path: String) -> [UInt8] {
        guard let file = FileHandle(forReadingAtPath: path) else { return [] }
        defer { try? file.close() }
        return [UInt8]((try? file.read(upToCount: 512)) ?? Data())
    }

    /// What the reader found out about the files of a source.
    struct Outcome {
        /// Lines on files that hold many images each.
        var records: [String] = []
        var labels: [NamedReason] = []
        var faults: [NamedReason] = []
        var found = 0
    }

    /// Hands over every image with its name, in order. Files that cannot be read are in the outcome. `progress` gets how
    /// many of how many known images are done.
    func forEach(
        progress: (Int, Int) -> Void, _ body: (SourceImage, String) -> Void
    ) throws(DatasetPreparationError) -> Outcome {
        if let tensor { return try images(of: tensor, progress: progress, body) }
        var outcome = Outcome()
        var (firstImage, firstRecords): (String?, String?)
        var (done, total) = (0, files.listing.files.count)
        for (index, file) in files.listing.files.enumerated() {
            let name = "\(file.name)"
            do throws(FileFault) {
                var bytes = try files.bytes(of: index)
                let isPacked = Unpacked.isPacked(bytes)
                if isPacked { bytes = try Unpacked.gzip(bytes) }
                switch try ImageRecords.read(bytes, name: file.name) {
                case .labels(let reason): outcome.labels.append(NamedReason(name: name, reason: reason))
                case .images(let records):
                    firstRecords = firstRecords ?? name
                    outcome.records.append("\(name): \(records.count) of \(records.kind)")
                    total += records.count - 1
                    for place in 0..<records.count {
                        body(.image(records.image(place)), "\(name), image \(place)")
                        // The last one is counted below, as every file is.
                        guard place < records.count - 1 else { continue }
                        done += 1
                        progress(done, total)
                    }
                    outcome.found += records.count
                case nil:
                    guard !isPacked else {
                        let inside = FileKind.foreign(bytes).map { " (\($0))" } ?? ""
                        throw FileFault("it is packed by gzip, and neither IDX nor CIFAR\(inside)")
                    }
                    let image = try ImageDecoder.decode(bytes)
                    firstImage = firstImage ?? name
                    body(.image(image), name)
                    outcome.found += 1
                }
            } catch {
                outcome.faults.append(NamedReason(name: name, reason: error.reason))
            }
            done += 1
            progress(done, total)
        }
        if let firstImage, let firstRecords {
            throw .unusable(
                path: files.path,
                reason:
                    "it holds images (\(firstImage)) beside files of IDX or CIFAR (\(firstRecords)): expected one of "
                    + "the two")
        }
        return outcome
    }

    private func images(
        of tensor: TensorFile, progress: (Int, Int) -> Void, _ body: (SourceImage, String) -> Void
    ) throws(DatasetPreparationError) -> Outcome {
        let name = "\(files.listing.files[0].name)"
        do throws(FileFault) {
            try tensor.forEach { image, index in
                body(image, "\(name), image \(index)")
                progress(index + 1, tensor.count)
            }
        } catch {
            throw .unusable(path: files.path, reason: error.reason)
        }
        return Outcome(records: ["\(name): \(tensor.count) of \(tensor.kind)"], found: tensor.count)
    }
}
