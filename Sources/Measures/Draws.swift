import JobContract
import Quantities
import Tensors

/// What the latents and noise of a measure are keyed by.
///
/// With `draws` "by_seed" (the default) by the measure's own seed and that of the training, of a comparison those of all its
/// members: trainings of one seed are asked the same question, so that they are compared pair by pair, and those of other
/// seeds another, so that the spread between seeds has the error of the draw in it. With "shared" by the measure's seed
/// alone.
struct Draws {
    enum Kind: String, CaseIterable { case by_seed, shared }

    let seed: Int
    let kind: Kind

    static let parameters: [MeasureParameter] = [
        seed, .choice("draws", Kind.by_seed, "what latents and noise are keyed by, beside `seed`"),
    ]

    /// Alone where what is measured is a fact of the images.
    static let seed = MeasureParameter.integer("seed", 0...9_007_199_254_740_991, 0, "keys latents and noise")

    /// Throws MeasureError naming what is wrong.
    init(_ reader: ParameterReader) throws {
        seed = try reader.integer("seed")
        // What is a fact of the images alone has no draws of its own for each training.
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
