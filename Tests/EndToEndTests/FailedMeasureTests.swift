import Foundation
import Testing

/// A worker that cannot take one of its measures, with the real programs: the trial lacks that measure alone.
@Suite(.serialized, .enabled(if: slowTestsWanted, whySlow))
struct FailedMeasureTests {
    /// The example worker. Its measure fails for one parameter as long as the file `broken` is there.
    private func worker(in lab: Lab, failing how: String) throws -> String {
        let example = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("docs/examples/mean_worker.py")
        let broken = lab.directory.appendingPathComponent("broken").path
        let loop = "    for request in measures:\n"
        let text = try String(contentsOf: example, encoding: .utf8).replacing(
            loop,
            with: loop + "        if request[\"parameters\"][\"images\"] == 7 and os.path.exists(\"\(broken)\"):\n"
                + "            \(how)\n")
        _ = try lab.write("broken", "")
        _ = try lab.write("worker.py", text)
        return try lab.write(
            "sweep.yaml",
            """
            name: one
            dataset: {source: geometric, resolution: 8, channels: 1, count: 256, held_out: 32}
            model: {architecture: mean}
            training: {batch: 8, steps: 20}
            grid: {dataset.size: [16]}
            measures: [{spread: {images: 7}}, {spread: {images: 8}}]
            worker: {command: [python3, worker.py], upload: [worker.py]}
            """)
    }

    private static let ways = [
        "says so": """
        send("measure", trial=trial, request=request, checkpoint=checkpoint, artifacts=[], rows=[], seconds=0, \
        failure="too dark"); continue
        """,
        "refuses the job": "raise Refusal(\"too dark\")",
        "dies": "print(\"too dark\", file=sys.stderr, flush=True); os._exit(9)",
    ]

    @Test(arguments: ways.keys.sorted()) func itCostsItselfAlone(way: String) throws {
        try withLab { (lab) throws in
            let sweep = try worker(in: lab, failing: try #require(Self.ways[way]))
            #expect(try lab.run("launch", sweep).status == 1)
            let measured = "SELECT json_extract(parameters, '$.images') FROM measurements ORDER BY 1"
            #expect(try lab.rows(measured) == ["8"])
            let missing = try lab.rows("SELECT state, reason FROM trials").first ?? ""
            #expect(missing.hasPrefix("failed|spread is missing: ") && missing.contains("too dark"), "\(missing)")
            #expect(try lab.run("status", "one").out.contains("too dark"))
            #expect(try lab.run("query", "--sweep", "one", "--measure", "spread").err.contains("too dark"))
            let attempts = try lab.rows("SELECT count(*) FROM attempt")
            #expect(try lab.run("resume", "one").status == 1)
            #expect(try lab.rows("SELECT count(*) FROM attempt") == attempts, "resume leaves it alone")

            try FileManager.default.removeItem(at: lab.directory.appendingPathComponent("broken"))
            #expect(try lab.run("retry", "one").status == 0)
            #expect(try lab.run("resume", "one").status == 0)
            #expect(try lab.rows(measured) == ["7", "8"])
            #expect(try lab.rows("SELECT state FROM trials") == ["succeeded"])
            let more = try lab.rows("SELECT count(*) FROM attempt")
            #expect(more.compactMap { Int($0) } == attempts.compactMap { Int($0) }.map { $0 + 1 }, "one more attempt")
        }
    }
}
