import Foundation
import JobContract
import SweepFiles
import SweepModel
import Tensors
import Testing

@testable import JobExecution
@testable import Measures

/// Whatever a measure would refuse after a training is refused before it, with the line of the file, and nothing else is.
struct MeasureRefusalTests {
    private static let worker = WorkerFacts.current.description(check: "")

    /// The complaint about a sweep with these measures and further lines; "" where it is accepted.
    private func complaint(_ measures: String, _ more: String = "grid: {dataset.size: [8]}") -> String {
        let text = """
            name: values
            dataset: {source: geometric\(more.contains("dataset.resolution") ? "" : ", resolution: 8")}
            model: {architecture: ddpmpp, scale: 4, multipliers: [1], blocks: 1, attention: [8]}
            training: {batch: 16, images: 64}
            \(more)
            measures: [\(measures)]
            """
        return Self.complaint(text, Self.worker)
    }

    private static func complaint(_ text: String, _ worker: WorkerDescription) -> String {
        do {
            let file = try SweepFile(text: text, file: "s.yaml")
            _ = try file.expand(worker: worker) { _ in
                DatasetIdentity(keys: ["dataset.generator": "geometric", "dataset.generator_version": 1], images: 1280)
            }
            return ""
        } catch { return "\(error)" }
    }

    /// A parameter of each measure with a value that it cannot have, and what is expected instead.
    @Test(arguments: [
        (
            "distances: {pairs: [[network, gaussian]]}",
            "distances.pairs: expected a text of 2 different ones of network"
        ),
        (
            "distances: {pairs: [\"network netwrok\"]}",
            "distances.pairs: expected a text of 2 different ones of network"
        ),
        ("distances: {pairs: [\"network network\"]}", "distances.pairs: expected a text of 2 different ones"),
        ("distances: {pairs: [\"network gaussian_sampled\"]}", "distances.pairs: expected a text of 2"),
        ("distances: {pairs: [\"network gaussian\", \"network gaussian\"]}", "expected no element twice"),
        ("distances: {pairs: []}", "distances.pairs: expected a list"),
        ("distances: {pairs: network gaussian}", "distances.pairs: expected a list"),
        (
            "distances: {pairs: [network local_patches], patches: [4]}",
            "distances.patches: expected an odd integer from 1"
        ),
        ("distances: {patches: [3]}", "is read only where pairs has local_patches or equivariant_patches"),
        ("distances: {inputs: 5}", "is read only where pairs has distilled"),
        ("linearity: {inputs: sound}", "linearity.inputs: expected one of images, noise, got sound"),
        ("linearity: {inputs: image}", "did you mean images?"),
        ("linearity: {pairs: 0}", "linearity.pairs: expected an integer from 1 to 1000000, got 0"),
        (
            "linearity: {mixtures: [0.5, 1]}",
            "linearity.mixtures: expected a number above 0 and below 1, got 1, element 2"
        ),
        ("linearity: {mixtures: [0.5, 0.5]}", "expected no element twice"),
        ("linearity: {sigma_data: 0}", "linearity.sigma_data: expected a number above 0"),
        ("distillation: {recipe: magic}", "distillation.recipe: expected one of closed, gradient, got magic"),
        ("distillation: {epochs: 5}", "is read only where recipe has gradient, but recipe is closed"),
        ("distillation: {recipe: gradient, inputs: 100}", "is read only where recipe has closed"),
        ("distillation: {recipe: gradient, batch: 0}", "distillation.batch: expected an integer from 1 to 65536"),
        ("distillation: {recipe: gradient, learning_rate: -1}", "distillation.learning_rate: expected a number from 0"),
        ("distillation: {images: test}", "expected one of training, held_out, source"),
        ("distillation: {vectors: 65}", "expected at most as many as there are numbers in an image"),
        ("posterior: {sigmas: [-1, 0.5]}", "posterior.sigmas: expected a number from"),
        ("posterior: {sigmas: [0.5, 0.5]}", "expected no element twice, got 0.5, element 2"),
        ("posterior: {sigmas: 0.5}", "posterior.sigmas: expected a list, none twice, each a number from"),
        ("posterior: {draws: shared}", "no such parameter"),
        ("modes: {components: 0}", "modes.components: expected an integer from 1 to 4096"),
        ("own-trajectory: {steps: 0}", "own-trajectory.steps: expected an integer from 1"),
        ("raw-loss: {weights: averaged}", "raw-loss.weights: expected raw, got averaged"),
        ("loss: {samples: 0}", "loss.samples: expected an integer from 1"),
        ("loss: {sigmas: [1]}", "no such parameter"),
        ("memorization: {sampler: ddim}", "memorization.sampler: expected one of euler, heun, got ddim"),
        ("memorization: {steps: 10001}", "memorization.steps: expected an integer from 1 to 10000"),
        ("memorization: {steps: 1.5}", "memorization.steps: expected an integer"),
        ("memorization: {samples: 2000000}", "memorization.samples: expected an integer from 1 to 1000000"),
        ("memorization: {draws: own}", "expected one of by_seed, shared"),
        ("memorization: {seed: -1}", "memorization.seed: expected an integer from 0"),
        ("jacobian: {vectors: 100000}", "jacobian.vectors: expected an integer from 1 to 10000"),
        ("jacobian: {rank: 65}", "an image has 1 × 8 × 8 = 64; got 65"),
        ("jacobian: {images: 257}", "as many as there are held-out images: dataset.held_out is 256; got 257"),
        ("jacobian: {from: training, images: 9}", "as many as there are training images: dataset.size is 8; got 9"),
        ("jacobian: {inputs: 50}", "is read only where affine has distilled"),
        ("jacobian: {origin: white}", "expected one of grey, black"),
        ("denoising: {sigmas: [a]}", "denoising.sigmas: expected a number"),
        ("projection: {sigmas: [1e9]}", "projection.sigmas: expected a number"),
        ("trajectories: {sides: [network]}", "trajectories.sides: expected a list of 2 or more"),
        ("trajectories: {sides: [network, network]}", "expected no element twice"),
        ("trajectories: {sides: [network, local_patches]}", "trajectories.sides: expected one of"),
        ("trajectories: {sides: [network, gaussian], inputs: 9}", "is read only where sides has distilled"),
        ("trajectories: {steps: 1}", "trajectories.steps: expected an integer from 2"),
        ("mutual-information: {steps: 1}", "mutual-information.steps: expected an integer from 2"),
        ("sample-quality: {samples: 1}", "sample-quality.samples: expected an integer from 2"),
        ("sample-quality: {most: 1}", "sample-quality.most: expected an integer from 2"),
        ("gaussian-distance: {samples: none}", "gaussian-distance.samples: expected an integer"),
        ("agreement: {across: model.scale}", "no axis of this sweep is model.scale"),
        ("agreement: {steps: 0}", "agreement.steps: expected an integer from 1"),
        ("subset-information: {samples: 1}", "subset-information.samples: expected an integer from 2"),
        ("subset-information: {together: 1}", "subset-information.together: expected true or false"),
    ])
    func valuesAreRefusedWithTheirLine(_ measure: String, _ expected: String) {
        let found = complaint(measure)
        #expect(found.hasPrefix("s.yaml:6: ") && found.contains(expected), "\(found)")
    }

    /// Rules that depend on the trial hold wherever a value stands: in a constant or on an axis.
    @Test(arguments: [
        ("distances", "grid: {dataset.size: [8], dataset.held_out: [0, 256]}", "needs at least 1 held-out image,"),
        ("linearity", "grid: {dataset.size: [8], dataset.held_out: [0]}", "needs at least 1 held-out image,"),
        (
            "{distillation: {images: held_out}}", "grid: {dataset.size: [8], dataset.held_out: [1]}",
            "with images held_out it"
        ),
        ("loss", "grid: {dataset.size: [8], dataset.held_out: [0]}", "needs at least 1 held-out image,"),
        ("modes", "grid: {dataset.size: [1, 8]}", "needs at least 2 training images, but dataset.size is 1"),
        ("own-trajectory", "grid: {dataset.size: [8], dataset.held_out: [0]}", "needs at least 1 held-out image,"),
        (
            "loss", "grid: {dataset.size: [8], model.weights: [\(String(repeating: "ab", count: 32))]}",
            "needs networks of which it is known how they were trained, but model.weights is abab"
        ),
        ("sample-quality", "grid: {dataset.size: [1, 8]}", "needs at least 2 training images, but dataset.size is 1"),
        ("sample-quality", "grid: {dataset.size: [8], dataset.held_out: [3]}", "needs at least 4 held-out images"),
        ("jacobian", "grid: {dataset.size: [8], dataset.held_out: [0]}", "needs at least 1 held-out image,"),
        ("{jacobian: {vectors: 100}}", "grid: {dataset.size: [8], dataset.resolution: [16, 8]}", "= 64; got 100"),
        (
            "{denoising: {sigmas: [500]}}", "grid: {dataset.size: [8], training.preconditioning: [edm, ve]}",
            "training.preconditioning is ve: 0.02 to 100"
        ),
        (
            "{denoising: {sigmas: [1, 500]}}", "grid: {dataset.size: [8], training.preconditioning: [ve]}",
            "no network of this sweep is for the noise level 500: expected 0.02 to 100"
        ),
        ("memorization", "grid: {dataset.size: [8], training.noise: [lognormal, fixed]}", "draws samples"),
        ("agreement", "grid: {dataset.size: [8], seed: [0]}", "no two of this sweep do"),
        (
            "{agreement: {across: [dataset.resolution, seed]}}",
            "grid: {dataset.size: [8], seed: [0, 1], dataset.resolution: [8, 16]}", "images of one shape"
        ),
        (
            "{subset-information: {across: [dataset.part, seed]}}",
            "grid: {dataset.size: [8], dataset.part: [0/2, 1/2], seed: [0, 1]}", "are of the same"
        ),
        (
            "{subset-information: {across: seed}}", "grid: {dataset.size: [8], seed: [0, 1]}", "zero by construction"
        ),
    ])
    func whatTrialsLackIsRefused(_ measure: String, _ grid: String, _ expected: String) {
        let found = complaint(measure, grid)
        let isAtMeasure = found.hasPrefix("s.yaml:6: ")
        #expect(isAtMeasure && found.contains(expected), "\(found)")
    }

    @Test(arguments: [
        ("memorization, distances, linearity, denoising, distillation, posterior, projection, jacobian", ""),
        (
            "trajectories, mutual-information, sample-quality, gaussian-distance, copies, loss, raw-loss, modes, own-trajectory",
            ""
        ),
        (
            "{linearity: {inputs: noise}}, {jacobian: {from: training}}, posterior",
            "grid: {dataset.size: [8], dataset.held_out: [0]}"
        ),
        ("{denoising: {sigmas: [500, 1]}}", "grid: {dataset.size: [8], training.preconditioning: [edm, ve]}"),
        ("{denoising: {sigmas: [500]}}", "grid: {dataset.size: [8], training.noise: [fixed]}"),
        (
            "denoising, {distances: {pairs: [network distilled], inputs: 9}}",
            "grid: {dataset.size: [8], training.preconditioning: [ve, vp]}"
        ),
        ("agreement, subset-information", "grid: {dataset.size: [8], dataset.part: [0/2, 1/2], seed: [0, 1]}"),
        ("{jacobian: {rank: 64, vectors: 64, images: 256}}", ""),
    ])
    func whatCanBeMeasuredIsAccepted(_ measures: String, _ grid: String) {
        let list = measures
        let found = grid.isEmpty ? complaint(list) : complaint(list, grid)
        #expect(found.isEmpty, "\(found)")
    }

    /// Workers and sweeps agree on how many images a measure takes: neither refuses what the other admits.
    @Test(arguments: KnownMeasures.requests.filter { !$0.isComparison }.map(\.measure))
    func countsAreRefusedByBothOrNeither(_ name: String) throws {
        let type = try #require(KnownMeasures.all.first { $0.name == name })
        let small: [String: JSONValue] = [
            "samples": 4, "inputs": 8, "pairs": 2, "steps": 2, "sigmas": [0.5, 1.5], "vectors": 2,
        ]
        let choices: [String: [JSONValue]] = [
            "images": ["training", "held_out", "source"], "inputs": ["images", "noise"],
            "from": ["held_out", "training"],
        ]
        var asked: [[String: JSONValue]] = [[:]]
        for parameter in type.parameters where parameter.declaration.choices != nil {
            guard let values = choices[parameter.name] else { continue }
            asked = asked.flatMap { one in values.map { one.merging([parameter.name: $0]) { $1 } } }
        }
        for given in asked {
            var parameters = given
            for (key, value) in small where parameters[key] == nil && type.defaults[key] != nil {
                let declaration = type.parameters.first { $0.name == key }?.declaration
                let isRead = declaration?.when?.holds(of: type.defaults) ?? true
                if isRead, declaration?.fault(value) == nil { parameters[key] = value }
            }
            let words = "{\(name): \(JSONValue.object(parameters).flowYAML)}"
            for (training, heldOut) in [(1, 0), (1, 1), (1, 4), (2, 0), (2, 2), (2, 3), (2, 4), (5, 1), (5, 9)] {
                let fault = complaint(words, "grid: {dataset.size: [\(training)], dataset.held_out: [\(heldOut)]}")
                let images = Self.images(training, seed: 1)
                var subject = MeasureSubject(
                    denoiser: MultiDeltaDenoiser(images: images, flips: false), training: images,
                    heldOut: Self.images(heldOut, seed: 2), flips: false, source: { images },
                    loss: TrainingLoss(noise: .lognormal(), preconditioning: .edm()))
                subject.isRaw = true
                let measure = try type.init(parameters: parameters)
                let isTaken = (try? measure.evaluate(subject) { _, _ in }) != nil
                #expect(isTaken == fault.isEmpty, "\(words) of \(training) and \(heldOut): \(fault)")
            }
        }
    }

    private static func images(_ count: Int, seed: UInt64) -> Tensor<Float> {
        let normals = CounterRandom(seed: seed, purpose: .generator).normals(from: 0, count: count * 64)
        return Tensor(shape: [count, 1, 8, 8], values: normals.map { Float(0.5 * $0) })
    }

    /// Another worker's measures are refused by what it declares of them; a worker that declares nothing goes on as before.
    @Test func otherWorkersDeclareTheirOwn() throws {
        let request = MeasureRequest(measure: "mine", version: 1, parameters: ["count": 4, "how": "plain"])
        var worker = Self.worker
        worker.measures = [request]
        (worker.parameters, worker.rules, worker.levels, worker.quantities, worker.sampling) = (nil, nil, nil, nil, nil)
        func complaint(_ words: String) -> String {
            let text =
                "name: a\ndataset: {source: geometric, size: 8, held_out: 2}\ntraining.steps: 1\nmeasures:\n  - mine:\n      \(words)"
            return Self.complaint(text, worker)
        }
        #expect(complaint("how: fancy") == "" && complaint("count: 99") == "")
        let described = """
            {"parameters": {"mine": [{"name": "count", "kind": "integer", "least": 2, "step": 2},
                                     {"name": "how", "kind": "text", "choices": ["plain", "odd"]}]},
             "rules": {"mine": [{"fact": "held_out", "parameter": "count"}]}}
            """
        struct Part: Decodable {
            var parameters: [String: [ParameterDeclaration]]
            var rules: [String: [MeasureRule]]
        }
        let part = try JSONDecoder().decode(Part.self, from: Data(described.utf8))
        (worker.parameters, worker.rules) = (part.parameters, part.rules)
        #expect(complaint("how: fancy").contains("s.yaml:6: mine.how: expected one of plain, odd, got fancy"))
        #expect(complaint("count: 3").contains("s.yaml:6: mine.count: expected an even integer of at least 2, got 3"))
        #expect(complaint("count: 4").contains("s.yaml:6: mine.count: expected at most as many as there are held-out"))
        #expect(complaint("count: 2") == "" && complaint("how: odd") == "", "defaults are the worker's own business")
    }

    @Test func defaultsAreOfTheirOwnKind() {
        for type in KnownMeasures.all {
            for parameter in type.parameters {
                #expect(parameter.declaration.fault(parameter.fallback) == nil, "\(type.name).\(parameter.name)")
                #expect(parameter.declaration.meaning?.isEmpty == false)
            }
        }
    }
}
