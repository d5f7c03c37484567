import Diffusion
import Tensors

/// A network F(x; c_noise) with its gradients. Images go through in groups of 16, in lanes, [channel][row][column][16];
/// lanes without an image hold zeros. The bits of an image's output depend on nothing but the image and the parameters,
/// except in the training of networks with batch statistics.
protocol NetworkCore<S>: AnyObject {
    associatedtype S: LaneScalar
    var plan: NetworkPlan { get }
    var workspace: Workspace<S> { get }
    /// Whether all images of a step have to go through together in training.
    var hasBatchStatistics: Bool { get }

    /// Another with the same parameters and memory of its own, for another thread.
    func twin() -> Self
    /// Has to follow every change of parameters, before they are used. Twins need no more than one of them.
    func parametersChanged()
    /// Sets memory aside for so many groups at a time; not called where groups go through one by one.
    func reserve(groups: Int)
    /// Where the images of a group go.
    func input(_ group: Int) -> UnsafeMutablePointer<S>
    /// F of the images that stand in the inputs' first lanes. `noise` holds their c_noise, `labels` [images][labels].
    func forward(images: Int, noise: [Double], labels: [S]?, dropout: Dropout?, training: Bool)
    /// What the last `forward` found.
    func output(_ group: Int) -> UnsafeMutablePointer<S>
    /// Where the gradient by the output goes.
    func outputGradient(_ group: Int) -> UnsafeMutablePointer<S>
    /// Adds the gradients by the parameters, for the last `forward`.
    func backward(images: Int, augmented: Bool, dropout: Dropout?, inputGradient: Bool)
    /// What the last `backward` found where it was asked.
    func inputGradient(_ group: Int) -> UnsafeMutablePointer<S>
}
