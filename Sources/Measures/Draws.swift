import JobContract
import Quantities
import Tensors

/// The key of a measure's latents and noise.
///
/// With `draws` "by_seed" (the default) the key depends on the measure's own seed and on that of the training, for a
/// comparison on those of all its members. Trainings of one seed then get the same draws, so that they can be compared pair
/// by pair; trainings of other seeds get others, so that the spread between seeds contains the error of the draw. With
/// "shared" the key depends on the measure's seed alone.
struct Draws {
    enum Kind: String, CaseIterable { case by_seed, shared }

    let seed: Int
    let kind: Kind

    static let parameters: [MeasureParameter] = [
        seed, .choice("draws", Kind.by_seed, "what latents and noise are keyed by, beside `seed`"),
    ]

    /// The only one of `parameters` that measures of the images alone have.
    static let seed = MeasureParameter.integer("seed", 0...9_007_199_254_740_991, 0, "keys latents and noise")

    /// Throws MeasureError naming what is wrong.
    init(_ reader: ParameterReader) throws {
        seed = try reader.integer("seed")
        // A measure of the images alone has no draws of its own for each training.
        kind = reader.values["draws"] == nil ? .shared : try reader.choice("draws", Kind.self)
    }

    /// The seed of latents and noise for a subject, the same for the members of a comparison.
    func key(of subject: MeasureSubject) -> UInt64 {
        guard kind == .by_seed else { return UInt64(seed) }
        let members = [subject.seed] + subject.others.map(\.seed)
        return members.sorted().reduce(UInt64(seed)) { key, member in
            let words = CounterRandom(seed: key, purpose: .draws).block(member)
            return UInt64(words[0]) << 32 | UInt64(words[1])
        }
    }
}
