import Foundation
import JobContract
import ResultQueries

/// Writes a page down as one HTML file, for which a browser loads nothing else.
package struct PageRenderer {
    private var data = PageData()
    private let page: SweepPage
    private let program: String

    /// `program` is the name and version of the program that makes the page, such as "eigensweep 0.1.0".
    package init(_ page: SweepPage, program: String) {
        self.page = page
        self.program = program
    }

    /// The file's text: equal for equal pages.
    package mutating func render() throws -> String {
        let sections = [
            ("findings", "Findings", findings()), ("grid", "Grid", grid()), ("figures", "Figures", figures()),
            ("samples", "Samples", pictures()), ("trials", "Trials", listing(page.trials, titled: false)),
            ("attempts", "Hosts and attempts", page.attempts.map { listing($0) }.joined()),
            ("provenance", "Provenance", page.provenance.map { listing($0) }.joined()),
            ("reproduce", "Reproduce", reproduction()),
        ].filter { !$0.2.isEmpty }
        let title = HTMLText.escaped(page.sweep)
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="\(Self.policy)">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>\(title) – sweep report</title>
            <style>\(PageStyle.text)</style>
            </head>
            <body>
            <header>
            <p class="kind">Sweep report</p>
            <h1>\(title)</h1>
            <p class="about">\(HTMLText.escaped(page.about))</p>
            <p class="quiet">\(states)</p>
            <nav>\(sections.map { "<a href=\"#\($0.0)\">\($0.1)</a>" }.joined(separator: "\n"))</nav>
            <noscript><p class="notice">Tables and values under the pointer need the page's own script.</p></noscript>
            </header>
            <main>
            \(sections.map { "<section id=\"\($0.0)\">\n<h2>\($0.1)</h2>\n\($0.2)\n</section>" }.joined(separator: "\n"))
            </main>
            <footer>Made by \(HTMLText.escaped(program)). One file: it loads nothing.</footer>
            <script type="application/json" id="data">\(try data.text())</script>
            <script>\(PageScript.text)</script>
            </body>
            </html>

            """
    }

    /// The page may load nothing, and runs no script but its own.
    private static let policy = """
        default-src 'none'; script-src '\(hash(PageScript.text))'; style-src '\(hash(PageStyle.text))'; img-src data:; \
        base-uri 'none'; form-action 'none'
        """

    package static func hash(_ text: String) -> String {
        let hex = Array(Digest(of: text.utf8).hex.utf8)
        let bytes = stride(from: 0, to: hex.count, by: 2).compactMap {
            UInt8(String(decoding: hex[$0..<$0 + 2], as: UTF8.self), radix: 16)
        }
        return "sha256-" + Data(bytes).base64EncodedString()
    }

    private var states: String {
        let total = page.states.reduce(0) { $0 + $1.trials }
        let parts = page.states.map { "\($0.trials) \($0.state)" }
        return "\(total) trial\(total == 1 ? "" : "s")" + (parts.isEmpty ? "" : ": \(parts.joined(separator: ", "))")
    }
}

// MARK: Sections

extension PageRenderer {
    private mutating func findings() -> String {
        let list = page.findings.map { "<li>\(HTMLText.escaped($0))</li>" }.joined(separator: "\n")
        return (list.isEmpty ? "" : "<ul class=\"findings\">\n\(list)\n</ul>\n")
            + (page.memorization.table.rows.isEmpty ? "" : folded(page.memorization))
    }

    private mutating func grid() -> String {
        let axes = page.axes.map { axis in
            "<dt>\(HTMLText.escaped(axis.key))</dt><dd>\(HTMLText.escaped(axis.values.joined(separator: ", ")))</dd>"
        }
        return
            (axes.isEmpty
            ? "<p>A single point: no axis varies.</p>" : "<dl class=\"axes\">\(axes.joined(separator: "\n"))</dl>")
            + folded(page.settings)
    }

    private mutating func figures() -> String {
        var html = ""
        if let problem = page.problem { html += notice(problem.message) }
        for figure in page.figures {
            data.add(figure)
            let name = HTMLText.escaped(figure.name)
            html += "<figure id=\"\(name)\">\n"
            if let svg = figure.svg {
                let size = "width=\"\(figure.width)\" height=\"\(figure.height)\" role=\"img\" aria-label=\"\(name)\""
                html +=
                    "<div class=\"plot scroll\"><div class=\"drawing\" data-figure=\"\(name)\">"
                html += InlineSVG.text(svg, prefix: figure.name).replacing(
                    "<svg", with: "<svg \(size)", maxReplacements: 1)
                html += "</div></div>\n"
            }
            html += folded(figure.data) + "</figure>\n"
        }
        return html
    }

    private func pictures() -> String {
        let shown = page.pictures.map { picture in
            """
            <figure><img alt="\(HTMLText.escaped(picture.title))" \(Self.size(of: picture.png)) \
            src="data:image/png;base64,\(Data(picture.png).base64EncodedString())">
            <figcaption><strong>\(HTMLText.escaped(picture.title))</strong><br>\(HTMLText.escaped(picture.about))\
            </figcaption></figure>
            """
        }
        return (shown.isEmpty ? "" : "<div class=\"pictures\">\n\(shown.joined(separator: "\n"))\n</div>\n")
            + (page.picturesNote.map { notice($0) } ?? "")
    }

    /// Attributes that show a small picture a whole number of times as large.
    private static func size(of png: [UInt8]) -> String {
        guard png.count > 24 else { return "" }
        let (width, height) = (number(png[16..<20]), number(png[20..<24]))
        guard 1...20000 ~= width, 1...20000 ~= height else { return "" }
        let times = max(1, min(4, 460 / width))
        return "width=\"\(width * times)\" height=\"\(height * times)\""
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }

    private func reproduction() -> String {
        let name = HTMLText.escaped(page.sweep + ".yaml")
        let file = Data(page.file.utf8).base64EncodedString()
        return """
            <p>Save the sweep file as it was launched, <a download="\(name)" href="data:text/yaml;base64,\(file)">\(name)</a>, \
            and run:</p>
            <pre>\(HTMLText.escaped(page.commands.joined(separator: "\n")))</pre>
            <details><summary>The sweep file</summary><pre>\(HTMLText.escaped(page.file))</pre></details>
            """
    }
}

// MARK: Tables

extension PageRenderer {
    private mutating func listing(_ listing: SweepPage.Listing, titled: Bool = true) -> String {
        (titled ? "<h3>\(HTMLText.escaped(listing.title))</h3>" : "") + table(listing)
    }

    private mutating func folded(_ listing: SweepPage.Listing) -> String {
        "<details><summary>\(HTMLText.escaped(listing.title))</summary>\(table(listing))</details>\n"
    }

    private mutating func table(_ listing: SweepPage.Listing) -> String {
        guard !listing.table.rows.isEmpty else { return "<p class=\"quiet\">None.</p>" }
        let name = HTMLText.escaped(data.add(listing.table, as: listing.table.name))
        return (listing.note.map { "<p class=\"quiet\">\(HTMLText.escaped($0))</p>" } ?? "")
            + "<div data-table=\"\(name)\"></div>\n"
    }

    private func notice(_ text: String) -> String { "<p class=\"notice\">\(HTMLText.escaped(text))</p>\n" }
}
