import Foundation
import JobContract
import SweepModel

@testable import SweepFiles

/// Files that people write, or that others may have written for them.
let sweepTargets = [
    FuzzTarget(text: "sweeps", seeds: { try Samples.files("sweeps", "yaml") + Samples.sweeps }) { expand($0, []) },
    FuzzTarget(text: "overrides", seeds: { Samples.overrides }) { text in
        expand(Samples.sweeps[0], text.split(separator: "\n").map(String.init))
    },
    FuzzTarget(text: "expressions", seeds: { Samples.expressions }) { text in
        do {
            let expression = try WhereExpression(text)
            _ = expression.holds(for: ["dataset.size": 64, "model.scale": 4.5, "dataset.part": ["index": 1, "of": 2]])
            let again = try WhereExpression(expression.description)
            precondition(again == expression, "\(expression) reads otherwise")
        } catch let error as WhereExpression.Failure {
            _ = error.description
        } catch {
            fatalError("\(error)")
        }
    },
    FuzzTarget(
        text: "axes", seeds: { ["[1, two, 3.5]", "{range: [0, 9, 2]}", "{geometric: {from: 1, to: 8, factor: 2}}"] }
    ) {
        text in
        guard let axis = try? Axis(parsing: text) else { return }
        precondition((try? Axis(parsing: axis.description)) == axis, "\(axis) reads otherwise")
        _ = try? axis.values().count
    },
    FuzzTarget(text: "hosts", seeds: { try Samples.files(".", "yaml") + Samples.hosts }) { text in
        _ = try? HostsFile.parse(text, file: "hosts.yaml")
    },
]

private func expand(_ text: String, _ overrides: [String]) {
    guard let file = try? SweepFile(text: text, file: "x.yaml", folder: "/sweeps", overrides: overrides) else { return }
    // Expansion costs what its points cost, which is no fault of a reader.
    let points = file.content.blocks.reduce(0.0) { sum, block in
        sum + block.dimensions.reduce(1.0) { $0 * Double($1.count) }
    }
    guard points <= 1000 else { return }
    _ = try? file.expand(worker: Samples.worker) { _ in
        DatasetIdentity(keys: ["dataset.digest": .string(Digest(of: "abc".utf8).hex)], images: 16384)
    }
}
