/// A convolution of a blind network, with its source and its activation. Only the convolution's output is kept. Sources and
/// activations are computed from outputs again wherever they are read, forward and backward.
struct BlindStage {
    /// Where the input comes from. Stages are given by number.
    enum Source {
        case image
        case stage(Int)
        /// The means over 2×2 pixels of a stage's active output.
        case pooled(Int)
        /// The upsampled channels of stage `below` first, those of the encoder's stage `skip` after them.
        case joined(below: Int, TransposedConvolution, skip: Int)

        var stages: [Int] {
            switch self {
            case .image: []
            case .stage(let number), .pooled(let number): [number]
            case .joined(let below, _, let skip): [below, skip]
            }
        }
    }

    /// The function of the output that other stages read.
    enum Activation {
        case none
        case relu
        /// The bias-free normalisation and its ReLU.
        case scaling(BatchScaling)
    }

    var source: Source
    var convolution: Convolution
    /// Height and width of the output.
    var side: Int
    var activation = Activation.none
    /// The places of the source's and the convolution's parameters in the flat vector.
    var parameters: Range<Int>
    /// Where the output lies in a group's memory.
    var output = 0
    /// Where the gradient by the active output lies, which the gradient by the output then replaces.
    var gradient = 0

    var vectors: Int { convolution.outputs * side * side }
}
