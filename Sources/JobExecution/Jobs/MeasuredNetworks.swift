import Diffusion
import JobContract
import Measures
import ScoreNetworks
import Tensors

/// The networks of a job of measures, loaded: the job's own and those that it is compared with.
struct MeasuredNetworks {
    /// The job's own, with the others.
    private(set) var subject: MeasureSubject
    private var foreign: [ForeignNetworks] = []

    /// A network that a job names.
    private struct Named {
        /// As if the job were of this one.
        var job: JobDescription
        var checkpoint: Digest
        var steps: Int
    }

    /// Throws JobFailure, or JobPaused when asked to stop.
    init(of job: JobDescription, _ task: MeasureTask, stop: StopSignal) throws {
        let (others, trainings) = (task.others ?? [], job.otherTrainings ?? [])
        guard others.map(\.training) == trainings.map(\.training) else {
            throw JobFailure(.unsupported, "the job names \(others.count) trials to compare with, but other trainings")
        }
        for request in task.measures where request.others != others.map(\.trial) {
            throw JobFailure(.unsupported, "\(request.measure) names other trials than the job brings")
        }
        var named = [Named(job: job, checkpoint: task.checkpoint, steps: task.steps)]
        for (other, training) in zip(others, trainings) {
            var theirs = job
            (theirs.training, theirs.spec, theirs.dataset) = (training.training, training.spec, training.dataset)
            theirs.denoiser = training.denoiser
            named.append(Named(job: theirs, checkpoint: other.checkpoint, steps: other.steps))
        }
        var denoisers = [ForeignDenoiser?](repeating: nil, count: named.count)
        var workers: [DenoiserCommand] = []
        for case let worker? in named.map(\.job.denoiser) where !workers.contains(worker) { workers.append(worker) }
        for worker in workers {
            let places = named.indices.filter { named[$0].job.denoiser == worker }
            let networks = try ForeignNetworks(
                places.map { try Self.wish(named[$0]) }, by: worker, of: job, steps: task.steps, stop: stop)
            foreign.append(networks)
            for (place, denoiser) in zip(places, networks.denoisers) { denoisers[place] = denoiser }
        }
        let subjects = try zip(named, denoisers).map { network, denoiser in
            try denoiser.map { try Self.subject(network, $0) } ?? Self.subject(network)
        }
        subject = subjects[0]
        subject.others = Array(subjects.dropFirst())
    }

    /// Throws what went wrong with other workers' networks, or with a device, since the last call.
    func check() throws {
        for networks in foreign { try networks.check() }
        for case let denoiser as NetworkDenoiser in [subject.denoiser] + subject.others.map(\.denoiser) {
            do {
                try denoiser.check()
            } catch {
                throw JobFailure(.unfitHost, explanation(of: error))
            }
        }
    }

    /// What `measure` gives, if nothing went wrong with the networks: else that is the reason, whatever the measure says.
    func checking<T>(_ measure: () throws -> T) throws -> T {
        let result = Result { try measure() }
        try check()
        return try result.get()
    }

    /// Lets the workers of others end.
    func close() { for networks in foreign { networks.close() } }

    private static func wish(_ network: Named) throws -> DenoiseProtocol.Wish.Network {
        _ = try InputFile.verify(network.checkpoint, of: network.job, what: "the checkpoint")
        return DenoiseProtocol.Wish.Network(
            training: network.job.training, spec: network.job.spec, dataset: network.job.dataset, steps: network.steps,
            checkpoint: network.checkpoint)
    }

    private static func subject(_ network: Named, _ denoiser: ForeignDenoiser) throws -> MeasureSubject {
        let spec = try ForeignSpec(network.job.spec)
        let images = try JobImages(of: network.job, shape: spec.shape)
        return try MeasureSubject(
            denoiser: denoiser, images: images, flips: spec.flips, seed: spec.seed, areImagesKnown: spec.areImagesKnown)
    }

    /// A network of our own.
    private static func subject(_ network: Named) throws -> MeasureSubject {
        let spec = try JobSpec(network.job.spec)
        let name = "the checkpoint \(network.checkpoint.short)"
        let weights = try InputFile.read(network.checkpoint, of: network.job, what: "the checkpoint")
        let denoiser: NetworkDenoiser
        do {
            denoiser = try NetworkDenoiser(
                weights: weights, name: network.job.path(of: network.checkpoint), threads: network.job.threads,
                on: NetworkMachines.machine())
        } catch let error as SafetensorsError {
            throw JobFailure(.missingInput, error.description)
        } catch let error as NetworkError {
            throw JobFailure(.missingInput, "\(name): \(error.description)")
        }
        try spec.require(denoiser, from: name)
        return try MeasureSubject(
            denoiser: denoiser, images: JobImages(of: network.job, shape: spec.network.imageShape), spec)
    }
}

extension MeasureSubject {
    /// A network, with the images it was trained on and those it was not, by the spec of its training.
    init(denoiser: NetworkDenoiser, images: JobImages, _ spec: JobSpec) throws {
        denoiser.levels = spec.training.levels
        try self.init(
            denoiser: denoiser, images: images, flips: spec.training.flip, seed: spec.training.seed,
            areImagesKnown: spec.areImagesKnown)
        // The keys of a network that was trained elsewhere do not say how.
        guard spec.weights == nil else { return }
        loss = TrainingLoss(noise: spec.training.noise, preconditioning: spec.training.preconditioning)
    }

    fileprivate init(
        denoiser: any Denoiser, images: JobImages, flips: Bool, seed: UInt64, areImagesKnown: Bool
    ) throws {
        self.init(
            denoiser: denoiser, training: try images.training(), heldOut: try images.heldOut(), flips: flips,
            source: { try images.allButHeldOut() }, seed: seed, areImagesKnown: areImagesKnown)
    }
}
