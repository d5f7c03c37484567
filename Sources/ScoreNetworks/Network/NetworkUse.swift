/// What a network is for, which decides how much memory it has.
package enum NetworkUse: Sendable {
    /// Forward passes.
    case inference
    /// Backward passes to the input too; the parameters' gradients are not asked for.
    case inputGradients
    /// Backward passes to the parameters too, and to the input where it is wanted.
    case training

    /// Whether gradients pass through layers.
    var goesBack: Bool { self != .inference }
}
