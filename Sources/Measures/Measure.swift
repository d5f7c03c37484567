import Diffusion
import JobContract
import Quantities
import Tensors

/// The subject of a measure: a denoiser, the images that it was trained on, and others, with pixels in [−1, 1].
package struct MeasureSubject {
    package var denoiser: any Denoiser
    /// The denoiser's own training subset [N, C, H, W], without mirror images.
    package var training: Tensor<Float>
    /// Images disjoint from every training subset [M, C, H, W].
    package var heldOut: Tensor<Float>
    /// Whether training mirrored images; the exact denoisers and neighbours then include mirror images.
    package var flips: Bool
    /// Reads every image of the dataset but those held out, trained on or not [S, C, H, W].
    package var source: () throws -> Tensor<Float>
    /// The seed of the training.
    package var seed: UInt64
    /// Whether it is known on which images the denoiser was trained; otherwise `training` and `heldOut` are just images.
    package var areImagesKnown: Bool
    /// The noise levels and weights of the training's loss; nil where they are not known.
    package var loss: TrainingLoss?
    /// Whether the denoiser has a training's weights as they are, not averaged.
    package var isRaw = false
    /// The others of a comparison; none for measures of one checkpoint.
    package var others: [MeasureSubject]

    package init(
        denoiser: any Denoiser, training: Tensor<Float>, heldOut: Tensor<Float>, flips: Bool,
        source: @escaping () throws -> Tensor<Float>, seed: UInt64 = 0, areImagesKnown: Bool = true,
        loss: TrainingLoss? = nil, others: [MeasureSubject] = []
    ) {
        self.denoiser = denoiser
        self.training = training
        self.heldOut = heldOut
        self.flips = flips
        self.source = source
        self.seed = seed
        self.areImagesKnown = areImagesKnown
        self.loss = loss
        self.others = others
    }
}

/// A measure cannot be taken as asked.
package struct MeasureError: Error, CustomStringConvertible {
    package let description: String
    /// Whether the reason lies with this host, and another may be able to take the measure.
    package let isHosts: Bool
    /// Whether the network is not of the kind that has this measure: other measures of it can be taken all the same.
    package let isNetworks: Bool

    package init(_ description: String, isHosts: Bool = false, isNetworks: Bool = false) {
        self.description = description
        self.isHosts = isHosts
        self.isNetworks = isNetworks
    }
}

/// The rows of one measure and the files it leaves.
package struct MeasureResult: Sendable {
    package struct Artifact: Sendable {
        /// A plain file name.
        package var name: String
        package var mediaType: String
        package var bytes: [UInt8]
    }

    package var rows: [MeasureRow]
    package var artifacts: [Artifact]

    package init(rows: [MeasureRow], artifacts: [Artifact]) {
        self.rows = rows
        self.artifacts = artifacts
    }
}

/// Called now and then with how much is done; throws to stop the measure.
package typealias MeasureProgress = (_ done: Int, _ of: Int) throws -> Void

/// A named, versioned, parametrised computation on one checkpoint. Equal subjects and parameters give equal bits.
package protocol Measure: Sendable {
    /// The measure's name, version and quantities.
    static var entry: MeasureEntry { get }
    /// The parameters that it reads.
    static var parameters: [MeasureParameter] { get }
    /// The needs of the measure from trials, beyond those of its quantities.
    static var rules: [MeasureRule] { get }

    /// Reads parameters; those left out have their defaults. Throws MeasureError naming what is wrong.
    init(parameters: [String: JSONValue]) throws

    /// Takes the measure. Throws MeasureError when the subject does not allow it, and what `progress` throws.
    func evaluate(_ subject: MeasureSubject, progress: MeasureProgress) throws -> MeasureResult
}

extension Measure {
    package static var name: String { entry.name }
    package static var version: Int { entry.version }
    package static var rules: [MeasureRule] { [] }

    /// The default of every parameter.
    package static var defaults: [String: JSONValue] {
        Dictionary(uniqueKeysWithValues: parameters.map { ($0.name, $0.fallback) })
    }
}

/// The measures this program can take.
package enum KnownMeasures {
    package static let all: [any Measure.Type] = [
        MemorizationMeasure.self, CopiesMeasure.self, GaussianDistanceMeasure.self, LinearityMeasure.self,
        DistancesMeasure.self, DenoisingMeasure.self, LossMeasure.self, RawLossMeasure.self,
        DistillationMeasure.self, PosteriorMeasure.self, ProjectionMeasure.self, JacobianMeasure.self,
        AgreementMeasure.self, TrajectoriesMeasure.self,
        OwnTrajectoryMeasure.self, ModesMeasure.self, MutualInformationMeasure.self, SampleQualityMeasure.self,
        SamplesMeasure.self,
        SubsetInformationMeasure.self,
    ]

    /// Each measure with the default of every parameter.
    package static var requests: [MeasureRequest] {
        all.map { MeasureRequest(measure: $0.name, version: $0.version, parameters: $0.defaults) }
    }

    /// The measures that draw samples, which takes a network of all noise levels (`MeasureSubject.requireSampler`).
    package static var sampling: [String] { all.filter { $0.entry.samplesAlways }.map { $0.name } }

    /// Each measure's parameters, by its name.
    package static var parameters: [String: [MeasureParameter]] {
        Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0.parameters) })
    }

    /// What each measure needs of trials, by its name.
    package static var rules: [String: [MeasureRule]] {
        Dictionary(uniqueKeysWithValues: all.filter { !$0.rules.isEmpty }.map { ($0.name, $0.rules) })
    }

    /// The quantities of each measure, by its name.
    package static var quantities: [String: [QuantityDeclaration]] {
        Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0.entry.declarations) })
    }

    /// The measure that `request` asks for. Throws MeasureError for an unknown name, version or parameter.
    package static func measure(for request: MeasureRequest) throws -> any Measure {
        guard let type = all.first(where: { $0.name == request.measure }) else {
            let known = all.map { $0.name }.joined(separator: ", ")
            throw MeasureError("unknown measure \"\(request.measure)\"; this worker takes \(known)")
        }
        guard type.version == request.version else {
            throw MeasureError(
                "measure \(type.name) is version \(type.version) here, but the job asks for version \(request.version)")
        }
        return try type.init(parameters: request.parameters)
    }
}
