extension WorkerDescription {
    /// This worker with the measures of `other` beside its own, which takes them of this one's networks by `denoise`: those
    /// that this worker declares itself stay with it, and where it has no products with the Jacobian, those that are of
    /// nothing else are none.
    package func measured(by other: WorkerDescription) -> WorkerDescription {
        var both = self
        for request in other.measures where !measures.contains(where: { $0.measure == request.measure }) {
            let name = request.measure
            if denoise?.derivative != true, other.isOfDerivatives(name) { continue }
            both.measures.append(request)
            if other.sampling?.contains(name) == true { both.sampling = (both.sampling ?? []) + [name] }
            both.quantities = (both.quantities ?? [:]).merging([name: other.quantities?[name] ?? []]) { $1 }
            both.parameters = (both.parameters ?? [:]).merging([name: other.parameters?[name] ?? []]) { $1 }
            both.rules = (both.rules ?? [:]).merging([name: other.rules?[name] ?? []]) { $1 }
        }
        return both
    }

    /// Whether every quantity of a measure needs products with the Jacobian.
    package func isOfDerivatives(_ measure: String) -> Bool {
        let declared = quantities?[measure] ?? []
        return !declared.isEmpty && declared.allSatisfy { $0.needs?.contains(.derivative) == true }
    }
}
