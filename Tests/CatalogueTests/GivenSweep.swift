import Foundation
import JobContract
import SweepModel

@testable import ResultCatalogue

/// A sweep over any keys in a catalogue of its own, whose measures have the values that the caller gives for each spec.
/// What reads numbers can then be tried on numbers whose right answer is known.
struct GivenSweep {
    let scratch: Scratch
    let name = "given"
    var reader: CatalogueReader { get throws { try CatalogueReader(path: scratch.catalogue) } }

    typealias Spec = [String: JSONValue]

    /// A measure of single trials, or, with keys, of each two trials that differ in these keys and in no other axis.
    struct Given {
        var request: MeasureRequest
        var across: [String]?
        var rows: ([Spec]) -> [MeasureRow]

        static func of(
            _ measure: String, version: Int = 1, _ rows: @escaping (Spec) -> [MeasureRow]
        ) -> Given {
            Given(request: MeasureRequest(measure: measure, version: version, parameters: [:]), across: nil) {
                rows($0[0])
            }
        }

        static func across(
            _ measure: String, _ keys: String..., rows: @escaping ([Spec]) -> [MeasureRow]
        ) -> Given {
            Given(
                request: MeasureRequest(
                    measure: measure, version: 1,
                    parameters: ["with": [], "keys": .string(keys.joined(separator: " "))]),
                across: keys, rows: rows)
        }
    }

    static let half: JSONValue = ["index": 0, "of": 2]
    static let otherHalf: JSONValue = ["index": 1, "of": 2]

    /// Axes beyond those of the fixture's spec replace its values; `training.steps` is the length, 256 where it is no axis.
    /// `losses` are those of the training.
    init(
        _ axes: [(key: String, values: [JSONValue])], _ measures: [Given], losses: (Spec) -> [LossPoint] = { _ in [] }
    ) throws {
        scratch = try Scratch()
        var points: [Spec] = [[:]]
        for axis in axes {
            points = points.flatMap { point in axis.values.map { point.merging([axis.key: $0]) { $1 } } }
        }
        var trials = [Trial]()
        var trainings = [TrainingID: Training]()
        var datasets = [TrainingID: DatasetRequest]()
        var specs = [TrialID: Spec]()
        for point in points {
            var spec = Fixture.training(size: 16, scale: 4).spec
            for (key, value) in point where key != "training.steps" { spec[key] = value }
            let id = TrainingID(Fixture.digest(try CanonicalJSON.text(.object(spec))))
            trainings[id] = Training(id: id, spec: spec)
            datasets[id] = DatasetRequest(source: "geometric", resolution: 16, channels: 1, parameters: [:])
            let steps = point["training.steps"]?.integerValue ?? 256
            var asked = point
            if asked["training.steps"] == nil { asked["training.steps"] = .integer(Int64(steps)) }
            let trial = Trial(
                id: TrialID(Fixture.digest("\(id.hex) \(steps)")), training: id, steps: steps, position: trials.count,
                asked: asked)
            trials.append(trial)
            specs[trial.id] = spec.merging(["training.steps": .integer(Int64(steps))]) { $1 }
        }
        var sweep = Fixture.sweep(name: name, measures: measures.filter { $0.across == nil }.map(\.request))
        (sweep.trials, sweep.trainings, sweep.datasets) = (trials, trainings, datasets)
        let pairs = measures.enumerated().flatMap { number, given in
            given.across.map { Self.pairs(trials, across: $0).map { (number, $0) } } ?? []
        }
        sweep.comparisons = pairs.map { number, pair in
            Comparison(trial: pair[0], request: measures[number].request.comparing(with: pair.dropFirst()))
        }
        let catalogue = try Catalogue(path: scratch.catalogue)
        try catalogue.store(sweep)
        for (index, trial) in trials.enumerated() {
            let number = AttemptNumber(index + 1)
            let spec = specs[trial.id] ?? [:]
            var checkpoint = Fixture.checkpoint(trial)
            checkpoint.losses = losses(spec)
            checkpoint.parameters =
                100 * (spec["model.scale"]?.integerValue ?? 1) * (spec["model.scale"]?.integerValue ?? 1)
            try catalogue.commit(
                [
                    .attemptIntended(Fixture.attempt(index + 1, [trial])),
                    .milestone(trial.training, trial.id, number, checkpoint),
                ]
                    + measures.filter { $0.across == nil }.map { given in
                        .measured(number, Self.measured(trial.id, given.request, given.rows([spec])))
                    } + [.attemptEnded(number, .succeeded)])
        }
        for (index, (measure, pair)) in pairs.enumerated() {
            guard let trial = trials.first(where: { $0.id == pair[0] }) else { continue }
            let number = AttemptNumber(trials.count + index + 1)
            try catalogue.commit([
                .attemptIntended(Fixture.attempt(number.value, [trial], kind: .compare)),
                .measured(
                    number,
                    Self.measured(
                        pair[0], sweep.comparisons[index].request, measures[measure].rows(pair.compactMap { specs[$0] })
                    )),
                .attemptEnded(number, .succeeded),
            ])
        }
    }

    private static func measured(_ trial: TrialID, _ request: MeasureRequest, _ rows: [MeasureRow])
        -> WorkerEvent.Measured
    {
        WorkerEvent.Measured(
            trial: trial, request: request, checkpoint: Fixture.digest("weights \(trial.hex)"), rows: rows,
            artifacts: [],
            seconds: 1)
    }

    private static func pairs(_ trials: [Trial], across keys: [String]) -> [[TrialID]] {
        trials.indices.flatMap { first in
            trials[(first + 1)...].filter { other in
                trials[first].asked.allSatisfy { keys.contains($0.key) || other.asked[$0.key] == $0.value }
            }.map { [trials[first].id, $0.id].sorted() }
        }
    }
}

extension [String: JSONValue] {
    func integer(_ key: String) -> Int { self[key]?.integerValue ?? 0 }

    /// The part of the dataset, from 0.
    var part: Int { self["dataset.part"]?.objectValue?["index"]?.integerValue ?? 0 }
}
