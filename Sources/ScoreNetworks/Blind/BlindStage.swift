/// A convolution of a blind network, what it reads and what follows it. Its output is kept as it leaves the convolution;
/// the rest is made from outputs wherever it is read, forward and backward.
struct BlindStage {
    /// Where the input comes from; stages go by their numbers.
    enum Source {
        case image
        case stage(Int)
        /// Means over 2×2 pixels of a stage.
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

    /// What an output goes through before others read it.
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
    /// Those of the source and of the convolution, in the flat vector.
    var parameters: Range<Int>
    /// Where the output lies in a group's memory.
    var output = 0
    /// Where the gradient by the active output lies, and then that by the output.
    var gradient = 0

    var vectors: Int { convolution.outputs * side * side }
}
