import Foundation
import ResultCatalogue
import SweepFiles
import SweepModel

extension CatalogueReader {
    /// The name of the catalogue's sweep that `text`, a name or a sweep file, stands for.
    ///
    /// Throws `SweepFileError` for a file that is no sweep file, and `CommandFailure` where the catalogue has no such sweep.
    func sweepName(_ text: String) throws -> String {
        let known = try sweeps().map(\.name)
        if known.contains(text) { return text }
        let isFile = text.hasSuffix(".yaml") || text.hasSuffix(".yml") || text.contains("/")
        let name = isFile ? try SweepHead(contentsOf: text).name : text
        guard known.contains(name) else {
            throw CommandFailure(
                .usage,
                "the catalogue has no sweep \"\(name)\""
                    + (known.isEmpty ? "; it has none" : NearestName.advice(for: name, among: known)))
        }
        return name
    }
}
