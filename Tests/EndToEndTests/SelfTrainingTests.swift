import Foundation
import Testing

/// Networks that are trained on samples of others, with the real programs.
@Suite(.serialized, .enabled(if: slowTestsWanted, whySlow))
struct SelfTrainingTests {
    private static let head = """
        dataset: {held_out: 32}
        model: {architecture: ddpmpp, multipliers: [1], blocks: 1, attention: [], scale: 4}
        training: {batch: 8, learning_rate: 1.0e-3}
        """

    private static let sweep = """
        name: generations
        \(head)
        grid:
          - {dataset.source: [geometric], dataset.resolution: [8], dataset.count: [256], dataset.size: [64], training.steps: [10, 20]}
          - dataset.source: [{samples: "@generations: training.steps=20, seed=0", count: 80, steps: 4}]
            dataset.size: [16, 32]
            training.steps: [10]
          - dataset.source: [{samples: "@generations: dataset.size=32, seed=0", count: 60, steps: 4}]
            dataset.size: [16]
            training.steps: [10]
        measures: [{memorization: {samples: 8, steps: 2}}]
        """

    @Test func studentsWaitForTheirTeachersAndAreNamedBefore() throws {
        try withLab { (lab) throws in
            let sweep = try lab.write("generations.yaml", Self.sweep)
            let plan = try lab.run("plan", sweep)
            #expect(plan.status == 0 && plan.out.contains("80 samples of trial"), "\(plan)")
            let named = try lab.run("plan", sweep, "--format", "json")
            #expect(named.status == 0)
            #expect(!FileManager.default.fileExists(atPath: lab.catalogue))

            let launched = try lab.run("launch", sweep)
            #expect(launched.status == 0, "\(launched.err)")
            #expect(
                try lab.rows("SELECT state, count(*) FROM sweep_trials WHERE sweep = 'generations' GROUP BY 1") == [
                    "succeeded|5"
                ])
            #expect(try lab.rows("SELECT name FROM sweep ORDER BY key").count == 3)
            // Each generation is trained after the samples of the one before were recorded.
            let order = try lab.rows(
                """
                SELECT count(*) FROM training r JOIN attempt a ON a.training = r.key AND a.kind = 'train'
                WHERE r.dataset LIKE '%samples of trial%' AND NOT EXISTS (
                    SELECT 1 FROM measured d JOIN measure_request q ON q.key = d.request JOIN trial t ON t.key = d.trial
                    WHERE q.measure = 'samples' AND d.recorded_at <= a.intended_at
                        AND t.trial_id = json_extract(r.spec, '$."dataset.samples".trial'))
                """)
            #expect(order == ["0"])
            #expect(
                try lab.rows("SELECT value FROM measurements WHERE quantity = 'repeated' ORDER BY 1").count == 2)

            let attempts = try lab.rows("SELECT count(*) FROM attempt")
            let again = try lab.run("launch", sweep)
            #expect(again.status == 0, "\(again.err)")
            #expect(try lab.rows("SELECT count(*) FROM attempt") == attempts, "nothing is done twice")
            let split = try lab.run("split", "generations", "--format", "csv")
            #expect(split.status == 0 && split.out.contains("sample 59"), "\(split.err)")
        }
    }

    /// A teacher of another sweep, named by its place, is trained first where it was not; the images are the same wherever they
    /// are drawn.
    @Test func aTeacherOfAnotherSweepIsTrainedFirst() throws {
        func draw(_ lab: Lab) throws -> [String] {
            let teacher = try lab.write(
                "teachers.yaml",
                "name: teachers\n\(Self.head)\ngrid: {dataset.size: [32, 64], training.steps: [6, 400000]}\n"
                    + "dataset.source: geometric\ndataset.resolution: 8\ndataset.count: 256\nmeasures: []\n")
            let student = try lab.write(
                "student.yaml",
                "name: student\n\(Self.head)\ndataset.size: 8\ntraining.steps: 5\n"
                    + "dataset.source: {samples: '@teachers: dataset.size=64', count: 50, steps: 3}\n"
                    + "measures: [{memorization: {samples: 8, steps: 2}}]\n")
            let unknown = try lab.run("plan", student)
            #expect(unknown.status == 3 && unknown.err.contains("there is no catalogue"), "\(unknown)")
            let short = try lab.run("launch", teacher, "--set", "training.steps=6")
            #expect(short.status == 0, "\(short.err)")
            let wrong = try lab.run(
                "plan", student, "--set", "dataset.source={samples: '@teachers: dataset.size=65', count: 50}")
            #expect(wrong.status == 3 && wrong.err.contains("the nearest are"), "\(wrong)")
            let launched = try lab.run("launch", student)
            #expect(launched.status == 0, "\(launched.err)")
            #expect(launched.err.contains("samples for student"), "\(launched.err)")
            #expect(try lab.run("rename", "student", "pupil").status == 0)
            #expect(try lab.rows("SELECT name FROM sweep ORDER BY 1") == ["pupil", "samples for pupil", "teachers"])
            return try lab.rows("SELECT digest FROM artifact WHERE name = 'dataset.safetensors'")
        }
        var drawn: [[String]] = []
        for _ in 0..<2 { try withLab { (lab) throws in drawn.append(try draw(lab)) } }
        #expect(drawn[0].count == 1 && drawn[0] == drawn[1])
    }

    private func files(of digest: String, _ lab: Lab, in folders: [String] = ["store", "host"]) -> [URL] {
        folders.flatMap { folder in
            let base = lab.directory.appendingPathComponent(folder)
            let all = FileManager.default.enumerator(at: base, includingPropertiesForKeys: nil)?.allObjects ?? []
            return all.compactMap { $0 as? URL }.filter { $0.path.replacing("/", with: "").contains(digest) }
        }
    }

    /// What was drawn and is lost is drawn again for who needs it.
    @Test func lostSamplesAreDrawnAgain() throws {
        try withLab { (lab) throws in
            let sweep = try lab.write("generations.yaml", Self.sweep)
            #expect(try lab.run("launch", sweep).status == 0)
            let digests = try lab.rows("SELECT digest FROM artifact WHERE name = 'dataset.safetensors'")
            func places() -> [URL] { digests.flatMap { files(of: $0, lab) } }
            #expect(digests.count == 2 && places().count >= 2)
            for url in places() { try FileManager.default.removeItem(at: url) }
            let more = try lab.run("launch", sweep, "--set", "seed=[0, 1]")
            #expect(more.status == 0, "\(more.err)")
            #expect(try lab.rows("SELECT count(*) FROM evidence") == ["0"])
            #expect(try lab.rows("SELECT state, count(*) FROM trials GROUP BY 1") == ["succeeded|10"])
            #expect(places().count >= 2)
        }
    }

    /// A sweep that has nothing left to do needs no samples, here or in a catalogue that was made of it for others.
    @Test func whatIsDoneAsksForNoTeacher() throws {
        try withLab { (lab) throws in
            let sweep = try lab.write("generations.yaml", Self.sweep)
            #expect(try lab.run("launch", sweep).status == 0)
            let published = lab.directory.appendingPathComponent("published.sqlite").path
            #expect(
                try lab.run("export", "generations", "--format", "catalogue", "--out", published).status == 0)
            for digest in try lab.rows("SELECT digest FROM artifact WHERE name = 'dataset.safetensors'") {
                for url in files(of: digest, lab) { try FileManager.default.removeItem(at: url) }
            }
            let attempts = try lab.rows("SELECT count(*) FROM attempt")
            let again = try lab.run("launch", sweep)
            #expect(again.status == 0 && !again.err.contains("drawn first"), "\(again)")
            #expect(try lab.rows("SELECT count(*) FROM attempt") == attempts)

            for end in ["", "-wal", "-shm"] where FileManager.default.fileExists(atPath: lab.catalogue + end) {
                try FileManager.default.removeItem(atPath: lab.catalogue + end)
            }
            try FileManager.default.moveItem(atPath: published, toPath: lab.catalogue)
            let copy = try lab.run("launch", sweep)
            #expect(copy.status == 0, "\(copy)")
            #expect(try lab.rows("SELECT count(*) FROM attempt") == attempts)
            // Another student needs them, and so its teacher.
            let more = try lab.run("launch", sweep, "--set", "seed=[0, 1]")
            #expect(more.status == 0 && more.err.contains("drawn first"), "\(more)")
            #expect(try lab.rows("SELECT state, count(*) FROM trials GROUP BY 1") == ["succeeded|10"])
        }
    }

    /// A teacher, and a student that reads its samples.
    private func pair(teacher: Int, student: Int) -> String {
        """
        name: pair
        \(Self.head)
        grid:
          - {dataset.source: [geometric], dataset.resolution: [8], dataset.count: [256], dataset.size: [64], training.steps: [\(teacher)]}
          - dataset.source: [{samples: "@pair: training.steps=\(teacher)", count: 80, steps: 4}]
            dataset.size: [16]
            training.steps: [\(student)]
        measures: []
        """
    }

    private func rest(_ lab: Lab) throws {
        try lab.wait(60, for: "the end of what runs") {
            try lab.rows("SELECT count(*) FROM attempt WHERE outcome IS NULL") == ["0"]
        }
    }

    /// Who cancels students cancels what only they wait for; where they are wanted again, so is that.
    @Test func teachersAreCancelledWithTheirStudents() throws {
        try withLab { (lab) throws in
            let sweep = try lab.write("pair.yaml", pair(teacher: 4_000_000, student: 10))
            func states(_ sweep: String) throws -> [String] {
                try lab.rows("SELECT state, count(*) FROM sweep_trials WHERE sweep = '\(sweep)' GROUP BY 1")
            }
            #expect(try lab.run("launch", sweep, "--detach").status == 0)
            let cancelled = try lab.run("cancel", "pair")
            #expect(cancelled.status == 0 && cancelled.err.contains("cancelled 2 trials"), "\(cancelled)")
            #expect(cancelled.err.contains("1 trial of sweep \"samples for pair\""), "\(cancelled)")
            #expect(try states("samples for pair") == ["cancelled|1"])
            try rest(lab)
            let again = try lab.run("launch", sweep)
            #expect(again.status == 0 && again.err.contains("less 2 cancelled"), "\(again)")

            #expect(try lab.run("retry", "pair", "--where", "training.steps = 10").status == 0)
            #expect(try lab.run("resume", "pair", "--detach").status == 0)
            try lab.wait(60, for: "the teacher") { try states("samples for pair") == ["running|1"] }
            #expect(try lab.run("cancel", "pair").status == 0)
            #expect(try states("samples for pair") == ["cancelled|1"])
            try rest(lab)
        }
    }

    /// Samples that are lost while a run goes on are drawn again by the plan that misses them.
    @Test func samplesLostWithinARunAreDrawnAgain() throws {
        try withLab { (lab) throws in
            #expect(try lab.run("launch", lab.write("pair.yaml", pair(teacher: 20, student: 10))).status == 0)
            let sweep = try lab.write("pair.yaml", pair(teacher: 20, student: 4_000_000))
            #expect(try lab.run("launch", sweep, "--detach").status == 0)
            try lab.wait(60, for: "the student") {
                try lab.rows("SELECT count(*) FROM attempt WHERE outcome IS NULL AND started_at NOT NULL") == ["1"]
            }
            let digest = try lab.rows("SELECT digest FROM artifact WHERE name = 'dataset.safetensors'")[0]
            for url in files(of: digest, lab) { try FileManager.default.removeItem(at: url) }
            let other = try lab.write(
                "other.yaml",
                "name: other\n\(Self.head)\ndataset.source: geometric\ndataset.resolution: 8\ndataset.count: 256\n"
                    + "dataset.size: 8\ntraining.steps: 5\nmeasures: []\n")
            #expect(try lab.run("launch", other, "--detach").status == 0)
            try lab.wait(60, for: "the samples") { !files(of: digest, lab, in: ["store"]).isEmpty }
            #expect(try lab.rows("SELECT count(*) FROM attempt WHERE outcome NOT IN ('succeeded')") == ["0"])
            #expect(try lab.run("cancel", "pair").status == 0)
            try rest(lab)
        }
    }

    /// Where a teacher fails its students are not trained on anything else, and a run says that they wait.
    @Test func studentsOfAFailedTeacherWait() throws {
        try withLab { (lab) throws in
            let sweep = try lab.write(
                "failing.yaml",
                Self.sweep.replacing("generations", with: "failing").replacing(", learning_rate: 1.0e-3}", with: "}")
                    .replacing(
                        "training.steps: [10, 20]}",
                        with: "training.steps: [10, 20], training.optimizer: [sgd], training.learning_rate: [1000]}"))
            for command in [["launch", sweep], ["resume"]] {
                let output = try lab.run(command)
                #expect(output.status == 1 && output.err.contains("3 trials wait for samples"), "\(output)")
                #expect(try lab.rows("SELECT state, count(*) FROM trials GROUP BY 1") == ["failed|2", "waiting|3"])
            }
        }
    }
}
