import Foundation
import JobContract
import Reports

/// The one page that is served: HTML with its own style and script, which asks this server for everything it shows.
struct ServedPage: Sendable {
    let bytes: [UInt8]
    /// The page runs no script but its own and asks no other server.
    let policy: String

    init(program: String, catalogue: String) {
        policy = """
            default-src 'none'; script-src '\(PageRenderer.hash(ServedScript.text))'; \
            style-src '\(PageRenderer.hash(ServedStyle.text))'; img-src 'self' data:; connect-src 'self'; \
            base-uri 'none'; form-action 'none'; frame-ancestors 'none'
            """
        bytes = Array(
            """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>Eigensweep</title>
            <link rel="icon" href="data:,">
            <style>\(ServedStyle.text)</style>
            </head>
            <body>
            <a class="skip" href="#content">Skip to the view</a>
            <header>
            <div class="bar">
            <strong>Eigensweep</strong>
            <label class="grow">Sweep <select id="sweep"></select></label>
            <span id="live" class="quiet" role="status"></span>
            </div>
            <div id="progress" class="quiet"></div>
            <nav id="views" aria-label="Views"></nav>
            </header>
            <main>
            <p id="complaint" class="notice" role="alert" hidden></p>
            <div id="controls"></div>
            <div id="content" tabindex="-1"></div>
            <section id="commands" aria-label="Commands for these numbers" hidden></section>
            </main>
            <footer>\(HTMLText.escaped(program)), reading \(HTMLText.escaped(catalogue)). Nothing here changes it, and nothing \
            is asked of any other server.</footer>
            <noscript><p class="notice">The page needs its own script.</p></noscript>
            <script>\(ServedScript.text)</script>
            </body>
            </html>

            """.utf8)
    }
}

/// The page's script, in the order in which its parts need each other.
enum ServedScript {
    static let text = core + tables + charts + map + trials + others + start
}
