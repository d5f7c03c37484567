import Foundation
import Testing

/// Files of the stores, here and on the host, are damaged between two runs. The second run ends complete with the bits of
/// an undisturbed one, tells of each damage once, and does not compute again what is still whole somewhere.
@Suite(.serialized, .enabled(if: slowTestsWanted, whySlow), .timeLimit(.minutes(10)))
struct StoreDamageTests {
    enum Damaging: String, CaseIterable { case flipped, cut, empty, gone, directory }
    enum What: String, CaseIterable { case weights, state, dataset, program }
    enum Place: String, CaseIterable { case coordinator, host, both }

    /// Whether every file is damaged in every way, not each in one.
    private let longTestsWanted = ProcessInfo.processInfo.environment["EIGENSWEEP_LONG_TESTS"] != nil

    private static let lengths = "[20, 40, 60]"
    private static let measures =
        "measures: [{memorization: {samples: 32, steps: 4}}, {gaussian-distance: {samples: 32, sigmas: [0.5, 4]}}]"
    private static let fewer = "measures: [{memorization: {samples: 32, steps: 4}}]"

    /// What the longer sweep gives when nothing disturbs it.
    private static let undisturbed: Result<[String], any Error> = Result {
        try withLab { lab in
            #expect(try lab.run("launch", lab.write("more.yaml", smallSweep(lengths: lengths))).status == 0)
            return try lab.measurements() + digests(lab)
        }
    }

    private static func digests(_ lab: Lab) throws -> [String] {
        try lab.rows("SELECT t.trial_id, m.weights FROM milestone m JOIN trial t ON t.key = m.trial ORDER BY 1")
    }

    /// Calls `body` with a lab whose first sweep is done, and the longer one that is launched next.
    private func withFirstSweep(_ body: (Lab, _ more: String) throws -> Void) throws {
        try withLab { lab in
            let first = smallSweep().replacingOccurrences(of: Self.measures, with: Self.fewer)
            #expect(first.contains(Self.fewer))
            #expect(try lab.run("launch", lab.write("first.yaml", first)).status == 0)
            for agent in lab.processes(matching: "eigensweep-agent") { kill(agent, SIGTERM) }
            try lab.wait(20, for: "the agent's end") { lab.processes(matching: "eigensweep-agent").isEmpty }
            try body(lab, lab.write("more.yaml", smallSweep(lengths: Self.lengths)))
        }
    }

    /// Copies a folder with everything as it is; there are sockets in it.
    private func copy(_ source: String, _ target: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/cp")
        process.arguments = ["-a", source, target]
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }

    private func files(_ what: What, _ lab: Lab) throws -> [String] {
        switch what {
        case .weights: return try lab.rows("SELECT DISTINCT weights FROM milestone")
        case .state: return try lab.rows("SELECT DISTINCT state FROM milestone WHERE state NOT NULL")
        case .dataset:
            let cache = try String(contentsOfFile: lab.directory.path + "/store/datasets.json", encoding: .utf8)
            let digest = try #require(cache.range(of: #"(?<="digest" : ")[0-9a-f]{64}"#, options: .regularExpression))
            return [String(cache[digest])]
        case .program:
            let shards = try FileManager.default.subpathsOfDirectory(atPath: lab.directory.path + "/host/store")
            return shards.compactMap { path in
                let whole = "\(lab.directory.path)/host/store/\(path)"
                var isDirectory = ObjCBool(false)
                let exists = FileManager.default.fileExists(atPath: whole, isDirectory: &isDirectory)
                guard exists, !isDirectory.boolValue, FileManager.default.isExecutableFile(atPath: whole),
                    URL(fileURLWithPath: whole).lastPathComponent.count == 64, access(whole, X_OK) == 0,
                    (try? FileManager.default.attributesOfItem(atPath: whole)[.size] as? Int) ?? 0 > 1 << 20
                else { return nil }
                return URL(fileURLWithPath: whole).lastPathComponent
            }
        }
    }

    /// Damages files, and returns how many there were to damage.
    private func strike(_ damaging: Damaging, _ digests: [String], _ place: Place, _ lab: Lab) throws -> Int {
        let stores = place == .coordinator ? ["store"] : place == .host ? ["host/store"] : ["store", "host/store"]
        var count = 0
        for path in stores.flatMap({ store in digests.map { "\(lab.directory.path)/\(store)/\($0.prefix(2))/\($0)" } })
        {
            guard var content = FileManager.default.contents(atPath: path) else { continue }
            count += 1
            try FileManager.default.removeItem(atPath: path)
            switch damaging {
            case .flipped: content[content.count / 2] ^= 1
            case .cut: content.removeLast(7)
            case .empty: content = Data()
            case .gone: continue
            case .directory:
                try FileManager.default.createDirectory(atPath: path + "/in", withIntermediateDirectories: true)
                continue
            }
            try content.write(to: URL(fileURLWithPath: path))
        }
        return count
    }

    @Test(arguments: What.allCases, Place.allCases)
    func theNextLaunchEndsWithTheSameBits(what: What, place: Place) throws {
        let undisturbed = try Self.undisturbed.get()
        try withFirstSweep { lab, more in
            // Files that are read through and made again at once meet all ways of damaging alike.
            var ways = what == .weights ? Damaging.allCases : [.flipped, .gone, .directory]
            if !longTestsWanted { ways = [ways[(what.number + place.number) % ways.count]] }
            for damaging in ways {
                let name = "\(what) \(damaging) at \(place)"
                // Each way begins with what the first sweep left.
                let saved = lab.directory.path + "-saved"
                if damaging == ways.first {
                    try? FileManager.default.removeItem(atPath: saved)
                    try copy(lab.directory.path, saved)
                } else {
                    for agent in lab.processes(matching: "eigensweep-agent") { kill(agent, SIGKILL) }
                    for part in ["store", "host", "catalogue.sqlite", "catalogue.sqlite-wal", "catalogue.sqlite-shm"] {
                        try? FileManager.default.removeItem(atPath: "\(lab.directory.path)/\(part)")
                        guard FileManager.default.fileExists(atPath: "\(saved)/\(part)") else { continue }
                        try copy("\(saved)/\(part)", "\(lab.directory.path)/\(part)")
                    }
                }
                defer { if damaging == ways.last { try? FileManager.default.removeItem(atPath: saved) } }
                let digests = try files(what, lab)
                let struck = try strike(damaging, digests, place, lab)
                #expect(struck > 0 || what == .program && place == .coordinator, "\(name)")
                let output = try lab.run("launch", more)
                #expect(output.status == 0, "\(name): \(output.err)")
                #expect(try lab.measurements() + Self.digests(lab) == undisturbed, "\(name)")
                #expect(try lab.count("evidence") == 0, "\(name)")
                let lines = output.err.split(separator: "\n")
                for digest in digests {
                    for store in ["store", "host/store"] {
                        let told = lines.filter {
                            $0.contains("is damaged") && $0.contains("\(lab.directory.path)/\(store)/damaged/\(digest)")
                        }
                        #expect(told.count <= 1, "\(name): told \(told.count) times")
                    }
                }
                if place == .host, what != .program {
                    #expect(!output.err.contains("are lost"), "\(name): the coordinator has it whole")
                }
                if place == .coordinator {
                    // The host has every file whole: nothing is trained or measured twice.
                    let trained = try lab.rows(
                        "SELECT count(*) FROM attempt WHERE kind = 'train' AND outcome = 'succeeded'")
                    #expect(trained == ["8"], "\(name): \(output.err)")
                }
            }
        }
    }

    @Test(arguments: Damaging.allCases) func theDoctorFindsDamageAndMendsIt(damaging: Damaging) throws {
        try withLab { lab in
            let sweep = try lab.write("small.yaml", smallSweep())
            #expect(try lab.run("launch", sweep).status == 0)
            let before = try lab.measurements() + Self.digests(lab)
            let weights = try files(.weights, lab)
            // The host has a whole copy of the first file; of the second nobody has.
            #expect(try strike(damaging, [weights[0]], .coordinator, lab) == 1)
            #expect(try strike(damaging, [weights[1]], .both, lab) == 2)
            let found = try lab.run("doctor", "--format", "json")
            #expect(found.status == 5, "\(found)")
            for digest in weights.prefix(2) { #expect(found.out.contains(digest.prefix(12)), "\(found.out)") }
            if damaging != .gone { #expect(found.out.contains("damaged in its store"), "\(found.out)") }
            #expect(!FileManager.default.fileExists(atPath: lab.directory.path + "/store/damaged"), "it only looks")
            #expect(
                !FileManager.default.fileExists(atPath: lab.directory.path + "/host/store/damaged"), "it only looks")
            let mended = try lab.run("doctor", "--repair")
            #expect(mended.status == 0, "\(mended)")
            #expect(
                try lab.rows("SELECT state, count(*) FROM trial GROUP BY 1 ORDER BY 1") == ["succeeded|7", "waiting|1"])
            #expect(try lab.run("doctor").status == 0, "it is known, and to be made again")
            let resumed = try lab.run("resume")
            #expect(resumed.status == 0, "\(resumed.err)")
            #expect(try lab.measurements() + Self.digests(lab) == before)
            #expect(try lab.count("evidence") == 0)
            #expect(try lab.rows("SELECT count(*) FROM attempt WHERE kind = 'measure'") == ["8"], "its measures stood")
            let healthy = try lab.run("doctor", "--thorough")
            #expect(healthy.status == 0 && !healthy.out.contains("is damaged"), "\(healthy)")
        }
    }

    @Test func anArtifactThatIsLostIsMeasuredAgain() throws {
        try withLab { lab in
            let sweep = try lab.write("small.yaml", smallSweep())
            let launched = try lab.run("launch", sweep)
            #expect(launched.status == 0, "\(launched.err)")
            let before = try lab.measurements()
            let picture = try #require(try lab.rows("SELECT digest FROM artifact").first)
            #expect(try strike(.flipped, [picture], .both, lab) >= 1)
            #expect(try lab.run("doctor").status == 5)
            #expect(try lab.run("doctor", "--repair").status == 0)
            let path = "\(lab.directory.path)/store/\(picture.prefix(2))/\(picture)"
            #expect(!FileManager.default.fileExists(atPath: path))
            #expect(try lab.run("resume").status == 0)
            #expect(FileManager.default.fileExists(atPath: path))
            #expect(try lab.measurements() == before && lab.count("evidence") == 0)
            #expect(try lab.run("doctor", "--thorough").status == 0)
        }
    }

    @Test func weightsThatAreLostEverywhereAreTrainedAgain() throws {
        try withLab { lab in
            let sweep = try lab.write("small.yaml", smallSweep())
            #expect(try lab.run("launch", sweep).status == 0)
            let before = try lab.measurements()
            let weights = try #require(try lab.rows("SELECT weights FROM milestone").first)
            #expect(try strike(.flipped, [weights], .both, lab) >= 1)
            #expect(try lab.run("doctor", "--repair").status == 0)
            #expect(try lab.run("resume").status == 0)
            let path = "\(lab.directory.path)/store/\(weights.prefix(2))/\(weights)"
            #expect(FileManager.default.fileExists(atPath: path))
            #expect(try lab.measurements() == before && lab.count("evidence") == 0)
            #expect(try lab.run("doctor", "--thorough").status == 0)
        }
    }

    /// The sweep's dataset cannot be prepared, so the launch ends before the sweep is stored.
    @Test func whereALaunchLeftNoSweepResumeSaysWhatToLaunch() throws {
        try withLab { lab in
            let text = smallSweep().replacingOccurrences(of: "source: geometric", with: "source: nowhere")
                .replacingOccurrences(of: "count: 256, ", with: "")
            #expect(try lab.run("launch", lab.write("small.yaml", text)).status == 3)
            let resumed = try lab.run("resume")
            #expect(resumed.status == 5, "\(resumed)")
            #expect(resumed.err.contains("no sweep") && resumed.err.contains("eigensweep launch"), "\(resumed)")
            #expect(!resumed.err.contains("finished"))
            let named = try lab.run("resume", "small")
            #expect(named.status == 2 && named.err.contains("it has none"), "\(named)")
            #expect(try lab.run("launch", lab.write("small.yaml", smallSweep())).status == 0)
            let finished = try lab.run("resume")
            #expect(finished.status == 0 && finished.err.contains("finished"), "\(finished)")
        }
    }
}

extension CaseIterable where Self: Equatable, AllCases.Index == Int {
    /// The case's place among all.
    fileprivate var number: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
