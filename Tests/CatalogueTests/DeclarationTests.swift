import JobContract
import Quantities
import Testing

@testable import ResultCatalogue
@testable import ResultQueries

/// The catalogue keeps what workers declare of their quantities, and tables go by that.
@Suite struct DeclarationTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func worker(_ quantities: [String: [QuantityDeclaration]]?) -> WorkerDescription {
        WorkerDescription(
            contract: 1, name: "own", numerics: 1, deterministic: true, jobKinds: [], architectures: [],
            measures: [MeasureRequest(measure: "luck", version: 2, parameters: [:])], quantities: quantities,
            build: "", cpu: "", kernels: "", check: "")
    }

    @Test func theLastDeclarationStands() throws {
        let catalogue = try Catalogue(path: scratch.catalogue)
        #expect(try catalogue.reader.declaredQuantities().isEmpty)
        var hits = QuantityDeclaration(name: "hits_*", kind: .mean, fact: .network, unit: "dB", bySigma: true)
        try catalogue.store(Fixture.sweep(), worker: worker(["luck": [hits], "unknown": [hits]]))
        #expect(
            try catalogue.reader.declaredQuantities()
                == [DeclaredQuantity(measure: "luck", version: 2, declaration: hits)])
        hits.kind = .share
        hits.needs = [.heldOut, .sampler]
        try catalogue.store(Fixture.sweep(), worker: worker(["luck": [hits]]))
        try catalogue.store(Fixture.sweep(), worker: worker(nil))
        #expect(try catalogue.reader.declaredQuantities().map(\.declaration) == [hits])
    }

    /// Of quantities that no worker declared this project's own table speaks, as far as it knows the measure.
    @Test func theBookKnowsWorkersFirst() {
        var book = QuantityBook()
        book.add(
            QuantityDeclaration(name: "copied", kind: .mean, fact: .pair), measure: "memorization", version: 7)
        #expect(book.declaration(of: "copied", measure: "memorization", version: 7)?.fact == .pair)
        #expect(book.declaration(of: "copied", measure: "memorization", version: 1)?.kind == .share)
        #expect(book.declaration(of: "copied_held_out", measure: "memorization", version: 1)?.fact == .subset)
        #expect(book.declaration(of: "accuracy", measure: "subset-information", version: 1)?.kind == .share)
        #expect(book.declaration(of: "copied", measure: "luck", version: 1) == nil)
    }
}
