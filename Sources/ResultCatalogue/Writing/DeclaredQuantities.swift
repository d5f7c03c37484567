import GRDB
import JobContract

/// A declared quantity, and the measure that it belongs to.
package struct DeclaredQuantity: Hashable, Sendable {
    package var measure: String
    package var version: Int
    package var declaration: QuantityDeclaration
}

extension CatalogueReader {
    /// The declarations that workers made of their measures' quantities.
    package func declaredQuantities() throws -> [DeclaredQuantity] {
        try rows("SELECT measure, version, declaration FROM declared_quantity ORDER BY 1, 2, name").rows.map { row in
            DeclaredQuantity(
                measure: row[0].text ?? "", version: row[1].integer ?? 0,
                declaration: try JSONText.decode(QuantityDeclaration.self, from: Array((row[2].text ?? "").utf8)))
        }
    }
}

extension Storing {
    /// Stores what the worker declares of its measures' quantities.
    func store(_ worker: WorkerDescription) throws {
        for measure in worker.measures {
            for declaration in worker.quantities?[measure.measure] ?? [] {
                try recording.run(
                    """
                    INSERT INTO declared_quantity (measure, version, name, declaration) VALUES (?, ?, ?, ?)
                    ON CONFLICT (measure, version, name) DO UPDATE SET declaration = excluded.declaration
                    WHERE declaration <> excluded.declaration
                    """,
                    [
                        measure.measure, measure.version, declaration.name,
                        String(decoding: try JSONText.encode(declaration), as: UTF8.self),
                    ])
            }
        }
    }
}
