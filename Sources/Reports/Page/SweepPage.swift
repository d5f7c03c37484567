import ResultCatalogue
import ResultQueries

/// All that the page about a sweep holds, as values that `PageRenderer` writes down.
package struct SweepPage: Sendable {
    /// An axis of the grid and the values that trials ask for, ascending.
    package struct Axis: Hashable, Sendable {
        package var key: String
        package var values: [String]
    }

    /// A table with what is said above it.
    package struct Listing: Hashable, Sendable {
        package var title: String
        package var table: ResultTable
        /// A sentence on rows left out, or on the meaning of columns.
        package var note: String?
    }

    /// A figure, the values that it shows under the pointer, and the numbers behind it.
    package struct Figure: Hashable, Sendable {
        /// A value's place in points from the left and the top, and what the value is.
        package struct Value: Hashable, Sendable {
            package var x: Double
            package var y: Double
            package var text: String
        }
        package var name: String
        package var width: Int
        package var height: Int
        /// The figure that gnuplot drew, from `<svg` on; nil where it could not.
        package var svg: String?
        package var values: [Value]
        package var data: Listing
    }

    /// A picture that a measure made, as PNG.
    package struct Picture: Hashable, Sendable {
        package var title: String
        package var about: String
        package var png: [UInt8]
    }

    package var sweep: String
    /// The sweep file's `about`.
    package var about: String
    /// Numbers of trials by state, without states that no trial is in.
    package var states: [(state: String, trials: Int)]
    package var axes: [Axis]
    /// Keys that all trials share.
    package var settings: Listing
    /// The sentences of `analyze`.
    package var findings: [String]
    package var memorization: Listing
    package var figures: [Figure]
    /// Why figures are not drawn.
    package var problem: ReportError?
    package var pictures: [Picture]
    /// Which pictures were left out.
    package var picturesNote: String?
    package var trials: Listing
    /// Hosts, then what went wrong.
    package var attempts: [Listing]
    /// Workers' builds, datasets, measures, and the catalogue itself.
    package var provenance: [Listing]
    /// Lines for a shell.
    package var commands: [String]
    /// The sweep file as it was launched.
    package var file: String
}
