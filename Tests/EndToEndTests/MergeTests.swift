import Foundation
import Testing

/// A colleague's results come with their files.
@Suite(.serialized, .enabled(if: slowTestsWanted, whySlow), .timeLimit(.minutes(4)))
struct MergeTests {
    @Test func mergedFilesAreTrainedOnAndADamagedOneIsRefusedAlone() throws {
        try withLab { theirs in
            let file = try theirs.write("small.yaml", smallSweep())
            #expect(try theirs.run("launch", file).status == 0)
            let measurements = try theirs.measurements()
            try withLab { ours in
                let merged = try ours.run("merge", theirs.catalogue, "--files")
                #expect(merged.status == 0, "\(merged)")
                #expect(
                    merged.out.contains("8 new trials") && merged.out.contains("new sweeps: small"), "\(merged.out)")
                #expect(try ours.measurements() == measurements)
                let doctor = try ours.run("doctor", "--thorough")
                #expect(doctor.status == 0, "every file that the catalogue names is whole: \(doctor)")
                let attempts = try ours.count("attempt")
                let longer = try ours.write("small.yaml", smallSweep(lengths: "[20, 40, 60]"))
                let plan = try ours.run("plan", longer)
                #expect(plan.out.contains("640"), "four trainings go on from merged states: \(plan.out)")
                #expect(try ours.run("launch", longer).status == 0)
                #expect(try ours.rows("SELECT state, count(*) FROM trials GROUP BY 1") == ["succeeded|12"])
                #expect(try ours.count("attempt") > attempts)
            }
            let weights = try theirs.rows("SELECT weights FROM milestone WHERE trial = 2")[0]
            let path = theirs.directory.appendingPathComponent("store/\(weights.prefix(2))/\(weights)").path
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
            let whole = try Data(contentsOf: URL(fileURLWithPath: path))
            try Data("damaged".utf8).write(to: URL(fileURLWithPath: path))
            try withLab { ours in
                let refused = try ours.run("merge", theirs.catalogue, "--files")
                #expect(refused.status == 5 && refused.err.contains("\(path) is damaged"), "\(refused)")
                #expect(try ours.measurements() == measurements, "what is recorded is whole")
                let store = ours.directory.appendingPathComponent("store")
                let damaged = store.appendingPathComponent("\(weights.prefix(2))/\(weights)").path
                #expect(!FileManager.default.fileExists(atPath: damaged))
                let doctor = try ours.run("doctor", "--thorough")
                #expect(doctor.status != 0 && doctor.out.contains(weights.prefix(12)), "\(doctor)")
                // Once the file is mended there, it comes too.
                try Data(whole).write(to: URL(fileURLWithPath: path))
                let mended = try ours.run("merge", theirs.catalogue, "--files")
                #expect(mended.status == 0 && mended.out.contains("copied 1 file ("), "\(mended)")
                #expect(try ours.run("doctor", "--thorough").status == 0)
            }
        }
    }
}
