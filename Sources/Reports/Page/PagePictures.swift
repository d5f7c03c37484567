import Foundation
import JobContract
import ResultQueries

extension SweepPage {
    private static let mostBytes = 1_200_000
    private static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

    /// The pictures that are undamaged in the store, as many as there is room for, and a note about the others.
    static func shown(_ pictures: [SweepPictures.Picture], in store: String) -> ([Picture], String?) {
        var shown = [Picture]()
        var room = mostBytes
        var (missing, crowded) = (0, 0)
        // Pictures of samples come first.
        for picture in pictures.filter({ $0.measure == "memorization" })
            + pictures.filter({ $0.measure != "memorization" })
        {
            guard let bytes = picture.bytes(in: store), bytes.starts(with: signature) else {
                missing += 1
                continue
            }
            let png = PackedPicture.packed(bytes)
            guard png.count <= room else {
                crowded += 1
                continue
            }
            room -= png.count
            shown.append(Picture(title: picture.title, about: about(picture.measure, picture.file), png: png))
        }
        var notes = [String]()
        if missing > 0 { notes.append("\(missing) pictures are not in the store, or damaged there.") }
        if crowded > 0 {
            notes.append("\(crowded) pictures are too large for this page; `eigensweep analyze` copies them out.")
        }
        return (shown, notes.isEmpty ? nil : notes.joined(separator: " "))
    }

    private static func about(_ measure: String, _ file: String) -> String {
        switch (measure, file) {
        case ("memorization", "neighbours.png"):
            "Pairs, four to a row: a sample, and at its right the training image nearest to it."
        case ("agreement", "pairs.png"):
            "In each row a sample of one network, the other's from the same latent, and the training image of each "
                + "that is nearest."
        case ("jacobian", "eigenvectors.png"):
            "A row for each noise level: an image, the same with noise, and the leading eigenvectors of the denoiser's "
                + "derivative there."
        case ("trajectories", "final.png"): "Where each side's way along the flow ends, a row for each side."
        case ("trajectories", "path.png"): "What each side makes of its first state, level by level."
        default: "Made by the measure \(measure)."
        }
    }
}
