import Diffusion
import Tensors

/// A network F(x; c_noise) with its gradients. Images go through in groups of 16, in lanes, [channel][row][column][16];
/// lanes without an image hold zeros. The bits of an image's output depend on nothing but the image and the parameters,
/// except in the training of networks with batch statistics.
protocol NetworkCore<S>: AnyObject {
    associatedtype S: LaneScalar
    var plan: NetworkPlan { get }
    var workspace: Workspace<S> { get }
    /// Whether all images of a training step must pass each layer together.
    var hasBatchStatistics: Bool { get }

    /// Another core for another thread, with the same parameters and memory of its own.
    func twin() -> Self
    /// Must be called after every change of parameters, before they are used, on one of a core and its twins.
    func parametersChanged()
    /// Must be called before inputs are written: so many groups pass together, in training all that have statistics in
    /// common, else at most as many as the machine lets pass.
    func pass(groups: Int)
    /// Where the caller puts the images of a group.
    func input(_ group: Int) -> UnsafeMutablePointer<S>
    /// Computes F of the images in the inputs' first lanes. `noise` holds their c_noise, `labels` [images][labels].
    func forward(images: Int, noise: [Double], labels: [S]?, dropout: Dropout?, training: Bool)
    /// Where the last `forward` has left the output.
    func output(_ group: Int) -> UnsafeMutablePointer<S>
    /// Where the caller puts the gradient by the output.
    func outputGradient(_ group: Int) -> UnsafeMutablePointer<S>
    /// Adds to the gradients by the parameters, for the last `forward`. With `inputGradient` it finds that one too.
    func backward(images: Int, augmented: Bool, dropout: Dropout?, inputGradient: Bool)
    /// Where the last `backward` that was asked for it has left the gradient by the input.
    func inputGradient(_ group: Int) -> UnsafeMutablePointer<S>
}
