import Diffusion
import JobContract
import Tensors

/// The denoisers that a measure compares; only those that are asked for are built.
struct ComparedDenoisers {
    enum Side: String, CaseIterable {
        case network
        case distilled
        case gaussian
        /// The same denoiser as `gaussian`, but sampled as networks are.
        case gaussian_sampled
        case source_gaussian
        case stationary
        case wavelet
        case multi_delta
        case local_patches
        case equivariant_patches

        /// The sides that differ as functions.
        static let functions = allCases.filter { $0 != .gaussian_sampled }
        /// The sides that see a window only.
        static let patches: [Side] = [.local_patches, .equivariant_patches]
    }

    private let subject: MeasureSubject
    private let wanted: Set<Side>
    private let fitting: Fitting
    private let training: Tensor<Float>
    private var ofAllLevels: [Side: any Denoiser] = [:]
    private let gaussian: GaussianDenoiser?

    init(_ subject: MeasureSubject, _ wanted: Set<Side>, _ fitting: Fitting, beat: () throws -> Void) throws {
        self.subject = subject
        self.wanted = wanted
        self.fitting = fitting
        let (images, flips) = (subject.training, subject.flips)
        training = flips ? images.withFlips : images
        gaussian =
            !wanted.isDisjoint(with: [.gaussian, .gaussian_sampled, .distilled])
            ? try gaussianDenoiser(of: images, flips: flips, beat: beat) : nil
        for side in wanted {
            switch side {
            case .network: ofAllLevels[side] = subject.denoiser
            case .gaussian, .gaussian_sampled: ofAllLevels[side] = gaussian
            case .source_gaussian:
                ofAllLevels[side] = try gaussianDenoiser(of: subject.source(), flips: flips, beat: beat)
            case .stationary:
                ofAllLevels[side] = try explainingEigendecomposition {
                    try GaussianDenoiser(stationary: images, flips: flips, beat: beat)
                }
            case .wavelet: ofAllLevels[side] = WaveletDenoiser(images: images, flips: flips)
            case .multi_delta: ofAllLevels[side] = MultiDeltaDenoiser(images: images, flips: flips)
            case .distilled, .local_patches, .equivariant_patches: break
            }
        }
    }

    /// All of them at one level, and rows about their fits: `patch_SIDE`, the size of patches whose optimum is nearest to
    /// the network's results there.
    func at(
        _ sigma: Double, beat: () throws -> Void
    ) throws -> (denoisers: [Side: any Denoiser], rows: [MeasureRow]) {
        var (denoisers, rows) = (ofAllLevels, [MeasureRow]())
        if let gaussian, wanted.contains(.distilled) {
            denoisers[.distilled] = try Distilled.fit(
                to: subject.denoiser, gaussian,
                on: NoisedImages(
                    images: training, seed: fitting.draws.key(of: subject), first: NoisedImages.Use.fitting),
                inputs: Distilled.inputs(fitting.inputs, images: training.shape[0], pixels: training.stride),
                sigma: sigma
            ) { _ in try beat() }
        }
        for side in [Side.local_patches, .equivariant_patches] where wanted.contains(side) {
            let (denoiser, size) = try fitting.patches(of: subject, side == .equivariant_patches, sigma, beat: beat)
            denoisers[side] = denoiser
            rows.append(MeasureRow(quantity: "patch_\(side.rawValue)", sigma: sigma, value: Double(size)))
        }
        return (denoisers, rows)
    }
}

extension ComparedDenoisers {
    /// How those sides are made that are fitted to the network at each level.
    struct Fitting {
        /// The least number of noised images of a distillation.
        private(set) var inputs = 20_000
        /// The sizes that patches may have.
        private(set) var patches: [Int] = []
        /// The most training images, from the first, that patches are taken of.
        private(set) var patchImages = 1
        let draws: Draws
        /// The number of noised images by which a size of patches is chosen.
        private static let calibrationImages = 8

        init(inputs: Int, draws: Draws) {
            self.inputs = inputs
            self.draws = draws
        }

        /// Throws MeasureError naming what is wrong.
        init(_ reader: ParameterReader) throws {
            inputs = try reader.integer("inputs")
            patches = try reader.numbers("patches").map { Int($0) }
            patchImages = try reader.integer("patch_images")
            draws = try Draws(reader)
        }

        func patches(
            of subject: MeasureSubject, _ isEquivariant: Bool, _ sigma: Double, beat: () throws -> Void
        ) throws -> (LocalPatchDenoiser, size: Int) {
            let images = subject.training.entries(0..<min(patchImages, subject.training.shape[0]))
            // The choice has noise of its own, not that of the distances.
            let x = NoisedImages(
                images: subject.heldOut, seed: draws.key(of: subject), first: NoisedImages.Use.choosing
            ).block(0..<Self.calibrationImages, sigma: sigma)
            let wanted = try subject.denoiser.denoise(x, at: sigma, beat: beat)
            let candidates = try patches.map { size in
                let denoiser = LocalPatchDenoiser(
                    images: images, flips: subject.flips, patch: size, isEquivariant: isEquivariant)
                guard patches.count > 1 else { return (denoiser, size, error: 0.0) }
                let found = try denoiser.denoise(x, at: sigma, beat: beat)
                let error = zip(found.values, wanted.values).reduce(0.0) { sum, pair in
                    let difference = Double(pair.0) - Double(pair.1)
                    return sum + difference * difference
                }
                return (denoiser, size, error: error)
            }
            guard let best = candidates.min(by: { $0.error < $1.error }) else {
                throw MeasureError("no size of patches is given")
            }
            return (best.0, best.1)
        }
    }
}
