import JobContract
import SweepModel

/// Expands one block: each thing a point depends on is computed once for each place of the smallest space that
/// determines it, so that a million points cost little more than their digests.
struct BlockExpander {
    let resolver: BlockResolver
    let content: SweepContent
    let worker: WorkerDescription
    /// The rules by which measures need something of trials.
    let rules: MeasureRules

    private static let datasetKeys =
        SpecKey.all.filter { $0.role == .dataset }.map(\.name) + [
            "dataset.resolution", "dataset.channels", "dataset.order",
        ]
    private static let networkKeys =
        ["dataset.resolution", "model.architecture"] + Architecture.keys(of: "model").map(\.declaration.key)
    private static let lengthKeys = SpecKey.lengthKeys + ["training.batch", "dataset.size"]

    private var block: GridBlock { resolver.block }

    /// The key that says which worker trains a network, where there are several.
    private var trainer: [String] { content.keys.others.isEmpty ? [] : ["model.architecture"] }

    func expand(into collector: inout TrialCollector, datasets: inout DatasetDirectory) throws {
        let all = try resolver.space(Array(block.dimensions.indices))
        let points = try keptPoints(of: all)
        collector.excluded += all.count - points.count
        guard !points.isEmpty else { return }

        let lengthOnly = Set(SpecKey.lengthKeys)
        let training = try resolver.space(
            block.dimensions.indices.filter { index in
                !block.dimensions[index].axes.allSatisfy { lengthOnly.contains($0.key.name) }
            })
        let trainingFinder = PlaceFinder(from: all, to: training)
        let trainingPlaces = Self.used(points, by: trainingFinder, count: training.count)

        try check(Self.networkKeys, at: trainingPlaces, of: training) { values in
            if content.keys.isOthers(values) { collector.hasOthers = true }
            return try checkNetwork(values)
        }
        try check(SpecKey.choosers, at: trainingPlaces, of: training) { checkReaders($0) }
        try check(TrainingRules.keys, at: trainingPlaces, of: training) { values in
            TrainingRules.fault(values) { content.settings[$0] != nil || block.axis($0) != nil }
        }
        try check(content.keys.ignored.map(\.name) + trainer, at: trainingPlaces, of: training) {
            content.keys.fault($0)
        }
        let imageKeys = ["dataset.source", "dataset.resolution", "dataset.channels"]
        try check(imageKeys + trainer, at: trainingPlaces, of: training) {
            resolver.shapeFault($0) ?? content.keys.imageFault($0)
        }
        try check(rules.keys, at: trainingPlaces, of: training) { values in
            if let levels = try rules.check(values) { collector.levels.insert(levels) }
            return nil
        }
        try check(SplitRules.keys, at: trainingPlaces, of: training) { values in
            try checkMeasures(values)
            return SplitRules.fault(values) { content.settings[$0] != nil || block.axis($0) != nil }
        }
        let requests = try datasetChoices(at: trainingPlaces, of: training, datasets: &datasets)
        let steps = try stepCounts(at: points, of: all)

        let spec = try specTable(of: training, datasets: requests)
        let trainingIDs = try spec.identifiers(at: trainingPlaces, count: training.count)
        let trialIDs = TrialIdentifiers.compute(
            points, trainings: trainingIDs, trainingOf: trainingFinder, steps: steps.values, stepsOf: steps.finder)

        let requestPlaces = PlaceFinder(from: training, to: requests.space).places(trainingPlaces[...])
        let trainingOf = trainingFinder.places(points[...])
        let stepsOf = steps.finder.places(points[...])
        let asked = PointTable(
            constants: [:],
            columns: block.dimensions.indices.map { dimension in
                PointTable.Column(
                    digits: all.digits(to: PointSpace(one: dimension, of: block)),
                    choices: resolver.asked(of: dimension))
            })
        collector.add(
            trainings: {
                $0.reserveCapacity($0.count + trainingPlaces.count)
                for place in trainingPlaces {
                    let id = trainingIDs[place]
                    $0[id] = Training(id: id, spec: .place(spec.table, place))
                }
            },
            datasets: {
                $0.reserveCapacity($0.count + trainingPlaces.count)
                for (place, request) in zip(trainingPlaces, requestPlaces) {
                    $0[trainingIDs[place]] = requests.requests[request]
                }
            },
            trials: {
                $0.reserve(points.count)
                for (index, point) in points.enumerated() {
                    $0.add(
                        trialIDs[index], training: trainingIDs[trainingOf[index]], steps: steps.values[stepsOf[index]],
                        asked: .place(asked, point))
                }
            })
    }

    /// The places of a smaller space that some point falls on, ascending.
    private static func used(_ points: [Int], by finder: PlaceFinder, count: Int) -> [Int] {
        var marks = [Bool](repeating: false, count: count)
        for place in finder.places(points[...]) { marks[place] = true }
        return marks.indices.filter { marks[$0] }
    }

    private func keptPoints(of all: PointSpace) throws -> [Int] {
        var kept = Array(0..<all.count)
        for exclusion in block.exclusions {
            let space = try resolver.space(of: exclusion.condition.keys)
            let resolver = resolver.only(exclusion.condition.keys)
            let verdicts = (0..<space.count).map { exclusion.condition.holds(for: resolver.asked(at: $0, of: space)) }
            let places = PlaceFinder(from: all, to: space).places(kept[...])
            kept = zip(kept, places).filter { !verdicts[$1] }.map(\.0)
        }
        return kept
    }

    /// Runs a check once for each combination of `keys` in use; its complaint is placed at the key that is to blame.
    private func check(
        _ keys: [String], at places: [Int], of space: PointSpace,
        _ fault: ([String: JSONValue]) throws -> (key: String, message: String)?
    ) throws {
        let smaller = try resolver.space(of: keys)
        let resolver = resolver.only(keys)
        let finder = PlaceFinder(from: space, to: smaller)
        for place in Self.used(places, by: finder, count: smaller.count) {
            if let fault = try fault(resolver.values(at: place, of: smaller)) {
                throw SweepFileError(fault.message, key: fault.key, at: content.origin(of: fault.key, in: block))
            }
        }
    }

    /// Refuses keys that are given and that the chosen source, architecture, noise or objective does not read.
    private func checkReaders(_ values: [String: JSONValue]) -> (key: String, message: String)? {
        for key in content.keys.all where content.settings[key.name] != nil || block.axis(key.name) != nil {
            if let other = key.reader.stranger(values) {
                return (key.name, "is read by \(key.reader) only, not by \(other)")
            }
        }
        return nil
    }

    private func checkNetwork(_ values: [String: JSONValue]) throws -> (key: String, message: String)? {
        let architecture = values["model.architecture"]?.stringValue ?? ""
        if let fault = content.architectureFault(architecture, worker) { return ("model.architecture", fault) }
        return Architecture.named(architecture)?.fault(values)
    }

    /// The steps of the points, by place of the smallest space that determines them.
    private func stepCounts(at points: [Int], of all: PointSpace) throws -> (values: [Int], finder: PlaceFinder) {
        let space = try resolver.space(of: Self.lengthKeys)
        let resolver = resolver.only(Self.lengthKeys)
        let finder = PlaceFinder(from: all, to: space)
        var steps = [Int](repeating: 0, count: space.count)
        for place in Self.used(points, by: finder, count: space.count) {
            guard let count = TrainingLength.steps(resolver.values(at: place, of: space)) else {
                let key = SpecKey.lengthKeys.first { block.axis($0) != nil || content.settings[$0] != nil }
                throw SweepFileError(
                    "the training is longer than \(TrainingLength.mostImages) images: expected fewer", key: key,
                    at: content.origin(of: key ?? "training.steps", in: block))
            }
            steps[place] = count
        }
        return (steps, finder)
    }

    /// The datasets in use, with the keys that stand for them in specs. Throws where a subset is larger than its dataset.
    private func datasetChoices(
        at places: [Int], of training: PointSpace, datasets: inout DatasetDirectory
    ) throws -> DatasetChoices {
        let datasetKeys = Self.datasetKeys + trainer
        let space = try resolver.space(of: datasetKeys)
        let finder = PlaceFinder(from: training, to: space)
        var choices = DatasetChoices(space: space)
        for place in Self.used(places, by: finder, count: space.count) {
            let request = request(resolver.values(at: place, of: space))
            do {
                choices.set(place, request, try datasets.identity(of: request))
            } catch let error as any DatasetProblem {
                throw SweepFileError(error.problem, key: error.key, at: content.origin(of: error.key, in: block))
            }
        }
        let sizeKeys = datasetKeys + ["dataset.size", "dataset.part", "dataset.held_out"]
        let sizes = try resolver.space(of: sizeKeys)
        let toChoice = PlaceFinder(from: sizes, to: space)
        let toSize = PlaceFinder(from: training, to: sizes)
        let resolver = resolver.only(sizeKeys)
        for place in Self.used(places, by: toSize, count: sizes.count) {
            guard let identity = choices.identities[toChoice.place(place)] else { continue }
            if let fault = Self.sizeFault(resolver.values(at: place, of: sizes), identity) {
                throw SweepFileError(fault.message, key: fault.key, at: content.origin(of: fault.key, in: block))
            }
        }
        return choices
    }

    private func request(_ values: [String: JSONValue]) -> DatasetRequest {
        var request = DatasetRequest(
            source: values["dataset.source"]?.stringValue ?? "",
            resolution: values["dataset.resolution"]?.integerValue ?? 0,
            channels: values["dataset.channels"]?.integerValue ?? 0)
        if let generator = ImageGenerator.all.first(where: { $0.name == request.source }) {
            for parameter in generator.parameters { request.parameters[parameter.name] = values[parameter.key] }
        } else if request.samples == nil {
            for name in DatasetRequest.fileParameters {
                let value = values["dataset.\(name)"]
                if value != SpecKey.named("dataset.\(name)")?.fallback { request.parameters[name] = value }
            }
        }
        if content.keys.images?.float == true, !content.keys.isOthers(values), DatasetRequest.isTensor(request.source) {
            request.parameters[DatasetRequest.floatParameter] = true
        }
        if values["dataset.order"] == "source" { request.parameters["order"] = "source" }
        return request
    }

    /// Where nobody says which images a network was trained on, refuses measures that speak of these images alone.
    private func checkMeasures(_ values: [String: JSONValue]) throws {
        guard values["dataset.split"] == "unknown" else { return }
        let refused = content.measures.filter { worker.speaksOfTraining($0.name) }
        guard let first = refused.first else { return }
        let possible = worker.measures.map(\.measure).filter { !worker.speaksOfTraining($0) }
        let names = refused.map(\.name).joined(separator: ", ")
        throw SweepFileError(
            "\(refused.count == 1 ? "\(names) speaks" : "\(names) speak") of the images that a network was trained on, "
                + "and of a network here nobody says which they are (dataset.split is unknown): expected --training IMAGES "
                + "--held-out IMAGES or --training-index FILE when it is adopted, or measures that need no such images"
                + (possible.isEmpty ? "" : " (\(possible.joined(separator: ", ")))"),
            key: "measures.\(first.name)", at: first.origin)
    }

    /// Held-out images and every part of the asked size must be disjoint.
    private static func sizeFault(
        _ values: [String: JSONValue], _ identity: DatasetIdentity
    ) -> (key: String, message: String)? {
        let images = identity.images
        let size = values["dataset.size"]?.integerValue ?? 0
        let heldOut = values["dataset.held_out"]?.integerValue ?? 0
        let parts = values["dataset.part"]?.objectValue?["of"]?.integerValue ?? 1
        let room = (identity.pool ?? max(0, images - heldOut)) / parts
        let each = parts > 1 ? " in each of \(parts) parts" : ""
        if let pool = identity.pool {
            if heldOut > images - pool {
                return (
                    "dataset.held_out",
                    "\(heldOut) images are to be held out, but only \(images - pool) are given that are not for "
                        + "training: expected at most as many"
                )
            }
            guard size > room else { return nil }
            return (
                "dataset.size",
                "\(size) images are asked for, but \(pool) are given for training: expected at most "
                    + "\(room)\(each)"
            )
        }
        guard size > room else { return nil }
        return (
            "dataset.size",
            "\(size) images are asked for, but the dataset has \(images), of which \(heldOut) are held out: "
                + "expected at most \(room)\(each)"
        )
    }

    private func specTable(of training: PointSpace, datasets: DatasetChoices) throws -> TrainingSpecs {
        let workers = try resolver.space(of: trainer)
        let names = (0..<workers.count).map { place -> [String: JSONValue] in
            let isOthers = content.keys.isOthers(resolver.values(at: place, of: workers))
            let named = content.keys.other.flatMap { isOthers ? $0 : nil } ?? worker
            return ["worker.name": .string(named.name), "worker.numerics": .integer(Int64(named.numerics))]
        }
        let isOne = Set(names).count == 1
        var constants = resolver.constantSpec
        if isOne { constants.merge(names[0]) { $1 } }
        var columns = training.dimensions.map { dimension in
            PointTable.Column(
                digits: training.digits(to: PointSpace(one: dimension, of: block)),
                choices: resolver.specs(of: dimension))
        }
        let defaults = try resolver.defaults()
        columns.append(PointTable.Column(digits: training.digits(to: datasets.space), choices: datasets.specs))
        // Most sweeps vary nothing that defaults depend on; every column costs each training its place in it.
        if defaults.specs.contains(where: { !$0.isEmpty }) {
            columns.append(PointTable.Column(digits: training.digits(to: defaults.space), choices: defaults.specs))
        }
        if !isOne { columns.append(PointTable.Column(digits: training.digits(to: workers), choices: names)) }
        return TrainingSpecs(constants: constants, columns: columns)
    }
}

extension PointSpace {
    /// The space of one dimension.
    init(one dimension: Int, of block: GridBlock) {
        dimensions = [dimension]
        counts = [block.dimensions[dimension].count]
        count = counts[0]
    }
}

/// The datasets of a block by place of the space that determines them.
struct DatasetChoices {
    let space: PointSpace
    private(set) var requests: [DatasetRequest?]
    private(set) var identities: [DatasetIdentity?]

    init(space: PointSpace) {
        self.space = space
        requests = Array(repeating: nil, count: space.count)
        identities = Array(repeating: nil, count: space.count)
    }

    mutating func set(_ place: Int, _ request: DatasetRequest, _ identity: DatasetIdentity) {
        requests[place] = request
        identities[place] = identity
    }

    /// The keys that stand for each dataset in a spec: those of its identity, and the request's own parameters but for
    /// paths.
    var specs: [[String: JSONValue]] {
        zip(requests, identities).map { request, identity in
            guard let request, let identity else { return [:] }
            var keys = identity.keys.mapValues(\.canonical)
            for (name, value) in request.parameters where !DatasetRequest.unnamedParameters.contains(name) {
                keys["dataset.\(name)"] = value.canonical
            }
            return keys
        }
    }
}
