import ArgumentParser
import Datasets
import Diffusion
import JobContract
import ScoreNetworks
import Tensors

/// Reads and writes the files of the commands that people use.
enum Checkpoints {
    static func file(_ path: String) throws -> SafetensorsFile {
        try SafetensorsFile(bytes: InputFile.read(named: path, what: "the file"), name: path)
    }

    static func denoiser(_ path: String, threads: Int) throws -> NetworkDenoiser {
        let bytes = try InputFile.read(named: path, what: "the checkpoint")
        try Pickle.refuse(bytes, name: path)
        do {
            return try NetworkDenoiser(
                weights: bytes, name: path, threads: threads, on: NetworkMachines.machine())
        } catch let error as NetworkError {
            throw JobFailure(.unsupported, "\(path): its network cannot be built: \(explanation(of: error))")
        }
    }

    /// The images called `name`. Throws when they are not of `shape` or not finite.
    static func images(_ name: String, of path: String, shape: ImageShape) throws -> Tensor<Float> {
        let images: Tensor<Float> = try file(path).tensor(name)
        guard images.shape.count == 4, Array(images.shape.dropFirst()) == [shape.channels, shape.height, shape.width]
        else {
            throw ValidationError(
                "\(path): \(name) has the shape \(images.shape), the checkpoint's images are "
                    + "[\(shape.channels), \(shape.height), \(shape.width)]")
        }
        guard images.shape[0] > 0 else { throw ValidationError("\(path): \(name) holds no images") }
        try requireFinite(images, "\(path): \(name), image")
        return images
    }

    /// Throws, naming the image, where a value is not finite.
    static func requireFinite(_ images: Tensor<Float>, _ what: String) throws {
        guard let place = images.values.firstIndex(where: { !$0.isFinite }) else { return }
        throw JobFailure(
            .unsupported, "\(what) \(place / max(images.stride, 1)) holds a value that is not finite")
    }

    static func write(_ file: SafetensorsFile, to path: String) throws {
        try DurableFile.write(file.serialized(), to: path)
    }

    /// Writes images in [−1, 1] side by side as PNG.
    static func writePicture(of images: Tensor<Float>, shape: ImageShape, to path: String) throws {
        let picture = try ContactSheet.png(
            pixels: images.bytes, channels: shape.channels, height: shape.height, width: shape.width)
        try DurableFile.write(picture, to: path)
    }
}
