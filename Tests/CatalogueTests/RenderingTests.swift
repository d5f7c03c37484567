import Foundation
import JobContract
import Testing

@testable import ResultQueries

@Suite struct RenderingTests {
    let table = ResultTable(
        name: "things", columns: ["name", "a,b", "n"],
        rows: [
            [.text("plain"), .number(0.1), .integer(3)], [.text("say \"hi\", then\nleave"), .null, .integer(-12)],
            [.text(""), .number(1.0 / 3), .null],
        ])

    @Test func csvQuotesByRFC4180() {
        #expect(
            table.render(.csv) == """
                name,"a,b",n
                plain,0.1,3
                "say ""hi"", then
                leave",,-12
                "",0.3333333333333333,

                """)
    }

    /// Nothing of a table is lost on a narrow terminal: text is broken between its words, numbers stay whole.
    @Test(arguments: [50, 60, 80, 200])
    func tablesKeepToTheTerminal(_ width: Int) {
        let table = ResultTable(
            name: "t", columns: ["host", "finding", "advice", "count"],
            rows: [
                [
                    .text("node01"), .text("its clock is 12 seconds behind, and certificates are refused there"),
                    .text("set it by NTP, or " + String(repeating: "x", count: 70)), .integer(123_456),
                ],
                [.text("n"), .text("fine"), .null, .integer(1)],
            ])
        let lines = table.render(.table, width: width).split(separator: "\n")
        #expect(lines.allSatisfy { $0.count <= width })
        for word in ["node01", "certificates", "NTP,", "123456", "fine"] {
            let isSeen = lines.contains { $0.split(separator: " ").contains(Substring(word)) }
            #expect(isSeen, "\(word) is lost at \(width)")
        }
        #expect(lines.reduce(0) { $0 + $1.filter { $0 == "x" }.count } == 70)
        #expect(table.render(.table, width: 1000) == table.render(.table))
    }

    /// A cell that a spreadsheet would compute is text there. Numbers stay numbers, also where they came as text.
    @Test func csvHoldsNoFormulas() {
        let texts = [
            "=1+1", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "=HYPERLINK(\"http://x\")", "-",
            "-1.5e3", "+7", "-12",
            "a=b", "x-y", "mail@host", "-inf",
        ]
        let table = ResultTable(
            name: "t", columns: ["=name", "n"],
            rows: texts.map { [.text($0), .number(-1.5)] } + [[.null, .integer(-3)]])
        let lines = table.render(.csv).replacing("\n=1", with: "⏎=1").split(separator: "\n").map(String.init)
        #expect(
            lines == [
                "'=name,n", "'=1+1,-1.5", "'+1+1,-1.5", "'-2+3,-1.5", "'@SUM(A1),-1.5", "'\t=1,-1.5", "\"'⏎=1\",-1.5",
                "' =1,-1.5", "'＝1,-1.5", "\"'=HYPERLINK(\"\"http://x\"\")\",-1.5", "'-,-1.5", "-1.5e3,-1.5", "+7,-1.5",
                "-12,-1.5", "a=b,-1.5", "x-y,-1.5", "mail@host,-1.5", "'-inf,-1.5", ",-3",
            ])
    }

    @Test(arguments: [OutputFormat.csv, .json, .ndjson, .table])
    func noFormatSteersATerminal(_ format: OutputFormat) throws {
        let text = "red \u{1B}[31m \u{9B}2J\u{7F} \u{202E}gnp.exe"
        let table = ResultTable(name: "t", columns: ["a", text], rows: [[.text(text), .integer(1)]])
        let shown = table.render(format)
        #expect(!shown.unicodeScalars.contains { ShownText.steers($0) && $0 != "\n" }, "\(shown)")
        if format == .ndjson { #expect(JSONText.object(shown)?["a"]?.stringValue == text) }
    }

    @Test func jsonHasASchemaAndEveryDigit() throws {
        let decoded = try JSONDecoder().decode(JSONValue.self, from: Data(table.render(.json).utf8))
        #expect(
            decoded == [
                "schema": 1, "columns": ["name", "a,b", "n"],
                "rows": [
                    ["name": "plain", "a,b": 0.1, "n": 3],
                    ["name": "say \"hi\", then\nleave", "a,b": .null, "n": -12],
                    ["name": "", "a,b": .number(1.0 / 3), "n": .null],
                ],
            ])
    }

    @Test func ndjsonHasARowALine() throws {
        let lines = table.render(.ndjson).split(separator: "\n")
        #expect(lines.count == 3)
        let first = try JSONDecoder().decode(JSONValue.self, from: Data(lines[0].utf8))
        #expect(first == ["schema": 1, "name": "plain", "a,b": 0.1, "n": 3])
    }

    @Test func tablesAreAlignedForPeople() {
        let digest = Digest(of: [1]).hex
        let table = ResultTable(
            name: "t", columns: ["trial_id", "value"],
            rows: [
                [.text(digest), .number(0.123456)], [.text("red \u{1B}[31m"), .null], [.text("x"), .number(1200)],
            ])
        #expect(
            table.render(.table) == """
                trial_id       value
                ------------  ------
                \(digest.prefix(12))  0.1235
                red  [31m          -
                x               1200

                """)
        #expect(ResultTable(name: "t", columns: ["a", "b"]).render(.table) == "a  b\n(none)\n")
    }

    @Test func ofSeveralLinesPeopleSeeTheFirstAndWordsStayWhole() {
        let reason = "the worker ended with exit code 1: ValueError: nothing\nTraceback (most recent call last):\n  x"
        let table = ResultTable(
            name: "t", columns: ["sweep", "point", "reason"],
            rows: [[.text("memorization-time"), .text("N=16 scale=8 65.5k images seed=0"), .text(reason)]])
        #expect(
            table.render(.table).split(separator: "\n").last
                == "memorization-time  N=16 scale=8 65.5k images seed=0  the worker ended with exit code 1: ValueError: nothing …"
        )
        let narrow = table.render(.table, width: 60).split(separator: "\n")
        #expect(narrow.allSatisfy { $0.count <= 60 })
        let words = Set(narrow.flatMap { $0.split(separator: " ") })
        #expect(words.isSuperset(of: ["memorization-time", "ValueError:", "scale=8", "65.5k"]))
        #expect(table.render(.csv).contains("Traceback"))
    }

    @Test func severalTablesInOneText() throws {
        let other = ResultTable(name: "other_things", columns: ["x"], rows: [[.integer(1)]])
        let decoded = try JSONDecoder().decode(
            JSONValue.self, from: Data(ResultTable.render([table, other], .json).utf8))
        #expect(decoded.objectValue?["tables"]?.objectValue?["other_things"] == ["columns": ["x"], "rows": [["x": 1]]])
        #expect(ResultTable.render([other], .ndjson) == "{\"schema\":1,\"table\":\"other_things\",\"x\":1}\n")
        #expect(ResultTable.render([other], .table).hasPrefix("other things\n\nx\n"))
    }

    @Test func infinitiesAreNoJSON() {
        let table = ResultTable(name: "t", columns: ["x"], rows: [[.number(.infinity)], [.init(Double.nan)]])
        #expect(table.render(.ndjson) == "{\"schema\":1,\"x\":null}\n{\"schema\":1,\"x\":null}\n")
    }
}
