/// One figure of a sweep.
protocol SweepFigure {
    var name: FigureName { get }
    /// In points.
    var size: (width: Int, height: Int) { get }
    /// What gnuplot draws; it holds its data.
    var script: String { get }
    /// The numbers behind the figure.
    var table: ResultTable { get }
    /// Whether there is nothing to draw.
    var isEmpty: Bool { get }
}
