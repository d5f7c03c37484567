import JobContract
import ResultCatalogue
import SweepModel

/// Roughly how long the measures that are left to do will take, and what files they leave: as earlier ones of the same kind
/// did; else as they did of other networks, by how often they ask these; else by that alone.
struct MeasureForecast {
    /// A measure of networks of one kind, how many times it is to be taken, and one training of that kind.
    private struct Wanted {
        var request: MeasureRequest
        var training: Training
        var times = 0.0
    }

    private var wanted: [Key: Wanted] = [:]
    private let known: [MeasureCost]

    private struct Key: Hashable {
        let request: MeasureRequest
        let size: [JSONValue?]
    }

    private static let size = ["model.architecture", "model.scale", "dataset.resolution", "dataset.channels"]

    /// Where there are many jobs a sample of them stands for all.
    init(graph: JobGraph, reader: CatalogueReader?) throws {
        known = try reader?.measureCosts() ?? []
        let measuring = graph.jobs.indices.filter { !graph.jobs[$0].work.measures.isEmpty }
        let places = Array(stride(from: 0, to: measuring.count, by: max(1, measuring.count / 1000)))
        for place in places {
            let job = graph.jobs[measuring[place]]
            guard let training = graph.trainings[job.training] else { continue }
            add(job.work.measures, of: training, times: Double(measuring.count) / Double(places.count))
        }
    }

    /// Of a sweep of which so many trials are left. In a large one a sample of the trials stands for all.
    init(_ sweep: ExpandedSweep, ofTrials missing: Int, in reader: CatalogueReader?) throws {
        known = try reader?.measureCosts() ?? []
        guard missing > 0, !sweep.trials.isEmpty else { return }
        let places = Array(stride(from: 0, to: sweep.trials.count, by: max(1, sweep.trials.count / 1000)))
        for place in places {
            guard let training = sweep.trainings[sweep.trials[place].training] else { continue }
            add(sweep.measures, of: training, times: Double(missing) / Double(places.count))
        }
    }

    private mutating func add(_ requests: [MeasureRequest], of training: Training, times: Double) {
        let size = Self.size.map { training[$0] }
        for request in requests {
            let key = Key(request: request, size: size)
            wanted[key, default: Wanted(request: request, training: training)].times += times
        }
    }

    /// Bytes of the files that the measures leave.
    var bytes: Double {
        wanted.values.reduce(0) { sum, wish in
            let seen = known.filter { $0.measure == wish.request.measure }
            let same = seen.filter { $0.resolution == wish.training["dataset.resolution"]?.integerValue }
            let each: Double
            if let exact = same.first(where: { $0.parameters == wish.request.parameters }) {
                each = exact.bytes
            } else {
                each = Self.files(wish.request.measure, wish.request.parameters, of: wish.training)
            }
            return sum + each * wish.times
        }
    }

    /// Seconds that one slot takes for all.
    /// - Parameter perImage: seconds in which it trains an image of a training; nil: not known.
    func seconds(_ perImage: (Training) -> Double?) -> Double? {
        var sum = 0.0
        for wish in wanted.values {
            guard let each = seconds(wish.request, wish.training, perImage) else { return nil }
            sum += each * wish.times
        }
        return sum
    }

    private func seconds(
        _ request: MeasureRequest, _ training: Training, _ perImage: (Training) -> Double?
    ) -> Double? {
        let seen = known.filter { $0.measure == request.measure }
        func isAlike(_ cost: MeasureCost) -> Bool {
            cost.architecture == training["model.architecture"]?.stringValue
                && cost.scale == training["model.scale"]?.integerValue
                && cost.resolution == training["dataset.resolution"]?.integerValue
        }
        if let exact = seen.first(where: { $0.parameters == request.parameters && isAlike($0) }) {
            return exact.seconds
        }
        let work = Self.evaluations(request.measure, request.parameters, Self.pixels(training)) * training.costPerImage
        let rates = seen.compactMap { cost -> Double? in
            let pixels = Double((cost.resolution ?? 0) * (cost.resolution ?? 0))
            let each = Architecture.cost(
                of: cost.architecture, scale: cost.scale.map(Double.init), resolution: cost.resolution.map(Double.init))
            let all = Self.evaluations(cost.measure, cost.parameters, pixels) * each
            return all > 0 ? cost.seconds / all : nil
        }
        if !rates.isEmpty { return work * rates.reduce(0, +) / Double(rates.count) }
        // To ask a network takes a third of what training it does, forwards and backwards.
        return perImage(training).map {
            $0 / 3 * Self.evaluations(request.measure, request.parameters, Self.pixels(training))
        }
    }

    private static func pixels(_ training: Training) -> Double {
        let side = training["dataset.resolution"]?.doubleValue ?? 32
        return side * side * (training["dataset.channels"]?.doubleValue ?? 1)
    }

    /// Bytes of the files that one measure of a training leaves: pictures, which are not compressed, and numbers.
    static func files(_ measure: String, _ parameters: [String: JSONValue], of training: Training) -> Double {
        func number(_ name: String, _ usual: Double) -> Double { parameters[name]?.doubleValue ?? usual }
        func count(_ name: String, _ usual: Double) -> Double {
            parameters[name]?.arrayValue.map { Double($0.count) } ?? usual
        }
        let (pixels, samples, levels) = (pixels(training), number("samples", 256), count("sigmas", 10))
        let vectors = min(number("vectors", 25), pixels)
        /// Small images are enlarged to 64 pixels, and have a border.
        func sheet(_ images: Double) -> Double {
            let side = max(1, training["dataset.resolution"]?.integerValue ?? 32)
            let shown = Double(side * max(1, 64 / side) + 1)
            return images * shown * shown * (training["dataset.channels"]?.doubleValue ?? 1)
        }
        return switch measure {
        case "memorization": samples * (4 * pixels + 16) + sheet(2 * min(samples, 32))
        case "agreement": sheet(4 * min(samples, 16))
        case "jacobian":
            levels * (number("images", 1) * (4 * vectors + 16) * pixels + sheet(2 + min(vectors, 13)))
        case "distillation": 8 * levels * vectors * (vectors + 1)
        case "trajectories":
            count("sides", 5) * (4 * samples * pixels + sheet(min(samples, 16)) + sheet(number("steps", 10)))
        default: 0
        }
    }

    /// How many images a network is asked for.
    static func evaluations(_ measure: String, _ parameters: [String: JSONValue], _ pixels: Double) -> Double {
        func number(_ name: String, _ usual: Double) -> Double { parameters[name]?.doubleValue ?? usual }
        func count(_ name: String, _ usual: Double) -> Double {
            parameters[name]?.arrayValue.map { Double($0.count) } ?? usual
        }
        let (samples, levels) = (number("samples", 256), count("sigmas", 10))
        let steps = number("steps", 18)
        // Heun's method asks twice a step, but for the last.
        let drawn = samples * (parameters["sampler"] == "heun" ? 2 * steps - 1 : steps)
        return switch measure {
        case "linearity": number("pairs", 100) * (count("mixtures", 5) + 2) * levels
        case "denoising": 2 * samples * levels
        case "loss", "raw-loss": 2 * number("samples", 4096)
        case "distances": (number("inputs", 20_000) + samples) * levels
        case "distillation": (number("inputs", 20_000) + 2 * samples) * levels
        case "jacobian": 3 * number("images", 1) * pixels * levels
        case "agreement": 2 * (drawn + samples * levels)
        case "subset-information": 2 * drawn
        case "mutual-information": drawn + samples * levels
        case "trajectories": drawn + number("inputs", 20_000) * steps
        case "own-trajectory": drawn + 3 * samples * steps
        case "posterior": 0
        default: parameters["sampler"] == nil ? samples * levels : drawn
        }
    }
}

extension Job.Work {
    fileprivate var measures: [MeasureRequest] {
        switch self {
        case .measure(_, _, let measures), .compare(_, _, _, let measures): measures
        case .train: []
        }
    }
}

extension Training {
    /// `Training.cost` of one image.
    fileprivate var costPerImage: Double { costPerStep / Double(max(1, batch)) }
}
