import Foundation
import JobContract
import Reports
import ResultQueries

@testable import Commands
@testable import ResultCatalogue

/// Whole catalogues of others, which are changed row by row as a hostile hand would. The changes are the input.
let catalogueTargets = [
    FuzzTarget("catalogues", longest: 256, seeds: { CatalogueSample.seeds }, damages: 1) { bytes, _ in
        do { try CatalogueTrial.shared.run(bytes) } catch { fatalError("a catalogue could not be made: \(error)") }
    }
]

/// Takes one colleague's catalogue after the other into one of ours, which is then asked and reported: one at a time, as all
/// have one folder.
private final class CatalogueTrial: @unchecked Sendable {
    static let shared = CatalogueTrial()
    private let folder: String
    private let files = FileManager.default
    private let turn = NSLock()

    private var theirs: String { folder + "/theirs/catalogue.sqlite" }
    private var ours: String { folder + "/ours/catalogue.sqlite" }
    private var out: String { folder + "/ours/results/out" }

    init() {
        folder = "/dev/shm/eigensweep-catalogues-\(getpid())"
        atexit { try? FileManager.default.removeItem(atPath: "/dev/shm/eigensweep-catalogues-\(getpid())") }
    }

    func run(_ changes: [UInt8]) throws {
        turn.lock()
        defer { turn.unlock() }
        try? files.removeItem(atPath: folder)
        for name in ["theirs", "ours"] {
            try files.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
        }
        try CatalogueSample.theirs.write(to: URL(fileURLWithPath: theirs))
        try CatalogueSample.ours.write(to: URL(fileURLWithPath: ours))
        var hand = CatalogueChanges(changes)
        try hand.make(at: theirs)
        if let reader = try? CatalogueReader(path: theirs) {
            look(at: reader)
            try mergeIn(reader)
        }
        // Nothing was made outside of the folder of results.
        let made = try files.subpathsOfDirectory(atPath: folder).filter {
            !$0.hasPrefix("ours/results/out") && !$0.hasPrefix("theirs/catalogue.sqlite")
                && !$0.hasPrefix("ours/catalogue.sqlite")
        }
        precondition(Set(made).isSubset(of: ["theirs", "ours", "ours/results"]), "\(made) was made")
        for name in (try? files.subpathsOfDirectory(atPath: out)) ?? [] {
            precondition(PlainName.isComponent(name), "\(name) was made")
        }
    }

    private func mergeIn(_ reader: CatalogueReader) throws {
        let catalogue = try Catalogue(path: ours)
        let before = try content(catalogue.reader)
        guard let outcome = try? catalogue.merge(reader, states: true) else {
            let after = try content(catalogue.reader)
            precondition(after == before, "a merge that failed changed something")
            return
        }
        try check(catalogue.reader)
        // A second merge brings nothing new.
        let whole = try content(catalogue.reader)
        let again = try catalogue.merge(reader, states: true)
        precondition(
            again.trials + again.checkpoints + again.measures + again.sweeps.count == 0, "\(outcome) then \(again)")
        let still = try content(catalogue.reader)
        precondition(still == whole, "a second merge changed something")
        look(at: catalogue.reader)
    }

    private func content(_ reader: CatalogueReader) throws -> [CatalogueRows] {
        try [
            "trial", "training", "milestone", "measured", "measurement", "artifact", "attempt", "sweep", "revision",
            "wish",
        ]
        .map { try reader.rows("SELECT * FROM \($0)") }
    }

    /// Checks what must hold of a catalogue whatever was merged into it.
    private func check(_ reader: CatalogueReader) throws {
        let wrong =
            try reader.wrongCounts() + reader.rows("SELECT * FROM pragma_foreign_key_check").rows.map { "\($0)" }
        precondition(wrong.isEmpty, "\(wrong)")
        let whole = try reader.rows("SELECT * FROM pragma_integrity_check").rows
        precondition(whole == [[.text("ok")]], "\(whole)")
        for sweep in try reader.sweeps() {
            precondition(PlainName.fault(sweep.name) == nil, "a sweep is called \(sweep.name)")
            guard let stored = try reader.sweep(named: sweep.name) else { fatalError("\(sweep.name) cannot be read") }
            precondition(stored.misnamed.isEmpty, "\(sweep.name) has trials that are not what they are named for")
            for trial in stored.trials {
                guard let training = stored.trainings[trial.training], let request = stored.datasets[trial.training]
                else {
                    fatalError("\(sweep.name) has a trial without training or images")
                }
                precondition(request.agrees(with: training.spec), "\(sweep.name) asks for other images than it names")
            }
            let nobody = TrustedWorkers(path: folder + "/nobody")
            let isOurs = stored.worker.command == ["eigensweep-worker"] && stored.worker.upload.isEmpty
            precondition(nobody.contains(stored.worker) == isOurs, "\(stored.worker) would be run")
        }
        for name in try reader.rows(
            "SELECT measure FROM measure_request UNION SELECT name FROM artifact UNION SELECT name FROM quantity"
        ).rows {
            precondition(PlainName.fault(name[0].text ?? "") == nil, "\(name)")
        }
        for digest in try reader.rows(
            "SELECT weights FROM milestone UNION SELECT digest FROM artifact UNION SELECT job FROM attempt"
        ).rows {
            precondition(Digest(hex: digest[0].text ?? "") != nil, "\(digest)")
        }
    }

    /// Asks what a person asks of a catalogue: answers and refusals must not steer the terminal.
    private func look(at reader: CatalogueReader) {
        func see(_ text: String) {
            precondition(
                !text.unicodeScalars.contains { ShownText.steers($0) && $0 != "\n" && $0 != "\t" },
                "\(text.debugDescription)")
        }
        let status = (try? StatusReport(reader).tables()) ?? []
        for format in OutputFormat.allCases { see(ResultTable.render(status, format)) }
        var request = QueryRequest()
        request.groupBy = ["dataset.size"]
        request.statistics = [.mean, .count]
        if let table = try? Query(reader).run(request) { see(table.render(.table)) }
        if let table = try? Query(reader).run(sql: "SELECT * FROM trials", seconds: 1) { see(table.render(.csv)) }
        for sweep in (try? reader.sweeps()) ?? [] {
            guard let page = try? SweepPage(reader, sweep: sweep.name, store: folder + "/store", searchPath: "") else {
                continue
            }
            var renderer = PageRenderer(page, program: "fuzz")
            if let text = try? renderer.render() { see(text) }
            if let pictures = try? SweepPictures(reader, sweep: sweep.name) {
                for picture in pictures.pictures {
                    precondition(PlainName.isComponent(picture.name) && Digest(hex: picture.digest) != nil)
                }
                _ = try? pictures.copy(from: folder + "/ours/store", into: out)
            }
        }
    }
}
