import Foundation
import Testing

/// A run that goes on, in a real browser.
@Suite(
    .serialized, .enabled(if: slowTestsWanted, whySlow), .timeLimit(.minutes(4)),
    .enabled("chromium is not installed here (Debian package chromium)") { RemoteBrowser.program != nil })
struct ServedRunTests {
    /// Runs `body` with a served catalogue of a run that goes on.
    private func withServedRun(_ body: (Lab, RemoteBrowser, String, pid_t) throws -> Void) throws {
        try withLab { lab in
            let file = try lab.write("small.yaml", smallSweep(lengths: "[300, 1500, 4000]"))
            _ = try lab.start(["launch", file])
            try lab.wait(60, for: "a running attempt") { try lab.count("attempt WHERE started_at NOT NULL") >= 1 }
            let server = Process()
            server.executableURL = lab.programs.appendingPathComponent("eigensweep")
            server.arguments = ["serve", "--catalogue", lab.catalogue]
            server.currentDirectoryURL = lab.directory
            let out = Pipe()
            (server.standardOutput, server.standardError) = (out, FileHandle.nullDevice)
            try server.run()
            defer { kill(server.processIdentifier, SIGINT) }
            let address = String(decoding: out.fileHandleForReading.availableData, as: UTF8.self)
                .trimmingCharacters(in: .whitespacesAndNewlines)
            let browser = try RemoteBrowser(in: lab.directory)
            defer { browser.close() }
            try body(lab, browser, address, server.processIdentifier)
            #expect(browser.complaints.isEmpty, "\(browser.complaints)")
            let strangers = browser.requests.filter {
                !$0.hasPrefix(address) && $0 != "about:blank" && !$0.hasPrefix("data:")
            }
            #expect(browser.requests.count > 3 && strangers.isEmpty, "\(strangers)")
        }
    }

    /// A page says that it waits, and that it was answered nothing, and goes on by itself.
    @Test func aPageWaitsForItsServer() throws {
        try withServedRun { lab, browser, address, server in
            try browser.visit(address + "#view=hosts")
            try browser.wait(30, for: "document.body && document.body.dataset.view === 'hosts'")
            kill(server, SIGSTOP)
            defer { kill(server, SIGCONT) }
            _ = try browser.value("go({view: 'notes'}) && 0")
            try browser.wait(
                10,
                for:
                    "!element('complaint').hidden && element('complaint').textContent.startsWith('No answer yet')")
            kill(server, SIGCONT)
            try browser.wait(10, for: "element('complaint').hidden && document.body.dataset.view === 'notes'")
            _ = try browser.value(
                """
                (() => {
                  const whole = fetch;
                  let failures = 1;
                  window.fetch = (...words) => failures-- > 0 ? Promise.reject(new TypeError("Failed to fetch")) : whole(...words);
                  go({view: "trials"});
                  return 0;
                })()
                """)
            try browser.wait(5, for: "element('complaint').textContent === 'the server does not answer'")
            try browser.wait(
                15, for: "element('complaint').hidden && document.querySelectorAll('#content tbody tr').length > 0")
        }
    }

    /// The rows that the page shows, each cell as it was before it was rounded, and the result at which it was read.
    private func shown(_ browser: RemoteBrowser) throws -> (result: Int, rows: [[String]]) {
        let text = try browser.value(
            """
            JSON.stringify({result: Number(document.body.dataset.results), said: element("commit").textContent,
              rows: [...document.querySelectorAll("#content tbody tr")].map(row => [...row.cells].slice(1).map(cell => cell.title || cell.textContent))})
            """)
        struct Shown: Decodable {
            var result: Int
            var said: String
            var rows: [[String]]
        }
        let shown = try JSONDecoder().decode(Shown.self, from: Data((text as? String ?? "").utf8))
        #expect(shown.said.contains("result \(shown.result),"))
        return (shown.result, shown.rows)
    }

    /// What the page says while results come is what the catalogue held at the commit that the page names.
    @Test func thePageGrowsWithTheRunAndSaysWhatTheCatalogueHolds() throws {
        try withServedRun { lab, browser, address, _ in
            // The column may be no measure that anybody knows yet.
            try browser.visit(address + "#view=trials&columns=memorization.gl_score")
            var seen: Set<Int> = []
            var done = 0
            while done < 12 {
                try browser.wait(60, for: "document.querySelectorAll('#content tbody tr').length === 12")
                let (result, rows) = try shown(browser)
                seen.insert(result)
                let stored = try lab.rows(
                    """
                    SELECT t.trial_id, v.value FROM measured d JOIN trial t ON t.key = d.trial
                    JOIN quantity k ON k.request = d.request AND k.name = 'gl_score'
                    JOIN measurement v ON v.quantity = k.key AND v.measured = d.key WHERE d.key <= \(result)
                    """)
                let values = Dictionary(
                    uniqueKeysWithValues: stored.map { line in
                        let parts = line.split(separator: "|").map(String.init)
                        return (parts[0], Double(parts[1]) ?? .nan)
                    })
                for row in rows {
                    let value = Double(row[row.count - 1])
                    #expect(
                        value.map { abs($0 - (values[row[0]] ?? .nan)) < 1e-12 } ?? (values[row[0]] == nil),
                        "at result \(result) trial \(row[0]) has \(row[row.count - 1]), stored is \(values[row[0]] ?? .nan)"
                    )
                }
                done = values.count
                try browser.wait(
                    60, for: "document.body.dataset.results > \(result) || answer.sweep.states.succeeded === 12")
            }
            #expect(seen.count > 2, "the page was never told of a change: \(seen)")
            try mapIsUsedByKeys(lab, browser, address)
            try everyViewFits(browser, address)
        }
    }

    /// Arrow keys move over the map and its sliders; its numbers are those of the command that it tells.
    private func mapIsUsedByKeys(_ lab: Lab, _ browser: RemoteBrowser, _ address: String) throws {
        try browser.resize(1400, 900)
        try browser.visit(address + "#view=map")
        try browser.wait(for: "state.view === 'map' && document.querySelectorAll('[role=gridcell]').length === 4")
        let chosen =
            "document.querySelector('[aria-selected=true]').dataset.cell + ' ' + (document.querySelector('.picture img') || {}).src"
        let first = try #require(browser.value(chosen) as? String)
        #expect(first.contains("/picture/"))
        try browser.wait(for: "document.querySelector('.picture img').naturalWidth > 0")
        _ = try browser.value("document.querySelector('[aria-selected=true]').focus()")
        try browser.press("ArrowRight")
        let second = try #require(browser.value(chosen) as? String)
        #expect(second != first && second.contains("/picture/"), "\(first), then \(second)")
        #expect(try browser.value("document.activeElement.getAttribute('aria-selected')") as? String == "true")
        let before = try browser.value("answer.view.commands[0]") as? String ?? ""
        #expect(before.contains("'training.steps > 2750 and training.steps < 8000'"), "\(before)")
        _ = try browser.value("document.querySelector('input[type=range]').focus()")
        try browser.press("ArrowLeft")
        try browser.wait(for: "answer.view.fixed['training.steps'] === '1500'")
        #expect(
            try browser.value("document.activeElement.type") as? String == "range", "a step must not lose its place")
        let command = try browser.value("document.querySelector('#commands pre').textContent") as? String ?? ""
        let query = Process()
        query.executableURL = URL(fileURLWithPath: "/bin/sh")
        query.arguments = ["-c", command + " --format csv"]
        query.environment = ["PATH": lab.programs.path + ":/usr/bin:/bin"]
        let out = Pipe()
        query.standardOutput = out
        try query.run()
        let lines = String(decoding: out.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            .split(separator: "\n").map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
        #expect(lines.count == 5, "\(command): \(lines)")
        let names = try #require(lines.first)
        let mean = try #require(names.firstIndex(of: "mean"))
        let shown = try browser.value(
            "answer.view.table.rows.map(row => [row[0], row[1], row[answer.view.table.columns.indexOf('copied')]].join(' ')).join('\\n')"
        )
        let given = lines.dropFirst().map { "\($0[0]) \($0[1]) \(Double($0[mean]) ?? .nan)" }
        let said = (shown as? String ?? "").split(separator: "\n").map { line in
            let parts = line.split(separator: " ")
            return "\(parts[0]) \(parts[1]) \(Double(parts[2]) ?? .nan)"
        }
        #expect(Set(given) == Set(said))
    }

    private func everyViewFits(_ browser: RemoteBrowser, _ address: String) throws {
        let trials = try browser.value("answer.view.cells.map(cell => cell.trial).join(',')") as? String ?? ""
        for (width, height, scheme) in [(1400, 900, "light"), (390, 844, "dark")] {
            try browser.resize(width, height)
            try browser.prefer(scheme)
            for view in ["map", "curves", "trials", "lines", "compare", "figures", "hosts", "notes"] {
                try browser.visit("about:blank")
                try browser.visit(address + "#view=\(view)&trials=\(trials)")
                try browser.wait(
                    for:
                        "document.body && document.body.dataset.view === '\(view)' && element('content').children.length > 0"
                )
                let wide = try browser.value("document.documentElement.scrollWidth") as? Int ?? .max
                #expect(wide <= width, "\(view) at \(width) is \(wide) wide")
                #expect(try browser.value("element('complaint').hidden") as? Bool == true, "\(view)")
                try browser.keepPicture("served-\(view)-\(width)")
            }
        }
        try browser.visit(address + "#view=curves&x=training.steps&y=dataset.size")
        try browser.wait(for: "document.querySelectorAll('#content circle').length === 6")
        let colours = "[...document.querySelectorAll('#content circle')].map(one => one.outerHTML).join()"
        let dark = try #require(try browser.value(colours) as? String)
        try browser.prefer("light")
        try browser.wait(
            for:
                "\(colours) !== decodeURIComponent('\(dark.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "")')"
        )
        // While the next view's answer has not come, this one's is not drawn as its.
        _ = try browser.value(
            "state.view = 'trials'; darkness.dispatchEvent(new Event('change')); state.view = 'curves'")
        try browser.visit(address + "#view=trials&where=dataset.sise%3D4")
        try browser.wait(for: "element('complaint').textContent.includes('did you mean dataset.size?')")
    }
}
