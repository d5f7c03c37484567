import Foundation
import ResultQueries

extension SweepPage {
    /// Shortens what says who computed this and where, for a page that others read: paths outside a project, accounts and
    /// addresses, machine IDs. Hosts keep the names that the hosts file gives them.
    package mutating func leavePrivateFactsOut() {
        attempts = attempts.map(Self.shortened)
        provenance = provenance.map(Self.shortened)
        commands = commands.map(Self.withoutHome)
        file = Self.withoutHome(file)
    }

    private static func shortened(_ listing: Listing) -> Listing {
        var listing = listing
        listing.table.rows = listing.table.rows.map { row in
            row.map { cell in if case .text(let text) = cell { .text(shortened(text)) } else { cell } }
        }
        return listing
    }

    /// A home folder is `~`.
    private static func withoutHome(_ text: String) -> String {
        let home = NSHomeDirectory()
        let text = home.count > 1 ? text.replacing(home + "/", with: "~/") : text
        return text.replacing(/(?<before>^|[\s"'`(:=\[])\/(?:home\/[^\/\s]+|Users\/[^\/\s]+|root)\//) {
            "\($0.before)~/"
        }
    }

    /// Of a path from the root the last name stays.
    private static func shortened(_ text: String) -> String {
        withoutHome(text)
            .replacing(/(?<before>^|[\s"'`(:=\[])\/(?:[^\/\s:;,"'`()]+\/)+(?<last>[^\/\s:;,"'`()]+)/) {
                "\($0.before)…/\($0.last)"
            }
            .replacing(/[\w.+-]+@[\w.-]+/, with: "…")
            .replacing(/\b\d{1,3}(?:\.\d{1,3}){3}\b/, with: "…")
            .replacing(/\b(?:[0-9a-f]{1,4}:){3,7}[0-9a-f]{1,4}\b/, with: "…")
            .replacing(/\b[0-9a-f]{32}\b/, with: "…")
    }
}
