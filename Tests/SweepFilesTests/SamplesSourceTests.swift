import JobContract
import SweepFiles
import SweepModel
import Testing

/// Images that other trials draw, as sweep files ask for them.
@Suite struct SamplesSourceTests {
    private static let two = """
        name: students
        training: {batch: 8, steps: 10}
        model.scale: 8
        grid:
          - {dataset.source: [geometric], dataset.size: [64, 128]}
          - dataset.source: [{samples: "@students: dataset.size=64", count: 600}]
            dataset.size: [16, 32]

        """

    private func students(_ source: String, more: String = "") throws -> [Training] {
        let text = """
            name: students
            training: {batch: 8, steps: 10}
            model.scale: 8
            \(more)
            grid:
              - {dataset.source: [geometric], dataset.size: [64]}
              - {dataset.source: [\(source)], dataset.size: [16]}
            """
        let sweep = try expand(text).sweep
        return sweep.trials.dropFirst().compactMap { sweep.trainings[$0.training] }
    }

    @Test func aTrialOfTheFileIsATeacher() throws {
        let sweep = try expand(Self.two).sweep
        #expect(sweep.trials.count == 4)
        let student = try #require(sweep.trainings[sweep.trials[2].training])
        #expect(
            student.spec["dataset.samples"] == [
                "count": 600, "sampler": "heun", "seed": 0, "steps": 18, "version": 1,
                "trial": .string(sweep.trials[0].id.hex),
            ])
        // The resolution is that of the teacher, whose source has another default than files have.
        #expect(student.spec["dataset.resolution"] == 16)
        #expect(student.spec["dataset.digest"] == nil && student.spec["dataset.generator"] == nil)
        for (id, training) in sweep.trainings {
            #expect(try TrainingID(spec: training.spec) == id)
            #expect(sweep.datasets[id]?.agrees(with: training.spec) == true)
        }
        let samples = try #require(sweep.datasets[student.id]?.samples)
        #expect(samples.teacher == sweep.trials[0].id)
        #expect(sweep.trials[2].asked["dataset.source"] == "600 samples of @students: dataset.size=64")
        var others = student.spec
        others["dataset.samples"] = nil
        #expect(sweep.datasets[student.id]?.agrees(with: others) == false)
        let facts = try expand(Self.two).datasets
        #expect(facts.contains { $0[0].hasPrefix("600 samples of trial \(sweep.trials[0].id.short), 16×16 grey") })
    }

    /// Identities depend on the teacher's and on the sampler's settings, and on nothing else of how they are written.
    @Test func settingsAreTheIdentity() throws {
        let plain = try students("{samples: '@students: dataset.size=64', count: 600}")
        let same = [
            "{count: 600, samples: '@students: dataset.size=64, model.scale=8, training.steps=10'}",
            "{samples: '@', count: 600}",
            "{samples: '@students', count: 600, seed: 0, sampler: heun, steps: 18}",
        ]
        for source in same { #expect(try students(source).map(\.id) == plain.map(\.id), "\(source)") }
        let others = ["count: 601", "count: 600, seed: 1", "count: 600, sampler: euler", "count: 600, steps: 17"]
        let ids = try others.map { try students("{samples: '@', \($0)}")[0].id }
        #expect(Set(ids + plain.map(\.id)).count == 5)
        // Another teacher is another dataset.
        #expect(
            try students("{samples: '@', count: 600}", more: "seed: 1")[0].spec["dataset.samples"]
                != plain[0].spec["dataset.samples"])
        let id = try expand(Self.two).sweep.trials[0].id.hex
        let byID = try students("{samples: \"\(id.prefix(9))\", count: 600}")
        #expect(byID.map(\.id) == plain.map(\.id))
    }

    /// A student is a teacher of further ones.
    @Test func generations() throws {
        let sweep = try expand(
            Self.two + """
                  - dataset.source: [{samples: "@students: dataset.size=32", count: 300, seed: 2}]
                    dataset.size: [8]

                """
        ).sweep
        let last = try #require(sweep.trials.last)
        #expect(sweep.datasets[last.training]?.samples?.teacher == sweep.trials[3].id)
        #expect(last.asked["dataset.source"] == "300 samples of @students: dataset.size=32, seed 2")
    }

    @Test(
        arguments: [
            ("{samples: a}", "dataset.source: expected {samples: TRIAL, count: n}"),
            ("{samples: a, count: 0}", "expected count, an integer (1 to 1000000), got \"0\""),
            ("{samples: a, count: 1000001}", "got \"1000001\""),
            ("{samples: a, count: 9, sampler: ddim}", "expected heun or euler, got ddim"),
            ("{samples: a, count: 9, step: 3}", "no such part of a source: step; did you mean steps?"),
            ("{samples: [a], count: 9}", "expected the first digits of a trial's ID"),
            (
                "{samples: abc, count: 9}",
                "no earlier block of this file has a trial called \"abc\", and there is no catalogue"
            ),
            (
                "{samples: '@students: dataset.size=65', count: 9}",
                "no earlier block of this file has a trial at dataset.size=65:"
            ),
            ("{samples: '@students: dataset.size', count: 9}", "expected '@SWEEP: KEY=VALUE"),
        ])
    func complains(source: String, message: String) {
        let got = complaint(
            """
            name: students
            training.steps: 10
            grid:
              - {dataset.source: [geometric], dataset.size: [64]}
              - {dataset.source: [\(source)], dataset.size: [8]}
            """)
        #expect(got?.contains(message) == true, "\(got ?? "no complaint")")
        #expect(got?.contains("x.yaml:5") == true, "\(got ?? "no complaint")")
    }

    @Test func severalTrialsAreListed() {
        let got = complaint(Self.two.replacing("@students: dataset.size=64", with: "@students"))
        #expect(got?.contains("\"@students\" may be any of several trials:\n") == true, "\(got ?? "no complaint")")
        #expect(got?.contains("dataset.size=128") == true)
    }

    @Test func whatTheTeacherDecidesIsNotAsked() {
        let base = Self.two + "dataset.held_out: 8\n"
        #expect(complaint(base) == nil)
        let shape = complaint(
            base.replacing("dataset.size: [16, 32]", with: "dataset.size: [16]\n    dataset.resolution: [8]"))
        #expect(
            shape?.contains("dataset.resolution: the teacher draws images of 16: expected that, got 8") == true,
            "\(shape ?? "")")
        let shuffled = complaint(
            base.replacing("dataset.size: [16, 32]", with: "dataset.size: [16]\n    dataset.shuffle: [true]"))
        #expect(shuffled?.contains("is read by files only, not by the samples of a trial") == true, "\(shuffled ?? "")")
        let many = complaint(base.replacing("dataset.size: [16, 32]", with: "dataset.size: [593]"))
        #expect(many?.contains("593 images are asked for, but the dataset has 600, of which 8 are held out") == true)
        let fixed = complaint(Self.two + "training.preconditioning: none\n")
        #expect(fixed?.contains("is of one noise level") == true, "\(fixed ?? "")")
    }

    /// Another source takes the place of those that are files or generators; what trials draw is drawn by them all the same.
    @Test func anotherSourceIsForTheTeacher() throws {
        let text = """
            name: students
            dataset.source: geometric
            training.steps: 10
            grid:
              - {dataset.size: [64]}
              - {dataset.source: [{samples: '@', count: 600}], dataset.size: [16]}
            """
        let sweep = try expand(text, ["dataset.source=faces.zip"]).sweep
        #expect(sweep.datasets[sweep.trials[0].training]?.source.hasSuffix("/faces.zip") == true)
        #expect(sweep.datasets[sweep.trials[1].training]?.samples?.teacher == sweep.trials[0].id)
        #expect(try expand(text).sweep.trials[0].id != sweep.trials[0].id)
        // Samples take the place of samples.
        let fewer = try expand(text, ["dataset.source={samples: '@', count: 500}"]).sweep
        #expect(fewer.trials[0].id != sweep.trials[0].id && fewer.trainings.count == 2)
        #expect(fewer.datasets[fewer.trials[0].training]?.source == "geometric")
        #expect(fewer.datasets[fewer.trials[1].training]?.samples?.count == 500)
    }

    /// A trial of a catalogue.
    private struct Book: TeacherBook {
        let teacher: Teacher
        func teacher(_ name: String) throws -> Teacher { teacher }
    }

    @Test func trialsOfOtherSweepsAreAskedFor() throws {
        let made = try expand(Self.two).sweep
        let trial = made.trials[1]
        let book = Book(
            teacher: Teacher(
                trial: trial.id, steps: trial.steps, training: try #require(made.trainings[trial.training]),
                dataset: made.datasets[trial.training]))
        let file = try SweepFile(
            text: "name: b\ntraining.steps: 4\ndataset: {size: 8, source: {samples: '@students: x=1', count: 300}}",
            file: "x.yaml")
        let sweep = try file.expand(worker: describedWorker(), teachers: book, identify: identity).sweep
        let training = try #require(sweep.trainings.values.first)
        #expect(training.spec["dataset.samples"]?.objectValue?["trial"] == .string(trial.id.hex))
        #expect(training.spec["dataset.resolution"] == 16 && training.spec["dataset.channels"] == 1)
    }

    @Test func theTextIsReadAgain() throws {
        var samples = SamplesSource(trial: "@a: b=1", count: 5)
        #expect(SamplesSource(samples.text) == samples && samples.teacher == nil)
        (samples.trial, samples.version, samples.seed) = (String(repeating: "0a", count: 32), 1, 3)
        #expect(SamplesSource(samples.text) == samples && samples.teacher?.hex == samples.trial)
        #expect(samples.request.parameters["seed"] == 3)
        for other in ["geometric", "/a/{b}.zip", "{}", "{\"count\":1}"] { #expect(SamplesSource(other) == nil) }
    }
}
