import ResultQueries

/// One figure of a sweep.
protocol SweepFigure {
    var name: FigureName { get }
    /// The figure's size in points.
    var size: (width: Int, height: Int) { get }
    /// The script that gnuplot draws, with its data. `Gnuplot.endOfPanel` follows every `plot`.
    var script: String { get }
    /// The numbers behind the figure.
    var table: ResultTable { get }
    /// Where values lie, by panel in the script's order.
    var marks: [PanelMarks] { get }
    /// Why there is nothing to draw; nil where there is.
    var absence: FigureAbsence? { get }
}

/// Why a figure is not drawn.
enum FigureAbsence: Hashable, ExpressibleByStringInterpolation {
    /// The sweep does not ask for what it shows.
    case unasked(measure: String)
    /// In words.
    case because(String)

    init(stringLiteral words: String) { self = .because(words) }

    var words: String {
        switch self {
        case .unasked(let measure): "the sweep does not ask for the measure \(measure)"
        case .because(let words): words
        }
    }
}

/// The values that a panel shows, for the pointer.
struct PanelMarks {
    struct Mark: Hashable {
        /// On the panel's axes.
        var x: Double
        var y: Double
        /// What the value is, with its interval.
        var text: String
    }

    var isLogarithmic: (x: Bool, y: Bool)
    var marks: [Mark]
}
