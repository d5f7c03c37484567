import JobContract
import ResultCatalogue
import ResultQueries
import SweepModel

/// The list of trials as `trials` gives it, page by page, and trials as lines through all their axes.
struct TrialsView {
    private let head: ServedSweep
    private let reader: CatalogueReader
    private let commands: CommandLines

    private static let pageLength = 100
    /// How long a page looks for trials before it shows what it found.
    private static let patience = 0.3
    private static let sortPatience = 30.0
    private static let mostLines = 2000

    init(_ head: ServedSweep, _ reader: CatalogueReader, _ commands: CommandLines) {
        self.head = head
        self.reader = reader
        self.commands = commands
    }

    /// Which trials are asked for.
    struct Choice {
        var filter: String?
        var tags: [String]
        var note: String?

        var isAll: Bool { filter == nil && tags.isEmpty && note == nil }
    }

    private func request(_ choice: Choice, _ shown: [String], _ sort: [String]) throws -> TrialListRequest {
        var request = TrialListRequest(sweep: head.summary.name)
        request.filter = try choice.filter.map { try WhereExpression($0) }
        request.tags = choice.tags
        request.note = choice.note
        request.shown = shown
        request.sort = sort.map { SortColumn($0) }
        return request
    }

    /// - Parameter start: a place of the sweep, or, where the list is sorted, the number of a row.
    func list(_ choice: Choice, shown: [String], sort: [String], from start: Int) throws -> JSONValue {
        var request = try request(choice, shown, sort)
        let command = commands.trials(request)
        request.limit = Self.pageLength
        let list = try TrialList(reader, request)
        let page =
            sort.isEmpty
            ? try list.page(from: start, seconds: Self.patience)
            : try list.sortedPage(offset: start, seconds: Self.sortPatience)
        return [
            "table": page.table.json, "next": page.next.map { .count($0) } ?? .null, "searched": .count(page.searched),
            "count": .count(page.count), "commands": [.string(command)],
        ]
    }

    /// The axes, and some quantities, of at most so many trials as can be told apart: of all, such as are spread over the
    /// whole sweep; with a filter, the first that it lets through. Where nobody asks, two quantities come along: the last, by
    /// which lines are coloured, is the share of copies, or what was asked for first.
    func lines(_ choice: Choice, shown asked: [String]) throws -> JSONValue {
        let shown = asked.isEmpty ? suggested : asked
        var request = try request(choice, shown, [])
        let command = commands.trials(request)
        request.limit = Self.mostLines
        let index = head.index
        var table: ResultTable
        var isWhole: Bool
        if !choice.isAll {
            let page = try TrialList(reader, request).page(from: 0, seconds: Self.patience * 5)
            (table, isWhole) = (page.table, page.next == nil)
        } else {
            let last = index.trials.count - 1
            let rows =
                last < Self.mostLines
                ? Array(index.trials.indices)
                : Set(CatalogueReader.spread(over: last, most: Self.mostLines)).sorted()
            table = ResultTable(name: "trials", columns: ["trial_id", "point"] + index.axes.map(\.key))
            let ids = try reader.identities(of: rows.map { index.trials[$0] })
            table.rows = zip(rows, ids).map { row, id in
                [.text(id), .text(index.names.text(index.asked(row)))]
                    + index.axes.map { $0.codes[row] < 0 ? .null : .init($0.values[Int($0.codes[row])]) }
            }
            for name in shown { try add(name, of: rows, to: &table) }
            isWhole = rows.count == index.trials.count
        }
        return [
            "table": table.json, "isWhole": .bool(isWhole), "count": .count(index.trials.count),
            "commands": [.string(command)],
        ]
    }

    private var suggested: [String] {
        let names = head.quantities.filter(\.levels.isEmpty).map(\.name)
        guard let last = names.first(where: { $0 == "memorization.copied" }) ?? names.first else { return [] }
        return names.filter { $0 != last }.prefix(1) + [last]
    }

    private func add(_ name: String, of rows: [Int], to table: inout ResultTable) throws {
        guard let term = MeasurementTerm(name),
            let quantity = try QuantityChoice.preferred(for: term, in: reader, sweep: head.summary.name)
        else { throw ReportError(.request, "\"\(name)\" is no quantity; expected MEASURE.QUANTITY") }
        let values = try MeasuredPlaces(term, quantity, in: reader).values(of: head.index, rows)
        table.columns.append(name)
        for index in table.rows.indices { table.rows[index].append(.init(values[index]?.value)) }
    }
}
