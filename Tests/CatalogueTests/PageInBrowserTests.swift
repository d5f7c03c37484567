import Foundation
import Testing

@testable import Reports

/// The page in a real browser.
@Suite(.serialized, .enabled("chromium is not installed here (Debian package chromium)") { Browser.program != nil })
struct PageInBrowserTests {
    let fixture: PageFixture
    let browser: Browser
    let page: String

    init() throws {
        fixture = try PageFixture()
        browser = try Browser(directory: fixture.scratch.path)
        let content = try SweepPage(try fixture.reader, sweep: PageFixture.sweepName, store: fixture.store)
        var renderer = PageRenderer(content, program: "eigensweep test")
        page = try renderer.render()
    }

    @Test func itLoadsWithoutNetworkOrComplaintsAndItsScriptRuns() throws {
        let visit = try browser.visit(page)
        #expect(visit.console.isEmpty, "\(visit.console)")
        #expect(visit.requests.isEmpty, "\(visit.requests)")
        #expect(visit.dom.contains("<td class=\"number\">16384</td>"), "no table was filled")
        #expect(visit.dom.contains("<h1>&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;</h1>"))
    }

    /// Without this test, a page that seems to ask for nothing and complain of nothing would prove nothing.
    @Test func aPageThatAsksForMoreIsNoticed() throws {
        let visit = try browser.visit(
            "<body><img src=\"http://127.0.0.1:9/x.png\"><script>console.log('said')</script></body>")
        #expect(visit.requests == ["http://127.0.0.1:9/x.png"] && visit.console.count == 1)
    }

    /// A script that the page's own policy would refuse clicks and moves the pointer.
    @Test func tablesSortAndValuesAreShownUnderThePointer() throws {
        let probe = """
            <script>
            const header = [...document.querySelectorAll("#trials th button")].find(b => b.textContent === "memorization.copied");
            const place = header.closest("th").cellIndex;
            const column = () => [...document.querySelectorAll("#trials tbody tr")].map(row => row.cells[place].textContent);
            header.click();
            const up = column();
            header.click();
            const down = column();
            const drawing = document.querySelector("[data-figure=phase-map]");
            const value = data.figures["phase-map"].values[0], box = drawing.getBoundingClientRect();
            const scale = box.width / data.figures["phase-map"].width;
            drawing.dispatchEvent(new PointerEvent("pointermove", {
              clientX: box.left + value[0] * scale + 3, clientY: box.top + value[1] * scale - 3
            }));
            const fold = document.querySelector("#figures details");
            fold.open = true;
            document.title = JSON.stringify({up, down, value: value[2], resources: performance.getEntriesByType("resource").map(r => r.name.slice(0, 5))});
            </script></body>
            """
        let open = page.replacing(/script-src '[^']*'/, with: "script-src 'unsafe-inline'").replacing(
            "</body>", with: probe)
        let visit = try browser.visit(open)
        #expect(visit.console.isEmpty, "\(visit.console)")
        let title = try #require(visit.dom.firstMatch(of: /<title>(.*?)<\/title>/)?.1)
        struct Found: Decodable {
            var up: [String]
            var down: [String]
            var value: String
            var resources: [String]
        }
        let found = try JSONDecoder().decode(Found.self, from: Data(title.utf8))
        #expect(found.up.count == 24 && found.up != found.down)
        // The trial without the value comes last in both orders.
        #expect(found.up.last == "–" && found.down.last == "–")
        let numbers = found.up.dropLast().compactMap { Double($0) }
        #expect(numbers.count == 23 && numbers == numbers.sorted())
        #expect(found.down.dropLast().compactMap { Double($0) } == numbers.reversed())
        #expect(visit.dom.contains("aria-sort=\"descending\""))
        #expect(visit.dom.contains(">\(found.value)</div>"), "no value was shown")
        #expect(found.resources.allSatisfy { $0 == "data:" })
    }

    @Test(arguments: [(1280, 900), (390, 844)])
    func itIsDrawnOnDesktopsAndPhones(width: Int, height: Int) throws {
        let picture = try browser.picture(of: page, width: width, height: height)
        let bytes = try #require(FileManager.default.contents(atPath: picture))
        #expect(bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) && bytes.count > 20_000, "\(bytes.count) bytes")
    }
}
