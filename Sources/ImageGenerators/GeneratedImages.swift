import Dispatch
import JobContract

/// Computed images, each a function of its number and the generator's parameters alone.
package protocol GeneratedImages: Sendable {
    /// The edge of the square images in pixels.
    var size: Int { get }
    /// Grey levels of image `index`, 0 black and 1 white, [row][column].
    func levels(_ index: Int) -> [Double]
}

extension GeneratedImages {
    /// The bytes of image `index`: round(255·level), levels beyond black and white cut off.
    package func image(_ index: Int) -> [UInt8] {
        levels(index).map { UInt8(max(0, min(255, (255 * $0).rounded()))) }
    }

    /// The images of these numbers with their digests, made on all cores.
    func images(_ numbers: Range<Int>) -> [(pixels: [UInt8], digest: Digest)] {
        let share = 16
        let shares = (numbers.count + share - 1) / share
        var made = [[(pixels: [UInt8], digest: Digest)]](repeating: [], count: shares)
        made.withUnsafeMutableBufferPointer { made in
            // Each share is written by one thread, and all end before this call does.
            nonisolated(unsafe) let made = made
            DispatchQueue.concurrentPerform(iterations: shares) { number in
                let first = numbers.lowerBound + number * share
                made[number] = (first..<min(first + share, numbers.upperBound)).map { index in
                    let pixels = image(index)
                    return (pixels, Digest(of: pixels))
                }
            }
        }
        return made.flatMap(\.self)
    }
}
