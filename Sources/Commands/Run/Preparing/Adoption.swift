import Foundation
import JobContract
import ResultCatalogue
import SweepFiles
import SweepModel

/// Where the images of a network that was trained elsewhere lie, and how it is known which of them it was trained on.
enum AdoptedImages {
    /// The images that it was trained on lie in one place, others in another.
    case apart(training: String, heldOut: String)
    /// All images lie in one place, and a file names those that the network was trained on.
    case indexed(String, by: String)
    /// It is not known which of the images it was trained on. The place is a path or a generator's name.
    case mixed(String)

    /// The keys by which a sweep says the same.
    var keys: [String: JSONValue] {
        func path(_ text: String) -> JSONValue {
            .string(
                ImageGenerator.names.contains(text) ? text : URL(fileURLWithPath: text).standardizedFileURL.path)
        }
        return switch self {
        case .apart(let training, let heldOut):
            ["dataset.source": path(training), "dataset.held_out_source": path(heldOut)]
        case .indexed(let source, let index): ["dataset.source": path(source), "dataset.training_index": path(index)]
        case .mixed(let source): ["dataset.source": path(source), "dataset.split": "unknown"]
        }
    }
}

/// The recording of a network that was trained elsewhere.
struct Adoption {
    let checkpoint: String
    let inspection: CheckpointInspection
    let images: AdoptedImages
    /// What the user knows of its training, by key.
    let known: [String: JSONValue]
    let workplace: Workplace

    /// Makes the network a trial of the sweep, with its weights in the store and its training done, and adds the measures
    /// to the sweep's. Doing it again changes nothing.
    func join(_ name: String, measures: [String]) throws -> Trial {
        let earlier = try workplace.catalogue.reader.sweep(named: name)
        guard var sweep = earlier.map({ AdoptedSweep(text: $0.text) }) ?? AdoptedSweep(name: name) else {
            throw CommandFailure(
                .usage,
                "sweep \(name) was launched from a file: expected --sweep with another name for adopted networks")
        }
        let worker = try WorkerProgram.ours().description
        let keys = try keys(worker, measures)
        var alone = AdoptedSweep(name: name)
        alone.add(keys)
        let expansion = try expand(alone, worker).expansion
        let trials = expansion.sweep.trials
        guard let trial = trials.first, trials.count == 1 else {
            throw CommandFailure(
                .invalidInput, "--set asks for \(trials.count) trials: expected one value for each key")
        }
        expansion.datasetNotes.forEach(Terminal.note)
        sweep.add(keys)
        for words in measures { try sweep.addMeasures(words) }
        let whole = try expand(sweep, worker).expansion.sweep
        guard try workplace.store.put(copyOf: checkpoint) == inspection.weights else {
            throw CommandFailure(.invalidInput, "\(checkpoint) was written to while it was read: try again")
        }
        (inspection.notes + (try fitNotes(of: trial, in: expansion.sweep))).forEach(Terminal.note)
        try workplace.catalogue.store(whole, worker: worker)
        try record(trial)
        return trial
    }

    /// Remarks on how well the network denoises its images. It is recorded also where that cannot be found out.
    private func fitNotes(of trial: Trial, in sweep: ExpandedSweep) throws -> [String] {
        guard let training = sweep.trainings[trial.training], let request = sweep.datasets[trial.training] else {
            return []
        }
        let file = try workplace.preparer.prepare(
            request, version: training.spec["dataset.generator_version"]?.integerValue)
        guard let path = workplace.store.location(of: file.digest) else { return [] }
        return try withTemporaryDirectory { directory in
            let spec = directory.appendingPathComponent("spec.json")
            try Data(try training.specText).write(to: spec)
            do {
                let asked = try CheckpointInspection(of: checkpoint, options: ["--spec", spec.path, "--dataset", path])
                return CheckpointInspection.notes(of: asked.fit)
            } catch let failure as CommandFailure {
                return ["whether its images fit could not be found out: \(failure.description)"]
            }
        }
    }

    /// All keys of the trial.
    private func keys(_ worker: WorkerDescription, _ measures: [String]) throws -> [String: JSONValue] {
        // No checkpoint says how much was dropped out or augmented, and only the user knows how images were split.
        let open = ["model.dropout", "training.augment", "dataset.split"]
        var keys = inspection.keys
        keys.merge(images.keys) { $1 }
        for (key, value) in known.sorted(by: { $0.key < $1.key }) {
            if let its = keys[key], its.canonical != value.canonical, !open.contains(key) {
                let who = inspection.keys[key] == nil ? "the other options say" : "the network of \(checkpoint) has"
                throw CommandFailure(
                    .invalidInput, "--set \(key)=\(value.plainText): \(who) \(its.plainText)")
            }
            keys[key] = value
        }
        keys["model.weights"] = .string(inspection.weights.hex)
        if !SpecKey.lengthKeys.contains(where: { keys[$0] != nil }) {
            keys["training.steps"] = 1
            if keys["training.batch"] == nil { keys["training.batch"] = 1 }
        }
        return try withSizes(keys, worker, measures)
    }

    /// Adds how many images the network was trained on and how many are held out: as many as are given. Where it is not known
    /// which it was trained on, as many are held out as in a sweep, and the rest count as trained on. Wrong measures are
    /// refused before images are read.
    private func withSizes(
        _ keys: [String: JSONValue], _ worker: WorkerDescription, _ measures: [String]
    ) throws -> [String: JSONValue] {
        let smallest = keys.merging(["dataset.size": 1]) { $1 }
        var measured = AdoptedSweep(name: "measures")
        measured.add(smallest)
        for words in measures { try measured.addMeasures(words) }
        _ = try expand(measured, worker) { _ in DatasetIdentity(keys: [:], images: 1 << 40) }
        guard keys["dataset.size"] == nil || keys["dataset.held_out"] == nil else { return keys }
        var keys = keys
        var sweep = AdoptedSweep(name: "size")
        // The trial that takes the fewest images.
        sweep.add(smallest.merging(["dataset.held_out": 0]) { $1 })
        let identity = try expand(sweep, worker).identity
        let images = identity?.images ?? 0
        func value(_ key: String) -> JSONValue? { keys[key] ?? SpecKey.named(key)?.fallback }
        if keys["dataset.held_out"] == nil {
            if let pool = identity?.pool {
                keys["dataset.held_out"] = .integer(Int64(images - pool))
            } else if keys["dataset.split"] == "unknown", images < 2 * (value("dataset.held_out")?.integerValue ?? 0) {
                keys["dataset.held_out"] = .integer(Int64(images / 2))
            }
        }
        let heldOut = value("dataset.held_out")?.integerValue ?? 0
        let parts = value("dataset.part")?.objectValue?["of"]?.integerValue ?? 1
        if keys["dataset.size"] == nil {
            keys["dataset.size"] = .integer(
                Int64((identity?.pool ?? max(0, images - heldOut)) / parts))
        }
        return keys
    }

    /// The sweep that is adopted into, and the dataset of its last trial.
    private func expand(
        _ sweep: AdoptedSweep, _ worker: WorkerDescription,
        by identify: ((DatasetRequest) throws -> DatasetIdentity)? = nil
    ) throws -> (expansion: Expansion, identity: DatasetIdentity?) {
        var identity: DatasetIdentity?
        do {
            let file = try SweepFile(text: try sweep.text, file: checkpoint)
            let expansion = try file.expand(worker: worker) { request in
                let known = try identify?(request) ?? workplace.preparer.identify(request)
                identity = known
                return known
            }
            return (expansion, identity)
        } catch let error as SweepFileError {
            // The error's line number is of a text that this program made, and would mislead.
            throw SweepFileError(error.message, key: error.key, at: TextOrigin(file: error.origin.file))
        }
    }

    /// Records the training as done, by an attempt of the kind `adopt`, which no host made.
    private func record(_ trial: Trial) throws {
        let catalogue = workplace.catalogue
        let recorded = try catalogue.reader.holdings(of: [trial.training]).milestones[trial.training] ?? []
        guard !recorded.contains(where: { $0.steps == trial.steps }) else { return }
        let attempt = try catalogue.reader.nextAttemptNumber()
        let job = Job(
            training: trial.training, work: .train(milestones: [Milestone(steps: trial.steps, trial: trial.id)]),
            needs: JobNeeds())
        let checkpoint = WorkerEvent.Checkpoint(
            steps: trial.steps, milestone: true,
            weights: OutputFile(path: checkpoint, digest: inspection.weights, bytes: inspection.bytes), state: nil,
            parameters: inspection.parameters, seconds: 0)
        try catalogue.commit([
            .attemptIntended(
                AttemptRecord(
                    attempt: attempt, job: job.id, training: trial.training, kind: .adopt, trials: [trial.id],
                    host: "elsewhere", machine: "", boot: "", cpu: "")),
            .attemptStarted(attempt, nil), .milestone(trial.training, trial.id, attempt, checkpoint),
            .attemptEnded(attempt, .succeeded), .trialState(trial.id, .succeeded, reason: nil),
        ])
    }
}

extension CheckpointInspection {
    /// Has the worker that comes with this program read the checkpoint. Throws `CommandFailure` with the worker's refusal.
    init(of checkpoint: String, options: [String] = []) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try Programs.bundled("eigensweep-worker"))
        process.arguments = ["inspect"] + options + ["--", checkpoint]
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        // Each pipe gets one line, so that neither fills.
        let said = output.fileHandleForReading.readDataToEndOfFile()
        let complaint = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            let words = complaint.hasPrefix("Error: ") ? complaint.dropFirst("Error: ".count) : complaint[...]
            throw CommandFailure(.invalidInput, words.trimmingCharacters(in: .whitespacesAndNewlines))
        }
        self = try JSONText.decode(CheckpointInspection.self, from: said)
    }
}
