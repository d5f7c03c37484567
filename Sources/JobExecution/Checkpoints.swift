import ArgumentParser
import Diffusion
import ScoreNetworks
import Tensors

/// Files of the commands for people.
enum Checkpoints {
    static func file(_ path: String) throws -> SafetensorsFile {
        try SafetensorsFile(bytes: InputFile.read(path, what: "the file"), name: path)
    }

    static func denoiser(_ path: String) throws -> NetworkDenoiser {
        NumericThread.prepare()
        return try NetworkDenoiser(weights: InputFile.read(path, what: "the checkpoint"), name: path)
    }

    /// The images called `name`. Throws when they are not of `shape`.
    static func images(_ name: String, of path: String, shape: ImageShape) throws -> Tensor<Float> {
        let images: Tensor<Float> = try file(path).tensor(name)
        guard images.shape.count == 4, Array(images.shape.dropFirst()) == [shape.channels, shape.height, shape.width]
        else {
            throw ValidationError(
                "\(path): \(name) has the shape \(images.shape), the checkpoint's images are "
                    + "[\(shape.channels), \(shape.height), \(shape.width)]")
        }
        return images
    }

    static func write(_ file: SafetensorsFile, to path: String) throws {
        try DurableFile.write(file.serialized(), to: path)
    }
}
