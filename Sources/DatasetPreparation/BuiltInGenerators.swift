/// The datasets that need no files.
package enum BuiltInGenerators {
    /// Their names as `dataset.source` takes them.
    package static let names = ["geometric"]

    /// Images generated where the request does not say.
    package static let defaultCount = 16384
    /// Regularity exponent where the request does not say.
    package static let defaultAlpha = 3.0
}
