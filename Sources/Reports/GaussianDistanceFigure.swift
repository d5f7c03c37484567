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

    /// Panels side by side, one per scale, three in a row; the size of one in points.
    private static let panel = (width: 460, height: 380)

    private var scales: [Int] { Set(places.map(\.scale)).sorted() }
    private var columns: Int { max(1, min(3, scales.count)) }
    private var rows: Int { max(1, (scales.count + columns - 1) / columns) }

    var size: (width: Int, height: Int) {
        (columns * Self.panel.width + 180, rows * Self.panel.height + 110)
    }

    var script: String {
        let sizes = Set(places.map(\.size)).sorted()
        let top = distances.values.flatMap(\.values).map(\.mean).max() ?? 1
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
            panels += """
                set lmargin at screen \(fraction(70 + index % columns * Self.panel.width, size.width))
                set rmargin at screen \(fraction(50 + (index % columns + 1) * Self.panel.width, size.width))
                set tmargin at screen \(1 - fraction(70 + index / columns * Self.panel.height, size.height))
                set bmargin at screen \(1 - fraction(10 + (index / columns + 1) * Self.panel.height, size.height))
                set title 'scale \(scale), \(points.lengthLabel(length))' font ',14'
                \(index == 0 ? "set key at screen \(fraction(size.width - 165, size.width)),0.85 left top Left reverse samplen 2" : "unset key")
                plot \(plots.joined(separator: ", \\\n  "))
                unset label 1
                unset label 2

                """
        }
        return """
            \(data)
            set multiplot
            set label 1 'Distance to the Gaussian denoiser by noise level' at screen 0.5,0.96 center font ',17'
            set label 2 \(Gnuplot.quote(points.caption(caption))) at screen 0.02,0.02 left font ',11' textcolor rgb '#444444'
            set logscale x 10
            set format x '%g'
            set yrange [0:\(top > 0 ? top * 1.05 : 1)]
            set grid lc rgb '#dddddd' lt 1 lw 0.7
            set border 3 lc rgb '#444444'
            set tics nomirror out
            set xlabel 'noise level σ (pixels in [−1, 1])'
            set ylabel 'RMSE (pixels in [−1, 1])'
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
