import Foundation

/// Root mean square distance between the network and the Gaussian denoiser of its own subset, by noise level, at the
/// longest training.
struct GaussianDistanceFigure {
    let points: SweepPoints
    /// By noise level, then place.
    let distances: [Double: [GridPoint: [Double]]]

    init(_ points: SweepPoints) throws {
        self.points = points
        let all = try points.values("gaussian-distance", "rmse")
        var distances = [Double: [GridPoint: [Double]]]()
        for (sigma, values) in all {
            guard let sigma else { continue }
            distances[sigma] = values.filter { place, _ in
                !values.keys.contains { $0.scale == place.scale && $0.size == place.size && $0.length > place.length }
            }
        }
        self.distances = distances
    }

    var places: [GridPoint] { Set(distances.values.flatMap(\.keys)).sorted() }

    /// The numbers behind the figure.
    var table: ResultTable {
        var table = ResultTable(
            name: "gaussian_distance",
            columns: ["model_scale", "dataset_size", points.lengthUnit, "sigma", "trials", "rmse"])
        for place in places {
            for sigma in distances.keys.sorted() {
                guard let values = distances[sigma]?[place] else { continue }
                table.rows.append([
                    .init(place.scale), .init(place.size), .init(place.length), .number(sigma), .init(values.count),
                    .init(values.mean),
                ])
            }
        }
        return table
    }

    /// In points: a panel's axes and its distance to the next; the figure's margins, the legend at the right.
    private static let panel = (width: 345, height: 270)
    private static let pitch = (width: 405, height: 365)
    private static let margin = (left: 105, top: 85, right: 175, bottom: 30)

    private var scales: [Int] { Set(places.map(\.scale)).sorted() }
    private var columns: Int { max(1, min(3, scales.count)) }
    private var rows: Int { max(1, (scales.count + columns - 1) / columns) }

    var size: (width: Int, height: Int) {
        (
            Self.margin.left + columns * Self.pitch.width - (Self.pitch.width - Self.panel.width) + Self.margin.right,
            Self.margin.top + rows * Self.pitch.height + Self.margin.bottom
        )
    }

    var script: String {
        let sizes = Set(places.map(\.size)).sorted()
        let highest = distances.values.flatMap(\.values).map(\.mean).max() ?? 1
        var data = ""
        var panels = ""
        for (index, scale) in scales.enumerated() {
            var plots = [String]()
            for place in places where place.scale == scale {
                let name = "$s\(scale)n\(place.size)"
                let rows = distances.keys.sorted().compactMap { sigma in
                    distances[sigma]?[place].map { "\(sigma) \($0.mean)\n" }
                }
                data += "\(name) << EOD\n\(rows.joined())EOD\n"
                plots.append(
                    "\(name) using 1:2 with linespoints lw 2.5 pt 7 ps 0.5 lc rgb '\(colour(place.size, sizes))' "
                        + "title '\(place.size) images'")
            }
            let length = places.filter { $0.scale == scale }.map(\.length).max() ?? 0
            let left = Self.margin.left + index % columns * Self.pitch.width
            let top = Self.margin.top + index / columns * Self.pitch.height
            let key =
                index == 0
                ? "set key at screen \(fraction(size.width - Self.margin.right + 15, size.width)),"
                    + "\(1 - fraction(Self.margin.top, size.height)) left top Left reverse samplen 2 font ',11'"
                : "unset key"
            panels += """
                set lmargin at screen \(fraction(left, size.width))
                set rmargin at screen \(fraction(left + Self.panel.width, size.width))
                set tmargin at screen \(1 - fraction(top, size.height))
                set bmargin at screen \(1 - fraction(top + Self.panel.height, size.height))
                set title 'scale \(scale), \(points.lengthLabel(length))' font ',13' offset 0,-0.4
                set ylabel '\(index % columns == 0 ? "RMSE (pixels in [−1, 1])" : "")'
                \(key)
                plot \(plots.joined(separator: ", \\\n  "))
                unset label

                """
        }
        let sigmas = distances.keys.sorted()
        return """
            \(data)
            set multiplot
            set label 1 'Distance to the Gaussian denoiser by noise level' at screen 0.5,\(1 - fraction(25, size.height)) center font ',16'
            \(Gnuplot.captions(points.caption(caption), height: size.height))
            set logscale x 10
            set format x '%g'
            set xrange [\((sigmas.first ?? 0.001) / 1.5):\((sigmas.last ?? 100) * 1.5)]
            set yrange [0:\(highest > 0 ? highest * 1.05 : 1)]
            set grid lc rgb '#dddddd' lt 1 lw 0.7
            set border 3 lc rgb '#444444'
            set tics nomirror out font ',11'
            set xlabel 'noise level σ (pixels in [−1, 1])'
            \(panels)
            unset multiplot
            """
    }

    private var caption: String { "Between the network and the Gaussian denoiser of its own training images." }

    private func fraction(_ part: Int, _ whole: Int) -> Double { Double(part) / Double(whole) }

    private func colour(_ size: Int, _ sizes: [Int]) -> String {
        guard let low = sizes.first, let high = sizes.last, high > low else { return Gnuplot.colour(0.25) }
        return Gnuplot.colour(log(Double(size) / Double(low)) / log(Double(high) / Double(low)))
    }
}
