import JobContract
import SweepModel
import Testing

@testable import Coordination
@testable import Scheduling

/// Tests what orders add to assignments: each training's own spec, dataset, program and files.
@Suite struct OrderBookTests {
    private static func training(_ name: String, scale: Int) -> Training {
        Training(
            id: TrainingID(Digest(of: name.utf8)),
            spec: ["training.batch": 32, "model.scale": .integer(Int64(scale)), "dataset.source": .string(name)])
    }

    private static func prepared(_ trainings: [Training], worker: String) -> PreparedSweep {
        let sweep = ExpandedSweep(
            name: worker, about: "", text: "", overrides: [], trials: [],
            trainings: Dictionary(uniqueKeysWithValues: trainings.map { ($0.id, $0) }), datasets: [:], measures: [],
            needs: JobNeeds(), worker: WorkerCommand())
        return PreparedSweep(
            sweep: sweep, datasets: Dictionary(uniqueKeysWithValues: trainings.map { ($0.id, dataset(of: $0)) }),
            command: [worker, "--fast"],
            uploads: [StartOrder.Upload(name: worker, digest: Digest(of: worker.utf8))])
    }

    private static func dataset(of training: Training) -> Digest { Digest(of: "dataset of \(training.id)".utf8) }

    private let first = training("a", scale: 4)
    private let second = training("b", scale: 8)
    private let third = training("c", scale: 16)
    private let book: OrderBook

    init() {
        book = OrderBook([
            Self.prepared([first, second], worker: "one"), Self.prepared([third], worker: "two"),
        ])
    }

    private func order(_ training: Training, _ purpose: Assignment.Purpose) -> StartOrder {
        book.order(
            for: Assignment(
                attempt: AttemptNumber(3), host: "h", job: JobID(Digest(of: "job".utf8)), training: training.id,
                threads: 2, gpus: 0, turn: nil, purpose: purpose))
    }

    private func compared(_ training: Training, with others: [Training]) -> JobTask {
        .measure(
            MeasureTask(
                trial: TrialID(training.id.digest), steps: 5, checkpoint: Digest(of: "w".utf8), measures: [],
                others: others.map {
                    .init(
                        trial: TrialID($0.id.digest), training: $0.id, steps: 5, checkpoint: Digest(of: "v".utf8))
                }))
    }

    /// Whichever order comes first, and whichever sweep it is of.
    @Test func othersComeWithTheirOwnSpecsAndDatasets() {
        for (one, others) in [(first, [second, third]), (second, [first]), (third, [second, first])] {
            let description = order(one, .work(compared(one, with: others))).description
            #expect(description.spec == one.spec && description.dataset == Self.dataset(of: one))
            #expect(
                description.otherTrainings
                    == others.map { .init(training: $0.id, spec: $0.spec, dataset: Self.dataset(of: $0)) })
            #expect(description.task == compared(one, with: others))
        }
    }

    @Test func aTrainingComesWithItsSweepsProgram() throws {
        let task = JobTask.train(TrainTask(milestones: [7]))
        for (training, worker) in [(second, "one"), (third, "two")] {
            let order = order(training, .work(task))
            #expect(order.command == [worker, "--fast", "run"])
            #expect(order.uploads == [StartOrder.Upload(name: worker, digest: Digest(of: worker.utf8))])
            #expect(order.description.otherTrainings == nil && order.description.task == task)
            #expect(order.description.training == training.id && order.description.threads == 2)
            #expect(order.specText == (try training.specText))
            #expect(self.order(training, .probe).command == [worker, "--fast", "describe"])
        }
    }

    /// Of a sweep of two workers' networks, each training has its own worker's program, and one that compares both has theirs.
    @Test func aSweepOfTwoWorkersHasBothPrograms() {
        func training(_ name: String, of worker: String) -> Training {
            Training(
                id: TrainingID(Digest(of: name.utf8)), spec: ["worker.name": .string(worker), "worker.numerics": 1])
        }
        let (mine, theirs) = (training("mine", of: "one"), training("theirs", of: "other"))
        var both = Self.prepared([mine, theirs], worker: "one")
        both.worker = WorkerDescription(
            contract: 1, name: "one", numerics: 1, deterministic: true, jobKinds: ["train"], architectures: [],
            measures: [], denoise: DenoiseOffer(derivative: false), build: "", cpu: "", kernels: "", check: "")
        both.sweep.borrowed = BorrowedMeasures(
            of: WorkerName(name: "one", numerics: 1), worker: WorkerName(name: "other", numerics: 1), names: ["m"])
        let upload = StartOrder.Upload(name: "other", digest: Digest(of: "other".utf8))
        both.measuring = .init(command: ["./other"], uploads: [upload])
        // A sweep of the other worker alone may come first.
        for sweeps in [[both], [Self.prepared([theirs], worker: "other"), both]] {
            func order(_ training: Training, _ task: JobTask) -> StartOrder {
                OrderBook(sweeps).order(
                    for: Assignment(
                        attempt: AttemptNumber(3), host: "h", job: JobID(Digest(of: "job".utf8)), training: training.id,
                        threads: 2, gpus: 0, turn: nil, purpose: .work(task)))
            }
            func measure(_ training: Training, with others: [Training]) -> StartOrder {
                guard case .measure(var task) = compared(training, with: others) else { preconditionFailure() }
                task.measures = [MeasureRequest(measure: "m", version: 1, parameters: [:])]
                if others.isEmpty { task.others = nil }
                return order(training, .measure(task))
            }
            let train = JobTask.train(TrainTask(milestones: [7]))
            #expect(
                order(mine, train).command == ["one", "--fast", "run"] && order(mine, train).description.contract == 1)
            #expect(order(mine, train).uploads == both.uploads)
            let their = order(theirs, train)
            #expect(their.command.last == "run" && their.command[0].hasSuffix("other") && their.uploads == [upload])
            #expect(
                measure(theirs, with: []).uploads == [upload] && measure(theirs, with: []).description.denoiser == nil)
            let denoiser = DenoiserCommand(command: ["one", "--fast"], derivative: false)
            #expect(measure(mine, with: []).command == ["./other", "run"])
            #expect(measure(mine, with: []).description.denoiser == denoiser)
            let (first, second) = (measure(mine, with: [theirs]), measure(theirs, with: [mine]))
            #expect(first.description.denoiser == denoiser)
            #expect(first.description.otherTrainings?.map(\.denoiser) == [nil])
            #expect(second.description.denoiser == nil)
            #expect(second.description.otherTrainings?.map(\.denoiser) == [denoiser])
            #expect(Set(first.uploads) == Set(second.uploads) && first.uploads.count == both.uploads.count + 1)
        }
    }

    /// Measures that another worker takes come with its program, beside all that the networks' own worker needs.
    @Test func borrowedMeasuresComeWithBothPrograms() {
        var lender = Self.prepared([first, second], worker: "one")
        lender.worker = WorkerDescription(
            contract: 1, name: "one", numerics: 1, deterministic: true, jobKinds: ["train"], architectures: [],
            measures: [], denoise: DenoiseOffer(derivative: true), build: "", cpu: "", kernels: "", check: "")
        var borrower = lender
        borrower.sweep.borrowed = BorrowedMeasures(
            of: WorkerName(name: "one", numerics: 1), worker: WorkerName(name: "other", numerics: 1), names: ["theirs"])
        let upload = StartOrder.Upload(name: "other", digest: Digest(of: "other".utf8))
        borrower.measuring = .init(command: ["./other"], uploads: [upload])
        // Whichever of two sweeps with the training comes first.
        for sweeps in [[lender, borrower], [borrower, lender]] {
            let book = OrderBook(sweeps)
            func order(_ measure: String) -> StartOrder {
                let task = MeasureTask(
                    trial: TrialID(first.id.digest), steps: 5, checkpoint: Digest(of: "w".utf8),
                    measures: [MeasureRequest(measure: measure, version: 1, parameters: [:])],
                    others: [
                        .init(
                            trial: TrialID(second.id.digest), training: second.id, steps: 5,
                            checkpoint: Digest(of: "v".utf8))
                    ])
                return book.order(
                    for: Assignment(
                        attempt: AttemptNumber(3), host: "h", job: JobID(Digest(of: "job".utf8)), training: first.id,
                        threads: 2, gpus: 0, turn: nil, purpose: .work(.measure(task))))
            }
            let (own, theirs) = (order("own"), order("theirs"))
            #expect(own.command == ["one", "--fast", "run"] && own.uploads == lender.uploads)
            #expect(own.description.contract == 1 && own.description.denoiser == nil)
            #expect(own.description.otherTrainings?.map(\.denoiser) == [nil])
            let denoiser = DenoiserCommand(command: ["one", "--fast"], derivative: true)
            #expect(theirs.command == ["./other", "run"] && theirs.uploads == lender.uploads + [upload])
            #expect(theirs.description.contract == ContractVersion.current && theirs.description.denoiser == denoiser)
            #expect(theirs.description.otherTrainings?.map(\.denoiser) == [denoiser])
        }
        #expect(borrower.programs == (lender.uploads + [upload]).map(\.digest))
    }
}
