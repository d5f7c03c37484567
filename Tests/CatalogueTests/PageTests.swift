import Foundation
import JobContract
import SweepModel
import Testing

@testable import Reports
@testable import ResultCatalogue
@testable import ResultQueries

/// What the page of a sweep holds.
@Suite struct PageTests {
    private func page(_ fixture: PageFixture, searchPath: String? = nil) throws -> SweepPage {
        try SweepPage(
            try fixture.reader, sweep: PageFixture.sweepName, store: fixture.store,
            searchPath: searchPath ?? ProcessInfo.processInfo.environment["PATH"] ?? "")
    }

    private func text(_ page: SweepPage) throws -> String {
        var renderer = PageRenderer(page, program: "eigensweep test")
        return try renderer.render()
    }

    @Test func itHoldsTheQuestionTheGridTheFindingsAndWhereTheyCameFrom() throws {
        let fixture = try PageFixture()
        let page = try page(fixture)
        #expect(page.about == PageFixture.about)
        #expect(page.states.map(\.state) == ["succeeded", "failed"] && page.states.map(\.trials) == [23, 1])
        #expect(
            page.axes == [
                .init(key: "dataset.size", values: ["16", "128", "1024"]),
                .init(key: "model.scale", values: ["4", "8"]), .init(key: "seed", values: ["0", "1"]),
                .init(key: "training.steps", values: ["1024", "16384"]),
            ])
        let settings = page.settings.table.rows.map { $0[0] }
        #expect(settings.contains(.text("training.batch")) && !settings.contains(.text("dataset.size")))
        let analysis = try Analysis(try fixture.reader, sweep: PageFixture.sweepName, store: fixture.store)
            .run(into: fixture.scratch.path, figures: [])
        #expect(page.findings.starts(with: analysis.sentences) && !analysis.sentences.isEmpty)
        #expect(page.problem == nil)
        #expect(page.figures.map(\.name) == FigureName.allCases.filter { $0 != .samples }.map(\.rawValue))
        #expect(page.figures.allSatisfy { $0.svg != nil && !$0.values.isEmpty && !$0.data.table.rows.isEmpty })
        #expect(page.pictures.count == 3 && page.picturesNote == nil)
        #expect(page.trials.table.rows.count == 24)
        #expect(page.trials.table.columns.contains("memorization.copied"))

        let tables = Dictionary(
            uniqueKeysWithValues: (page.attempts + page.provenance).map { ($0.table.name, $0.table) })
        let hosts = try #require(tables["hosts"]?.rows.first)
        #expect(Array(hosts[2...6]) == [24, 24, 23, 1, 0].map { .integer($0) })
        #expect(tables["failures"]?.rows.first?.prefix(3) == [.text("job-fault"), .text("train"), .integer(1)])
        #expect(tables["failed_trials"]?.rows.count == 1)
        #expect(tables["workers"]?.rows.first?[2] == .text("0.1.0+0123456789ab.g63b5f73abcde"))
        #expect(tables["workers"]?.rows.first?.last == .text("63b5f73abcde"))
        #expect(tables["measures"]?.rows.map { $0[0] } == PageFixture.requests.map { .text($0.measure) })
        #expect(tables["datasets"]?.rows.count == 3 && tables["catalogue"]?.rows.count == 1)
        #expect(
            page.commands[0] == "git checkout 63b5f73abcde"
                && page.commands[1]
                    == "eigensweep launch '</title><script>alert(1)</script>.yaml' --set profile=quick --set 'seed=[0, 1]'"
        )
    }

    /// Each value lies in the drawing where gnuplot put its point.
    @Test func valuesLieWhereTheyAreDrawn() throws {
        let figures = try page(try PageFixture()).figures
        for figure in figures where !figure.name.hasPrefix("phase-map") {
            let drawn = try #require(figure.svg).matches(of: /<use [^>]*translate\(([0-9.]+),([0-9.]+)\)/).map {
                (x: Double($0.1) ?? 0, y: Double($0.2) ?? 0)
            }
            // Reference lines have no points.
            for value in figure.values
            where !["Gaussian:", "identity:", "all alike:", "held-out images:"].contains(where: value.text.hasPrefix) {
                #expect(
                    drawn.contains { abs($0.x - value.x) < 0.6 && abs($0.y - value.y) < 0.6 },
                    "\(figure.name): \(value)")
            }
        }
        let map = try #require(figures.first { $0.name == "phase-map" })
        #expect(map.values.count == 6)
        let places = map.values.map { Int($0.x.rounded()) }
        // Three sizes lie in even steps, at each of two scales.
        #expect(Set(places).count == 3 && Set(map.values.map { Int($0.y.rounded()) }).count == 2)
        let sorted = Set(places).sorted()
        #expect(abs((sorted[1] - sorted[0]) - (sorted[2] - sorted[1])) <= 1)
        #expect(map.values.contains { $0.text.hasPrefix("N = 16, scale 4, length 16 k steps: memorizing, copied 0.9") })
    }

    @Test func nothingThatOthersWroteIsMarkup() throws {
        let text = try text(try page(try PageFixture()))
        for hostile in ["<script>alert", "<img src=x", "<b onclick", "</pre><script", "A CPU <i>", "\u{1B}"] {
            #expect(!text.contains(hostile), "\(hostile)")
        }
        #expect(text.contains("&lt;script&gt;alert(1)"))
        #expect(
            text.components(separatedBy: "<script").count == 3 && text.components(separatedBy: "</script>").count == 3)
        #expect(text.contains("default-src 'none'") && !text.contains("http-equiv=\"refresh\""))
    }

    /// A page is sent to others, and reasons quote what hosts and workers say.
    @Test(arguments: [
        ("cannot open /home/ada/data/x.npy", "cannot open ~/data/x.npy"),
        ("ada@node7.example.org: Permission denied", "…: Permission denied"),
        ("cannot connect to 192.0.2.17 port 22", "cannot connect to … port 22"),
        ("cannot connect to 2001:db8:0:0:0:0:0:7 port 22", "cannot connect to … port 22"),
        ("the lock '/scratch/ada/run 3/lock'", "the lock '…/run 3/lock'"),
        ("machine 0123456789abcdef0123456789abcdef", "machine …"),
        ("(/root/.eigensweep/store is full)", "(~/.eigensweep/store is full)"),
        (
            "the weights abc13930af52 are lost: 3/4 at 12:30:45, version 1.2.3",
            "the weights abc13930af52 are lost: 3/4 at 12:30:45, version 1.2.3"
        ),
    ])
    func whatNamesPeopleAndPlacesIsShortened(_ reason: String, _ shown: String) throws {
        let fixture = try PageFixture(sizes: [16], scales: [4], seeds: [0])
        var page = try SweepPage(
            CatalogueReader(path: fixture.scratch.catalogue), sweep: PageFixture.sweepName, store: fixture.scratch.path)
        let table = ResultTable(
            name: "failures", columns: ["host", "reason"], rows: [[.text("node7"), .text(reason)]])
        page.attempts = [.init(title: "Attempts", table: table)]
        page.file = "dataset: {source: /home/ada/faces.zip}"
        page.leavePrivateFactsOut()
        #expect(page.attempts[0].table.rows == [[.text("node7"), .text(shown)]])
        #expect(page.file == "dataset: {source: ~/faces.zip}")
    }

    @Test func equalCataloguesMakeEqualPages() throws {
        let fixture = try PageFixture(sizes: [16, 128])
        let first = try text(try page(fixture))
        let second = try text(try page(fixture))
        #expect(first == second)
        for section in ["findings", "grid", "figures", "samples", "trials", "attempts", "provenance", "reproduce"] {
            #expect(first.contains("<section id=\"\(section)\">"), "\(section)")
        }
    }

    @Test func itIsWrittenWithoutDrawingsWhereGnuplotIsMissing() throws {
        let page = try page(try PageFixture(sizes: [16, 128]), searchPath: "/nowhere")
        #expect(page.problem?.message.contains("gnuplot-nox") == true)
        #expect(page.figures.allSatisfy { $0.svg == nil && !$0.data.table.rows.isEmpty })
        #expect(try text(page).contains("gnuplot-nox"))
    }

    @Test func picturesThatAreMissingOrDamagedAreSaidToBe() throws {
        let fixture = try PageFixture(sizes: [16])
        let digest = try #require(try SweepPictures(try fixture.reader, sweep: PageFixture.sweepName).pictures.first)
            .digest
        try Data("<svg onload=alert(1)>".utf8)
            .write(to: URL(fileURLWithPath: "\(fixture.store)/\(digest.prefix(2))/\(digest)"))
        let page = try page(fixture)
        #expect(page.pictures.isEmpty && page.picturesNote == "1 pictures are not in the store, or damaged there.")
    }

    @Test func aSweepWithoutResultsHasAPageToo() throws {
        let scratch = try Scratch()
        let catalogue = try Catalogue(path: scratch.catalogue)
        try catalogue.store(Fixture.sweep())
        let page = try SweepPage(catalogue.reader, sweep: "dataset-size", store: scratch.path)
        #expect(page.figures.isEmpty && page.findings.count == 1 && page.trials.table.rows.count == 8)
        #expect(try text(page).contains("8 waiting"))
        #expect(throws: ReportError.self) {
            try SweepPage(catalogue.reader, sweep: "none", store: scratch.path)
        }
    }

    @Test func fiveHundredTrialsStayBelowFiveMegabytes() throws {
        let fixture = try PageFixture(
            sizes: [16, 64, 256, 1024, 4096], scales: Array(1...10), seeds: Array(0..<5))
        #expect(fixture.sweep.trials.count == 500)
        let page = try page(fixture)
        #expect(page.trials.table.rows.count == 500)
        let size = try text(page).utf8.count
        #expect(size < 5_000_000, "\(size) bytes")
    }
}
