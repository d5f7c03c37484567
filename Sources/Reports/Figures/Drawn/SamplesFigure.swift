import Foundation
import ResultQueries

/// Samples beside their nearest training images, as the measure memorization pictured them: a panel for each dataset
/// size, at most six.
struct SamplesFigure: SweepFigure {
    let points: SweepPoints
    /// They must lie in the folder that the script is run in.
    let pictures: [SweepPictures.Picture]
    let name = FigureName.samples

    /// Chooses those of `pictures` that are of this kind and undamaged in `store`.
    init(_ points: SweepPoints, _ pictures: [SweepPictures.Picture], store: String) throws {
        self.points = points
        wanting =
            pictures.contains(where: Self.isSamples)
            ? "its pictures are not in the store" : try points.wanting("memorization", "picture of samples")
        let shown = pictures.filter { Self.isSamples($0) && $0.bytes(in: store) != nil }
        count = shown.count
        // The first and the last, and others evenly spread between them.
        self.pictures = shown.count <= 6 ? shown : (0..<6).map { shown[$0 * (shown.count - 1) / 5] }
    }

    private static func isSamples(_ picture: SweepPictures.Picture) -> Bool {
        picture.measure == "memorization" && picture.file == "neighbours.png"
    }

    private let wanting: FigureAbsence
    /// Of how many dataset sizes there are pictures.
    private let count: Int
    var absence: FigureAbsence? { pictures.isEmpty ? wanting : nil }
    var marks: [PanelMarks] { [] }

    var table: ResultTable {
        ResultTable(
            name: name.rawValue, columns: ["dataset_size", "model_scale", "steps", "seed", "picture", "digest"],
            rows: pictures.map {
                [.init($0.size), .init($0.scale), .init($0.steps), .init($0.seed), .text($0.name), .text($0.digest)]
            })
    }

    private static let panel = 300
    private static let pitch = (width: 320, height: 345)
    private static let top = 85

    private var columnCount: Int { max(1, min(3, pictures.count)) }
    private var rowCount: Int { (pictures.count + columnCount - 1) / columnCount }

    private var width: Int { max(640, 40 + columnCount * Self.pitch.width) }

    private var caption: Gnuplot.Caption {
        Gnuplot.Caption(
            points.caption(
                "Four pairs to a row: a sample, and at its right the training image nearest to it. Of each dataset size the "
                    + "largest scale, its longest training\(replicateWords)\(otherWords)."
                    + (CurveFigure.Chosen(pictures.count, of: count, "dataset sizes")?.words ?? ""), isMean: false),
            width: width)
    }

    /// The length and other settings of each picture's trial.
    private var settings: [[String]] {
        pictures.map { picture in
            guard let place = points.place(of: picture.trial) else { return [] }
            return [points.lengthLabel(place.length)]
                + zip(points.otherAxes, place.others).map { "\($0.split(separator: ".").last ?? "") \($1.text)" }
        }
    }

    /// The settings in which pictures differ, which their titles name, and those that they share.
    private var places: (own: [[String]], shared: [String]) {
        let settings = settings
        guard let first = settings.first, settings.allSatisfy({ $0.count == first.count }) else {
            return (settings, [])
        }
        let differing = first.indices.filter { index in Set(settings.map { $0[index] }).count > 1 }
        return (
            settings.map { setting in differing.map { setting[$0] } },
            first.indices.filter { !differing.contains($0) }.map { first[$0] }
        )
    }

    private var replicateWords: String {
        points.replicateAxes.isEmpty ? "" : ", and the first \(points.replicateAxes.joined(separator: " and "))"
    }

    private var otherWords: String {
        let shared = places.shared
        return shared.isEmpty ? "" : ": " + shared.joined(separator: ", ")
    }

    var size: (width: Int, height: Int) { (width, Self.top + rowCount * Self.pitch.height + caption.height - 30) }

    var script: String {
        let margin = (size.width - columnCount * Self.pitch.width + Self.pitch.width - Self.panel) / 2
        var drawn = ""
        let own = places.own
        for (index, picture) in pictures.enumerated() {
            let left = margin + index % columnCount * Self.pitch.width
            let top = Self.top + index / columnCount * Self.pitch.height
            let title =
                "N = \(picture.size)" + (picture.scale.map { ", scale \($0)" } ?? "")
                + (picture.seed.map { ", seed \($0)" } ?? "") + own[index].map { ", \($0)" }.joined()
            drawn += """
                set lmargin at screen \(Double(left) / Double(size.width))
                set rmargin at screen \(Double(left + Self.panel) / Double(size.width))
                set tmargin at screen \(1 - Double(top) / Double(size.height))
                set bmargin at screen \(1 - Double(top + Self.panel) / Double(size.height))
                set title \(Gnuplot.quote(title)) font ',13' offset 0,-0.4
                plot \(Gnuplot.quote("./" + picture.name)) binary filetype=png with rgbimage notitle
                \(Gnuplot.endOfPanel)
                unset label

                """
        }
        return """
            set multiplot
            set label 1 'Samples beside the nearest training images' at screen 0.5,\
            \(1 - 25 / Double(size.height)) center font ',16'
            \(caption.labels(size))
            unset border
            unset tics
            unset key
            set size ratio -1
            set autoscale fix
            \(drawn)
            unset multiplot
            """
    }
}
