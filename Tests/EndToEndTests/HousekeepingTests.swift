import Foundation
import Testing

/// What people tidy up, beside runs and after them.
@Suite(.serialized, .enabled(if: slowTestsWanted, whySlow), .timeLimit(.minutes(4)))
struct HousekeepingTests {
    private func storeFiles(_ lab: Lab) throws -> [String] {
        let store = URL(fileURLWithPath: lab.catalogue).deletingLastPathComponent().appendingPathComponent("store")
        let found = FileManager.default.enumerator(at: store, includingPropertiesForKeys: nil)?.allObjects ?? []
        return found.compactMap { ($0 as? URL)?.lastPathComponent }.filter { $0.count == 64 }
    }

    @Test func whatRunsIsNotRemovedAndWhatRestsIs() throws {
        try withLab { lab in
            #expect(
                try lab.run("launch", lab.write("done.yaml", smallSweep(name: "done", lengths: "[20]"))).status == 0)
            let file = try lab.write("small.yaml", smallSweep(lengths: ControlTests.endless))
            let coordinator = try lab.start(["launch", file])
            try lab.wait(120, for: "a running attempt") {
                try lab.count("attempt WHERE started_at NOT NULL AND outcome IS NULL") >= 1
            }
            for words in [["remove", "small", "--yes"], ["rename", "small", "large"]] {
                let refused = try lab.run(words)
                #expect(refused.status == 2 && refused.err.contains("eigensweep cancel small"), "\(refused)")
            }
            let one = try lab.run("remove", "@small: dataset.size=4, model.scale=4, training.steps=300")
            #expect(
                one.status == 2 && one.err.contains("eigensweep cancel small") && !one.err.contains("goes"), "\(one)")
            // Beside a run people may write what they think.
            #expect(try lab.run("note", "small", "takes for ever").status == 0)
            #expect(try lab.run("tag", "@small: dataset.size=4, model.scale=4, training.steps=300", "odd").status == 0)
            let found = try lab.run("trials", "small", "--tag", "odd", "--show", "tags", "--format", "csv")
            #expect(found.out.split(separator: "\n").count == 2 && found.out.contains("odd"), "\(found)")
            let freed = try lab.run("store", "--free")
            #expect(freed.status == 2 && freed.err.contains("a coordinator runs"), "\(freed)")
            let other = try lab.run("remove", "done", "--files", "--yes")
            #expect(other.status == 0 && other.err.contains("store --free"), "\(other)")

            // A run that was stopped has left its jobs to the hosts.
            #expect(try lab.run("stop").status == 0)
            coordinator.waitUntilExit()
            let open = try lab.run("remove", "small", "--yes")
            #expect(open.status == 2 && open.err.contains("resume small"), "\(open)")
            #expect(try lab.count("sweep") == 1)
            try lab.run("cancel", "small")
            #expect(try lab.run("resume", "small").status == 0)
            #expect(try lab.run("note", "small").out == "takes for ever\n")
            let asked = try lab.run("remove", "small")
            #expect(asked.status == 2 && asked.err.contains("--yes") && asked.err.contains("8 trials go"), "\(asked)")
            let removed = try lab.run("remove", "small", "--files", "--yes")
            #expect(removed.status == 0 && removed.err.contains("freed"), "\(removed)")
            #expect(try lab.count("trial") == 0)
            #expect(try lab.rows("PRAGMA foreign_key_check") == [])
            #expect(try lab.run("doctor").status == 0)
        }
    }

    @Test func aSweepThatIsRenamedAndOneThatSharesItsTrials() throws {
        try withLab { lab in
            let first = try lab.write("first.yaml", smallSweep(name: "first", lengths: "[20, 40]"))
            #expect(try lab.run("launch", first).status == 0)
            let attempts = try lab.count("attempt")
            #expect(try lab.run("rename", "first", "kept").status == 0)
            // A name may hold what ends it before a trial's place.
            let odd = "kept: seed=1"
            #expect(try lab.run("rename", "kept", odd).status == 0)
            let trial = try lab.run("trial", "@\(odd): dataset.size=4, model.scale=4, training.steps=20")
            #expect(trial.status == 0 && trial.out.contains("succeeded"), "\(trial)")
            #expect(try lab.run("rename", odd, "kept").status == 0)
            // The file launches a sweep of its name anew, and nothing is computed again.
            #expect(try lab.run("launch", first).status == 0)
            #expect(try lab.count("attempt") == attempts)
            let before = try storeFiles(lab)
            let removed = try lab.run("remove", "first", "--files", "--yes")
            #expect(removed.status == 0 && removed.err.contains("listed by kept"), "\(removed)")
            #expect(try lab.rows("SELECT sweep, count(*) FROM sweep_trials WHERE state = 'succeeded'") == ["kept|8"])
            #expect(try Set(storeFiles(lab)) == Set(before))
            // A single trial goes, and the sweep's file brings it again.
            let place = "@kept: dataset.size=4, model.scale=4, training.steps=40"
            #expect(try lab.run("remove", place, "--files", "--yes").status == 0)
            #expect(try storeFiles(lab).count < before.count)
            #expect(
                try lab.run("launch", lab.write("kept.yaml", smallSweep(name: "kept", lengths: "[20, 40]"))).status == 0
            )
            #expect(try lab.rows("SELECT count(*) FROM sweep_trials WHERE state = 'succeeded'") == ["8"])
            #expect(try Set(storeFiles(lab)) == Set(before))
            #expect(try lab.run("doctor").status == 0)
        }
    }

    @Test func whatDatasetsAreMadeOf() throws {
        try withLab { lab in
            let checked = try lab.run(
                "data", "check", "geometric", "--set", "dataset.count=64", "--set", "dataset.resolution=8")
            #expect(checked.status == 0 && checked.out.contains("64 images made"), "\(checked)")
            let shown = try lab.run(
                "data", "show", "geometric", "--set", "dataset.count=64", "--set", "dataset.resolution=8", "--count",
                "9",
                "--out", "sheet.png")
            #expect(shown.status == 0 && shown.err.contains("9 images of 64"), "\(shown)")
            let sheet = try Data(contentsOf: lab.directory.appendingPathComponent("sheet.png"))
            // Three images side by side, of 64 pixels each, and a line beside each.
            #expect(Array(sheet.prefix(24).suffix(8)) == [0, 0, 0, 196, 0, 0, 0, 196])
            let missing = try lab.run("data", "check", "nowhere.zip")
            #expect(missing.status == 3 && missing.err.contains("nowhere.zip"), "\(missing)")
            let sweep = try lab.write("small.yaml", smallSweep(lengths: "[20]"))
            #expect(try lab.run("data", "check", sweep).status == 0)
            #expect(try lab.run("launch", sweep).status == 0)
            let listed = try lab.run("data", "list", "--format", "csv")
            #expect(listed.out.contains("geometric,8,1,") && listed.out.contains(",small,"), "\(listed)")
        }
    }
}
