/// What went wrong, for people. Errors of the project's own say it themselves; those of decoders and of the system are put
/// into words here, for nobody can read them as they print themselves.
package func explanation(of error: any Error) -> String {
    if let error = error as? DecodingError { return explanation(ofDecoding: error) }
    let text = "\(error)"
    // Foundation's errors. Agent and worker, which have no Foundation, can only go by what it prints: the last text in
    // quotation marks is the system's own, where there is one.
    guard text.hasPrefix("Error Domain=") else { return text }
    let parts = text.split(separator: "\"", omittingEmptySubsequences: false)
    return parts.count >= 3 ? String(parts[parts.count - 2]) : text
}

private func explanation(ofDecoding error: DecodingError) -> String {
    func place(_ context: DecodingError.Context) -> String {
        context.codingPath.isEmpty ? "" : "at \(context.codingPath.map(\.stringValue).joined(separator: ".")): "
    }
    switch error {
    case .keyNotFound(let key, let context): return "\(place(context))\"\(key.stringValue)\" is missing"
    case .typeMismatch(let type, let context): return "\(place(context))expected \(noun(of: type))"
    case .valueNotFound(_, let context), .dataCorrupted(let context): return place(context) + context.debugDescription
    @unknown default: return "this is no JSON that can be read"
    }
}

/// What JSON calls a type.
private func noun(of type: any Any.Type) -> String {
    switch type {
    case is String.Type: "a text"
    case is Bool.Type: "true or false"
    case is any FixedWidthInteger.Type: "an integer"
    case is any BinaryFloatingPoint.Type: "a number"
    case is any Sequence.Type: type is any KeyedByText.Type ? "an object" : "an array"
    default: "another kind of value"
    }
}

private protocol KeyedByText {}
extension Dictionary: KeyedByText where Key == String {}
