import Foundation

/// Some rows of a list of trials, which may be of a million.
package struct TrialPage {
    package var table: ResultTable
    /// Where the next page begins; nil after the last.
    package var next: Int?
    /// Places that were looked at so far, of all that the sweep has. It ends before `limit` rows where that takes long: then
    /// the next page goes on.
    package var searched: Int
    package var count: Int
}

extension TrialList {
    /// The first trials from a place on, as many as the request's limit says; it stops where it is after `seconds`.
    package func page(from start: Int, seconds: Double) throws -> TrialPage {
        let columns = allColumns
        let end = Date(timeIntervalSinceNow: seconds)
        let limit = request.limit ?? 100
        let windows = try windows(from: max(0, start))
        var page = TrialPage(
            table: ResultTable(name: "trials", columns: columns), next: nil, searched: 0,
            count: windows.last?.upperBound ?? max(0, start))
        for window in windows {
            try forEach(columns, in: [window]) { place, cells in
                guard page.table.rows.count < limit else {
                    page.next = place
                    return false
                }
                page.table.rows.append(cells)
                return true
            }
            if page.next == nil, Date() > end, window.upperBound < page.count { page.next = window.upperBound }
            page.searched = page.next ?? window.upperBound
            if page.next != nil { break }
        }
        return page
    }

    /// Rows of the list as the request sorts it, from the one of number `offset` on. Throws `ReportError.request` where that
    /// takes more than `seconds`.
    package func sortedPage(offset: Int, seconds: Double) throws -> TrialPage {
        let names = request.sort.map(\.name)
        let end = Date(timeIntervalSinceNow: seconds)
        var order = ResultTable(name: "trials", columns: names + ["place"])
        for window in try windows() {
            try forEach(names, in: [window]) { place, cells in
                order.rows.append(cells + [.integer(Int64(place))])
                return true
            }
            guard Date() < end else {
                throw ReportError(
                    .request,
                    "the trials are too many to be sorted within \(Int(seconds)) seconds; ask for fewer, as in "
                        + "'dataset.size >= 256'")
            }
        }
        try order.sort(by: request.sort)
        let rows = order.rows.dropFirst(max(0, offset)).prefix(request.limit ?? 100)
        let places = rows.map { row -> Int in if case .integer(let place) = row.last { Int(place) } else { 0 } }
        var table = ResultTable(name: "trials", columns: allColumns)
        try forEach(table.columns, in: places.map { $0..<$0 + 1 }) { _, cells in
            table.rows.append(cells)
            return true
        }
        let next = offset + rows.count
        return TrialPage(
            table: table, next: next < order.rows.count ? next : nil, searched: order.rows.count,
            count: order.rows.count)
    }
}
