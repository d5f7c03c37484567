import JobContract
import SweepFiles
import SweepModel
import Testing

/// Pins the names of trainings and trials. Another program (Python's json and hashlib) computed them from the keys and
/// defaults as published. If one breaks, every catalogue loses its results.
@Suite struct IdentityGoldenTests {
    @Test(
        arguments: [
            (
                "dataset.source: geometric", 100,
                "15a51e4c0f8cde93c9214d8136af8cc9476d30339622dc3aa7c4db0eb55a9be6",
                "9e9f01cf0295b8cdd4928463a59512a1cdd073fbef3529e1c5607c2b62419f52"
            ),
            (
                "dataset.source: faces.zip", 100,
                "a2233c247a475a5a8399e7fac81ae25de2ef42d36dbfbedf5393c90832c08133",
                "dde302848e22d17e2e2133c592b441b5cb08b1f92ecf3e68142dbf0b5e4f8544"
            ),
            (
                "dataset.alpha: 2.5", 100,
                "8ac68a86c703274d4fea08e63dc3251a31e4acef7f15b41c21e4a0332929e934",
                "71f13769c461bf685150d0f51be0c223ff44c246eae891c5639a6a3c1e73b184"
            ),
            (
                "dataset.part: {index: 1, of: 2}", 100,
                "9976a1b6918ea9c9c6757dab6cce0e30ee33e24196fabf5de6703c746b703b88",
                "35bad786a437f87d0fe21c12505a38781efb29ff1459e69c1bad8f8a4f7a9f54"
            ),
            (
                "dataset.flip: true", 100,
                "3f846e78c586484ce1cc149ec57b4379eb18db79820ad92052c8034210c7a93f",
                "861e7ee6219f8b84cc13dcb1ac8de97538588e51f26f6e3f531aca1f0527c527"
            ),
            (
                "dataset.resolution: 32", 1,
                "e88d081fc688ff12b6c0259f464ff02e57914eb24e8e9375477bd2009484848a",
                "7fa7de7fa0297f89ab5f2a01bb6173f6b6b1df482d691014cb7caf336c63928f"
            ),
            (
                "model.scale: 8", 4096,
                "898d932b116164becf9b87b6c55b264038b8986c9cf6de346ccf82c084e15046",
                "d29e87d813a8552327df9d70c492c8555cb609c4d5247b0c05f91f9e1f8f5ae1"
            ),
            (
                "model.multipliers: [1, 2]", 100,
                "3a6f736a8156a6324f5af021eb9cc507ebfefef65d7623bdcb716b859fba4729",
                "fcd0dfc2e53d409ddaa85f3e015bc11df4ba304d6adb2f2df93b3820b59e41be"
            ),
            (
                "model.attention: []", 100,
                "1690d031b7851cd69b6fc274e9e8f4eaedb09bea14306f2a2e21b0468f54341c",
                "b095cafdff576b490487b629da1437ae4c38bf2f4a083cefae74de98f0536396"
            ),
            (
                "model.dropout: 0.1", 100,
                "78b5f7e0abe383586d8dec1680712c4f4dfca4871a0ea270936ad41c4b3d9d79",
                "1dc860036e7f9d3c25c483708cc396fb9ad740a11522bbb00b77b917a738cffb"
            ),
            (
                "training.learning_rate: 2e-4", 100,
                "6cac30e4e5fb21116b91e0b97c5b7d3263b153000c1d4c47879a2c0727b7598b",
                "7a54941b2ac16dd6eac71f366e1c503febace573f46db60b6003059630aa3fc0"
            ),
            (
                "training.noise_mean: -0.4", 100,
                "bc97f274aafef3767391904542a2627274c0313161d26534f121ac65472c52f5",
                "3b0894e3ced3f473eb1731f2410117c275d2b3cb6279c0736212a810b8635aa8"
            ),
            (
                "seed: 7", 100,
                "20bd1006cbefa8f706bd46ee4ab78391d6271c50f4fa69938aebc9117b276a73",
                "7375034b97aafd624f3918224b7667394e823d91c88c9fb3d0b48e8656d1a3d5"
            ),
            (
                "dataset.size: 1024", 1048576,
                "b915e11fc14101725d2f3ca058400c97fadc80c844296f10b641c840fbc66864",
                "3b6d8de50b19ad59f0fcf61c8080dc14ccdbc3a77af10a5af8a78252dd47435f"
            ),
        ] as [(String, Int, String, String)])
    func namesStay(setting: String, steps: Int, training: String, trial: String) throws {
        let defaults = ["dataset.source: geometric", "dataset.size: 64"]
        let key = setting.prefix(while: { $0 != ":" })
        let lines = defaults.filter { !$0.hasPrefix(key + ":") } + [setting, "training.steps: \(steps)"]
        let file = try SweepFile(text: "name: golden\n" + lines.joined(separator: "\n"), file: "x.yaml")
        let sweep = try file.expand(worker: describedWorker()) { request in
            var identity = identity(of: request)
            identity.images = 1 << 21
            return identity
        }.sweep
        #expect(sweep.trials.map(\.id.hex) == [trial])
        #expect(sweep.trials.map(\.training.hex) == [training])
        #expect(sweep.trials.map(\.steps) == [steps])
    }

    /// For every training of a mixed grid the name is the digest of the spec that is stored.
    @Test func specsHashToTheirNames() throws {
        let sweep = try expand(
            """
            name: mixed
            grid:
              dataset.source: [geometric, faces.zip]
              dataset.size: [16, 64]
              seed: [0, 1, 2]
              zip: [{training.batch: [8, 64], training.learning_rate: [1e-3, 0.25]}]
              training.images: [64, 6400]
            """
        ).sweep
        #expect(sweep.trainings.count == 24)
        #expect(sweep.trials.count == 48)
        for (id, training) in sweep.trainings {
            #expect(training.id == id)
            #expect(try TrainingID(spec: training.spec) == id)
            #expect(
                sweep.datasets[id]?.source
                    == (training.spec["dataset.digest"] == nil ? "geometric" : "/sweeps/faces.zip"))
        }
        for trial in sweep.trials {
            #expect(try TrialID(training: trial.training, steps: trial.steps) == trial.id)
        }
    }

    @Test func specOfAFileHasNoGeneratorKeys() throws {
        let lines = "name: a\ndataset: {source: faces.zip, size: 8}\ntraining.steps: 1"
        let spec = try #require(try expand(lines).sweep.trainings.values.first?.spec)
        #expect(spec["dataset.alpha"] == nil)
        #expect(spec["dataset.source"] == nil)
        #expect(spec["training.steps"] == nil)
        #expect(spec["dataset.resolution"] == 32)
    }

    @Test func nameAboutAndMeasuresAreNoPartOfIdentity() throws {
        let one = try expand(sweep("dataset.size: 8\ntraining.steps: 1"))
        let other = try expand(
            "name: other\nabout: else\nmeasures: [memorization]\nneeds: {memory: 1G}\n"
                + "dataset: {source: geometric, size: 8}\ntraining: {images: 32}")
        #expect(one.sweep.trials.map(\.id) == other.sweep.trials.map(\.id))
        let file = try SweepFile(text: sweep("dataset.size: 8\ntraining.steps: 1"), file: "x.yaml")
        let raised = try file.expand(worker: describedWorker(numerics: 2), identify: identity)
        #expect(raised.sweep.trials[0].training != one.sweep.trials[0].training)
    }
}
