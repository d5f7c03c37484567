import SweepFiles
import SweepModel
import Testing

/// Every complaint about bad input names file, line and key, says what was expected, and offers the nearest valid name.
@Suite struct SweepFileErrorTests {
    /// What only the worker's description tells is told beside the rest where it is at hand.
    @Test func measuresAndArchitecturesAreToldBesideTheRest() throws {
        let text = sweep(
            """
            dataset.size: 16
            seed: -1
            training.images: 100
            measures: [memorisation, {memorization: {sample: 3}}]
            grid:
              model.architecture: [ddpmpp, ddpm]
            """)
        let error = #expect(throws: SweepFileError.self) {
            try SweepFile(text: text, file: "x.yaml", worker: describedWorker())
        }
        let told = try #require(error).others.map { "\($0)" } + ["\(try #require(error))"]
        let expected = [
            "x.yaml:4: seed: ", "x.yaml:6: memorisation: ", "x.yaml:6: memorization.sample: ",
            "x.yaml:8: model.architecture: the worker golden has no ddpm; expected one of ddpmpp, ",
        ]
        #expect(told.count == expected.count)
        for words in expected { #expect(told.contains { $0.hasPrefix(words) }, "\(words): \(told)") }
        // Without it the others are told.
        let alone = #expect(throws: SweepFileError.self) { try SweepFile(text: text, file: "x.yaml") }
        #expect(alone?.others.isEmpty == true)
    }

    @Test(
        arguments: [
            ("dataset.sise: 3", "x.yaml:3: dataset.sise: no such key; did you mean dataset.size?"),
            ("dataset: {sise: 3}", "x.yaml:3: dataset.sise: no such key; did you mean dataset.size?"),
            ("training.batch_size: 3", "x.yaml:3: training.batch_size: no such key"),
            ("training: {scale: 4}", "x.yaml:3: training.scale: no such key; did you mean model.scale?"),
            ("grd: {}", "x.yaml:3: grd: no such key; did you mean grid?"),
            ("dataset.size: many", "x.yaml:3: dataset.size: expected an integer, at least 1, got many"),
            ("dataset.size: 0", "x.yaml:3: dataset.size: expected an integer, at least 1, got 0"),
            ("dataset.size: 2.5", "x.yaml:3: dataset.size: expected an integer, at least 1, got 2.5"),
            ("dataset.size: \"64\"", "x.yaml:3: dataset.size: expected an integer, at least 1, got \"64\""),
            ("dataset.size:", "x.yaml:3: dataset.size: expected an integer, at least 1, got nothing"),
            ("seed: 9007199254740992", "x.yaml:3: seed: expected an integer, at least 0, got 9007199254740992"),
            (
                "model.scale: [4, 8]",
                "x.yaml:3: model.scale: expected one value, an even integer from 4 to 1024; axes belong under grid:"
            ),
            ("model.scale: 5", "x.yaml:3: model.scale: expected an even integer from 4 to 1024, got 5"),
            ("model.dropout: 1", "x.yaml:3: model.dropout: expected a number at least 0 and below 1, got 1"),
            ("model.multipliers: [1, x]", "x.yaml:3: model.multipliers: expected a list of"),
            ("model.multipliers: []", "x.yaml:3: model.multipliers: expected a list of at least 1"),
            ("dataset.channels: 2", "x.yaml:3: dataset.channels: expected 1 or 3, got 2"),
            ("dataset.flip: maybe", "x.yaml:3: dataset.flip: expected true or false, got maybe"),
            (
                "dataset.part: {index: 2, of: 2}",
                "x.yaml:3: dataset.part: expected {index: i, of: k} with 0 ≤ i < k"
            ),
            (
                "training.objective: denoisin",
                "x.yaml:3: training.objective: expected denoising or yi-fresh or yi-bank, got denoisin; "
                    + "did you mean denoising?"
            ),
            (
                "training.augment: 1.2",
                "x.yaml:3: training.augment: expected a number at least 0 and at most 1, got 1.2"
            ),
            (
                "training.learning_rate: .inf",
                "x.yaml:3: training.learning_rate: expected a number above 0 and at most 1000"
            ),
            ("dataset: 3", "x.yaml:3: expected keys of dataset, a mapping, got \"3\""),
            ("dataset: {size: 3}\ndataset.size: 4", "x.yaml:4: dataset.size: given twice, here and at x.yaml:3"),
            ("seed: 1\nseed: 2", "x.yaml:4: seed: given twice, here and at x.yaml:3"),
            ("seed: [0", "x.yaml:4: not YAML"),
            ("grid: {seed: []}", "x.yaml:3: seed: the axis is empty"),
            ("grid: {seed: [1, 2, 1]}", "x.yaml:3: seed: 1 stands twice"),
            ("grid: {seed: {range: [3, 3]}}", "x.yaml:3: seed: the range is empty: from 3 to 3, half open"),
            ("grid: {seed: {range: [0, 3, 0]}}", "x.yaml:3: seed: the range's step is 0"),
            ("grid: {seed: {range: [0]}}", "x.yaml:3: seed: expected {range: [from, to]}"),
            ("grid: {seed: {rang: [0, 3]}}", "x.yaml:3: seed: no such axis: rang; did you mean range?"),
            ("grid: {seed: {range: [0, 1e300]}}", "x.yaml:3: seed: expected numbers below 9e15"),
            ("grid: {seed: {range: [0, 1e14]}}", "x.yaml:3: seed: the axis has more than 1000000 values"),
            (
                "grid: {seed: {linear: {from: 0, to: 3}}}",
                "x.yaml:3: seed: expected {linear: {from: …, to: …, count: …}}"
            ),
            (
                "grid: {seed: {linear: {from: 0, too: 3, count: 2}}}",
                "x.yaml:3: seed: no such part of an axis: too; did you mean to?"
            ),
            (
                "grid: {seed: {linear: {from: -3, to: 3, count: 2}}}",
                "x.yaml:3: seed: the axis reaches -3: expected an integer, at least 0"
            ),
            (
                "grid: {seed: {geometric: {from: 0, to: 3, count: 2}}}",
                "x.yaml:3: seed: a geometric axis needs from and to above 0"
            ),
            (
                "grid: {seed: {geometric: {from: 1, to: 3, factor: 0.5}}}",
                "x.yaml:3: seed: the factor 0.5 never leads from 1 to 3"
            ),
            (
                "grid: {seed: {geometric: {from: 1, to: 3, factor: 2, count: 3}}}",
                "x.yaml:3: seed: expected {geometric:"
            ),
            (
                "grid: {dataset.flip: {range: [0, 2]}}",
                "x.yaml:3: dataset.flip: expected a list of values, each true or false"
            ),
            (
                "grid: {seed: [0], zip: [{seed: [1], model.scale: [4]}]}",
                "x.yaml:3: seed: two axes of one block vary this key"
            ),
            (
                "grid:\n  zip: [{seed: [1, 2],\n    model.scale: [4]}]",
                "x.yaml:5: model.scale: has 1 values, but advances together with seed, which has 2"
            ),
            ("grid: {exclude: [model.scale <]}", "x.yaml:3: exclude: expected a value"),
            ("grid: {exclude: [model.scal < 3]}", "x.yaml:3: model.scal: no such key; did you mean model.scale?"),
            (
                "grid: {exclude: [training.images < 3]}",
                "x.yaml:3: exclude: the expression looks at training.images, but the length is given by training.steps"
            ),
            ("grid: {exclude: [seed = 0]}", "x.yaml:3: grid: no trial is left"),
            (
                "training: {lr_halving_epochs: 2, halving_images: 9}",
                "x.yaml:3: training.lr_halving_epochs: the halvings are given by training.halving_images too"
            ),
            (
                "grid: {training.lr_halving_epochs: [1, 2], dataset.size: [8, 16]}",
                "x.yaml:3: training.lr_halving_epochs: varies beside dataset.size: expected training.halving_images"
            ),
            (
                "grid: {exclude: [training.sigma > 1]}",
                "x.yaml:3: exclude: expressions call training.sigma training.noise_sigma"
            ),
            ("training: {sigma: 1}", "x.yaml:3: training.noise_sigma: is read by the noise fixed only"),
            (
                "grid: {seed: {range: [0, 9999]}, dataset.held_out: {range: [0, 9999]}}",
                "x.yaml:3: grid: the grid has more than 10000000 points"
            ),
            ("grid: []", "x.yaml:3: grid: the grid is empty"),
            (
                "measures: [memorisation]",
                "x.yaml:3: memorisation: the worker golden has no such measure; did you mean memorization?"
            ),
            (
                "measures: [{memorization: {sampels: 3}}]",
                "x.yaml:3: memorization.sampels: no such parameter; did you mean samples?"
            ),
            (
                "measures: [{memorization: {samples: few}}]",
                "x.yaml:3: memorization.samples: expected an integer, such as 256, got few"
            ),
            ("measures: [{gaussian-distance: {sigmas: [a]}}]", "x.yaml:3: gaussian-distance.sigmas: expected a list"),
            (
                "measures: [memorization, memorization]",
                "x.yaml:3: measures.memorization: this measure is asked for twice"
            ),
            ("profiles:\n  quick: {sed: 3}", "x.yaml:4: sed: no such key; did you mean seed?"),
            (
                "measures: [{memorization: {samples: -1}}]",
                "x.yaml:3: memorization.samples: expected an integer, at least 0"
            ),
            ("needs: {memory: lots}", "x.yaml:3: needs.memory: expected a size such as 2G or 512M, got \"lots\""),
            ("needs: {memoy: 2G}", "x.yaml:3: needs.memoy: no such need; did you mean memory?"),
            ("worker: {comand: [a]}", "x.yaml:3: worker.comand: no such part of a worker; did you mean command?"),
            ("worker: {upload: [a/x, b/x]}", "x.yaml:3: worker.upload: two files have the same last name"),
            (
                "model.architecture: ddpm++",
                "x.yaml:3: model.architecture: the worker golden has no ddpm++; did you mean ddpmpp?"
            ),
            (
                "model: {scale: 36, multipliers: [1, 2, 4]}",
                "x.yaml:3: model.scale: ddpmpp with scale 36 and multipliers [1, 2, 4]: layer "
            ),
            (
                "dataset.resolution: 18",
                "x.yaml:3: dataset.resolution: ddpmpp with scale 16 and multipliers [2, 2, 2]: resolution 18 cannot be halved 2 times"
            ),
            (
                "dataset.size: 16129",
                "x.yaml:3: dataset.size: 16129 images are asked for, but the dataset has 16384, of which 256 are held out: expected at most 16128"
            ),
            (
                "dataset.size: 8065\ndataset.part: 0/2",
                "x.yaml:3: dataset.size: 8065 images are asked for, but the dataset has 16384, of which 256 are held out: expected at most 8064 in each of 2 parts"
            ),
            ("training.steps: 1e15", "x.yaml:3: training.steps: expected an integer from 1 to 100000000000"),
            ("training.steps: 9007199254740993", "x.yaml:3: training.steps: expected an integer from 1 to"),
            (
                "training.steps: 100000000000\ntraining.batch: 65536",
                "x.yaml:3: training.steps: the training is longer than 100000000000 images: expected fewer"
            ),
            ("dataset.count: 1048577", "x.yaml:3: dataset.count: expected an integer from 1 to 1048576, got 1048577"),
            ("training.images: 3", "lengths are given by training.images and training.steps: expected one of them"),
        ])
    func complains(lines: String, message: String) {
        var text = sweep(lines)
        for line in ["dataset.size: 16", "training.steps: 5"] {
            let key = String(line.prefix(while: { $0 != ":" }))
            let nested = key == "dataset.size" && lines.hasPrefix("dataset: {size")
            if !lines.hasPrefix(key) && !nested { text += "\n" + line }
        }
        let got = complaint(text)
        #expect(got?.contains(message) == true, "\(got ?? "no complaint")")
    }

    @Test(
        arguments: [
            ("", "x.yaml:1: expected a sweep, a mapping, got nothing"),
            ("- a", "x.yaml:1: expected a sweep, a mapping, got a list"),
            (
                "dataset: {source: geometric, size: 8}\ntraining.steps: 1",
                "x.yaml: name: expected the sweep's name, got none"
            ),
            ("name: a/b", "x.yaml:1: name: expected a name without \"/\""),
            ("name: \"..\"", "x.yaml:1: name: expected a name"), ("name: \"\"", "x.yaml:1: name: expected a name"),
            ("name: store", "x.yaml:1: name: expected a name"), ("name: --help", "x.yaml:1: name: expected a name"),
            ("name: catalogue.sqlite", "x.yaml:1: name: expected a name"),
            ("name: \"a\\e[31m\"", "x.yaml:1: name: expected a name"),
            ("name: a\nworker: {command: [w], upload: [/]}", "x.yaml:2: worker.upload: "),
            (
                "name: a\ndataset: {source: geometric}\ntraining.steps: 1",
                "dataset.size: is not given: expected an integer, at least 1"
            ),
            ("name: a\ndataset: {size: 8}\ntraining.steps: 1", "dataset.source: is not given: expected text"),
            (
                "name: a\ndataset: {source: geometric, size: 8}",
                "no length is given: expected one of training.images, training.epochs, training.steps"
            ),
            (
                "name: a\ndataset: {source: z.zip, size: 8, alpha: 2}\ntraining.steps: 1",
                "x.yaml:2: dataset.alpha: is read by the generator geometric, ray, gaussian only, not by the files of /sweeps/z.zip"
            ),
            (
                "name: a\ndataset: {size: 8}\ntraining.steps: 1\ngrid:\n  dataset.source: [geometric, z.zip]\n"
                    + "  dataset.count: [9, 99]",
                "x.yaml:6: dataset.count: is read by the generator "
                    + "geometric, disks, continuous-disks, sines, ray, gaussian only, not by the files of /sweeps/z.zip"
            ),
            ("name: *a", "x.yaml:"),
            ("name: a\n? [b]\n: c", "x.yaml:2: expected a name before the colon"),
        ])
    func complainsOfWholeFiles(text: String, message: String) {
        let got = complaint(text)
        #expect(got?.contains(message) == true, "\(got ?? "no complaint")")
    }

    /// A problem with a dataset comes back with the line of the key to blame; a problem with the machine does not concern
    /// the file.
    @Test func onlyDatasetProblemsNameTheirLine() throws {
        struct Wrong: DatasetProblem {
            let key: String
            let problem = "no such file"
            var description: String { key + problem }
        }
        struct DiskFull: Error {}
        let file = try SweepFile(
            text: sweep("dataset.size: 8\ntraining.steps: 1\ndataset.count: 9000"), file: "x.yaml")
        #expect {
            try file.expand(worker: describedWorker()) { _ in throw Wrong(key: "dataset.source") }
        } throws: { "\($0)" == "x.yaml:2: dataset.source: no such file" }
        #expect {
            try file.expand(worker: describedWorker()) { _ in throw Wrong(key: "dataset.count") }
        } throws: { "\($0)" == "x.yaml:5: dataset.count: no such file" }
        #expect(throws: DiskFull.self) { try file.expand(worker: describedWorker()) { _ in throw DiskFull() } }
    }

    /// A key is read by all architectures, or by those that it names; other workers' architectures may read any.
    @Test func keysNameTheirReaders() {
        func stranger(_ reader: KeyReader, _ architecture: String, _ source: String = "geometric") -> String? {
            reader.stranger([
                "model.architecture": .string(architecture), "dataset.source": .string(source), "training.noise": "vp",
            ])
        }
        let key = KeyReader.choices(of: "model.architecture", ["ddpmpp"])
        #expect(stranger(key, "ddpmpp") == nil)
        #expect(stranger(key, "adm") == "the architecture adm")
        #expect(stranger(key, "toy") == nil)
        #expect(stranger(.all, "adm", "/z.zip") == nil)
        #expect(stranger(.generators(["other"]), "") == "the generator geometric")
        #expect(stranger(.choices(of: "training.noise", ["fixed"]), "toy") == "the noise vp")
    }

    /// Aliases of aliases would unfold to more than memory holds: they are refused before that.
    @Test func unfoldingAliasesIsRefused() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 {
            let names = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(names)]\n"
        }
        #expect(complaint(text)?.contains("unfolds to more than") == true)
    }

    @Test func deepNestingIsRefused() {
        #expect(complaint("name: " + String(repeating: "[", count: 50_000))?.contains("nested more than 100") == true)
    }

    @Test func missingFilesAreNamed() {
        #expect {
            try SweepFile(contentsOf: "/nowhere/at/all.yaml")
        } throws: { "\($0)".hasPrefix("/nowhere/at/all.yaml: cannot be read: ") }
        #expect {
            try SweepFile(contentsOf: "/dev/zero")
        } throws: { "\($0)".hasPrefix("/dev/zero: has more than 64 MiB") }
    }

    /// A text is mended in one go: each of its errors is told, in the order of the file, with what is set beside it.
    @Test func allErrorsAreToldAtOnce() {
        let text = """
            name: many
            dataset: {source: geometric, sise: 3, resolution: 8}
            model: {scale: 5}
            training: {batch: 0, learning_rat: 1}
            grid:
              - {dataset.size: [], seed: [x]}
              - {training.images: {range: [3, 3]}}
            needs: {memory: much, tag: [a]}
            """
        #expect(
            complaint(text)?.split(separator: "\n").map { $0.prefix { $0 != ";" } } == [
                "x.yaml:2: dataset.sise: no such key",
                "error: x.yaml:3: model.scale: expected an even integer from 4 to 1024, got 5",
                "error: x.yaml:4: training.batch: expected an integer from 1 to 65536, got 0",
                "error: x.yaml:4: training.learning_rat: no such key",
                "error: x.yaml:6: dataset.size: the axis is empty: expected at least one value, each an integer, at least 1",
                "error: x.yaml:6: seed: expected an integer, at least 0, got x",
                "error: x.yaml:7: training.images: the range is empty: from 3 to 3, half open",
                "error: x.yaml:8: needs.memory: expected a size such as 2G or 512M, got \"much\"",
                "error: x.yaml:8: needs.tag: no such need",
            ])
        let good = "name: x\ndataset: {source: geometric, size: 16}\ntraining.steps: 4\n"
        #expect(
            complaint(good, ["seed=x", "model.scael=4"])?.components(separatedBy: "\nerror: ") == [
                "--set seed=x: seed: expected an integer, at least 0, got x",
                "--set model.scael=4: model.scael: no such key; did you mean model.scale?",
            ])
        #expect(
            complaint(good + "measures: [memorisation, {memorization: {sample: 3, stepz: 2}}]")?.components(
                separatedBy: "\nerror: ") == [
                    "x.yaml:4: memorisation: the worker golden has no such measure; did you mean memorization?",
                    "x.yaml:4: memorization.sample: no such parameter; did you mean sampler or samples?",
                    "x.yaml:4: memorization.stepz: no such parameter; did you mean steps?",
                ])
        // A text in which everything is wrong does not fill the screen.
        let long = "name: x\n" + (0..<50).map { "k\($0): 1\n" }.joined()
        #expect(complaint(long)?.components(separatedBy: "error: ").count == 20)
    }

    /// What other formats allow and YAML does not.
    @Test func habitsOfOtherFormatsAreNamed() {
        #expect(
            complaint("name: x\ngrid:\n\tseed: [1]\n")
                == "x.yaml:3: not YAML: the line is indented by a tab: expected spaces")
        #expect(
            throws: SweepFileError(
                "not YAML: a range within [ ] wants quotes: expected \"node[1-3]\", or a line of its own: - node[1-3]",
                at: TextOrigin(file: "h.yaml", line: 1))
        ) { try HostsFile.parse("hosts: [node[1-3]]\n", file: "h.yaml") }
        #expect(throws: Never.self) { try HostsFile.parse("hosts: [\"node[1-3]\"]\n", file: "h.yaml") }
    }

    @Test func allErrorsOfAHostsFileAreToldAtOnce() {
        let text = "hosts:\n  - node[1-2]: {slots: many, portt: 3}\n  - local: {user: me}\n  - node2\n"
        let found = #expect(throws: SweepFileError.self) { try HostsFile.parse(text, file: "h.yaml") }
        #expect(
            found?.description.components(separatedBy: "\nerror: ") == [
                "h.yaml:2: node1.slots: expected a number of slots, an integer (1 to 100000), got \"many\"",
                "h.yaml:2: node1.portt: no such setting; did you mean port?",
                "h.yaml:3: local.user: this machine has no user",
            ])
        let plain = #expect(throws: SweepFileError.self) {
            try HostsFile.parse("near far\nx/node1\nnode[3-1]\nnode2\n", file: "hosts")
        }
        #expect(
            plain?.description.components(separatedBy: "\nerror: ") == [
                "hosts:1: expected one host on the line, got 2 words",
                "hosts:2: expected n/host with n slots, got x/node1",
                "hosts:3: expected a range such as node[01-08] or node[1,3-5], got node[3-1]",
            ])
    }
}
