import JobContract
import Quantities
import ResultCatalogue
import SweepModel

/// A quantity of a measure with its parameters, of which the catalogue has measurements.
package struct QuantityChoice: Hashable {
    /// The quantity's key in the catalogue.
    package var key: Int64
    package var request: Int64
    package var measure: String
    package var version: Int
    package var parameters: String
    package var name: String
    /// The declaration of the quantity by its worker, or by this project for a measure of that name; nil where neither
    /// has one.
    package var declaration: QuantityDeclaration?

    /// Whether it is a share of `n` draws.
    package var isShare: Bool { declaration?.kind == .share }
    /// Whether it is a fact of the images alone, which trials on the same ones have one value of.
    package var isOfSubset: Bool { declaration?.fact == .subset }

    /// The quantities that `selections` name, or all where there are none, in the order in which they were first recorded.
    ///
    /// Throws `ReportError.request` for names the catalogue does not have, naming those it has.
    package static func all(_ selections: [MeasureSelection] = [], in reader: CatalogueReader) throws
        -> [QuantityChoice]
    {
        var book = QuantityBook()
        for declared in try reader.declaredQuantities() {
            book.add(declared.declaration, measure: declared.measure, version: declared.version)
        }
        let known = try reader.measuredQuantities().rows.map { row in
            let (measure, version) = (row[2].text ?? "", row[3].integer ?? 0)
            let name = row[5].text ?? ""
            return QuantityChoice(
                key: Int64(row[0].integer ?? 0), request: Int64(row[1].integer ?? 0), measure: measure,
                version: version, parameters: row[4].text ?? "", name: name,
                declaration: book.declaration(of: name, measure: measure, version: version))
        }
        try check(selections.map(\.measure), known)
        for selection in selections { try check(selection, known) }
        guard !selections.isEmpty else { return known }
        return known.filter { choice in
            selections.contains {
                $0.measure == choice.measure && ($0.quantity == nil || $0.quantity == choice.name)
            }
        }
    }

    /// What a term means where numbers of one version and one set of parameters are taken: those that the sweep wants, else
    /// the newest version's, and among these the first recorded.
    package static func preferred(for term: MeasurementTerm, in reader: CatalogueReader, sweep: String?) throws
        -> QuantityChoice?
    {
        let all = try all([.init(measure: term.measure, quantity: term.quantity)], in: reader)
        let wanted = try sweep.map { try reader.wantedRequests(of: $0) } ?? []
        let newest = all.map(\.version).max()
        return all.first { wanted.contains($0.request) } ?? all.first { $0.version == newest }
    }

    /// Measures and their quantities, as `measure` and `measure.quantity`.
    static func names(in reader: CatalogueReader) throws -> [String] { names(try all(in: reader)) }

    private static func names(_ known: [QuantityChoice]) -> [String] {
        (Set(known.map(\.measure)).sorted() + Set(known.map { "\($0.measure).\($0.name)" }).sorted())
    }

    /// Names all measures that the catalogue does not have at once.
    private static func check(_ measures: [String], _ known: [QuantityChoice]) throws {
        let unknown = measures.filter { name in !known.contains { $0.measure == name } }
        guard let first = unknown.first else { return }
        let names = names(known)
        let words = unknown.map { "\"\($0)\"" }.joined(separator: " or ")
        let advice = unknown.count == 1 ? NearestName.advice(for: first, among: names) : NearestName.list(names)
        throw ReportError(
            .request,
            "the catalogue has no measurements of \(words)" + (known.isEmpty ? "; it has none yet" : advice))
    }

    private static func check(_ selection: MeasureSelection, _ known: [QuantityChoice]) throws {
        let quantities = Set(known.filter { $0.measure == selection.measure }.map(\.name)).sorted()
        guard selection.quantity.map(quantities.contains) ?? true else {
            throw ReportError(
                .request,
                "\(selection.measure) has no quantity \"\(selection.quantity ?? "")\""
                    + NearestName.advice(for: selection.quantity ?? "", among: quantities))
        }
    }
}
