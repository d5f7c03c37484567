/// Images that are computed: each a function of its number and of the generator's parameters alone.
package protocol GeneratedImages: Sendable {
    /// Edge in pixels.
    var size: Int { get }
    /// Grey levels of image `index`, 0 black and 1 white, [row][column].
    func levels(_ index: Int) -> [Double]
}

extension GeneratedImages {
    /// The bytes of image `index`: round(255·level), levels beyond black and white cut off.
    package func image(_ index: Int) -> [UInt8] {
        levels(index).map { UInt8(max(0, min(255, (255 * $0).rounded()))) }
    }
}
