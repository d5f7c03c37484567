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
            if let command = mayBeTrial(text) {
                throw CommandFailure(.usage, "\"\(text)\" is a trial, and a sweep is asked for; \(command)")
            }
            throw CommandFailure(
                .usage,
                "the catalogue has no sweep \"\(name)\""
                    + (known.isEmpty ? "; it has none" : NearestName.advice(for: name, among: known)))
        }
        return name
    }

    /// What shows the trial that `text` names by its place or the beginning of its ID; nil where it names none.
    private func mayBeTrial(_ text: String) -> String? {
        let isPlace = text.hasPrefix("@")
        let isID = text.count >= 4 && text.count <= 64 && text.allSatisfy(\.isHexDigit)
        guard isPlace || isID, (try? TrialNaming(self).trials(text)) != nil else { return nil }
        return "`eigensweep trial \(ShellWord.quoted(text))\(CatalogueOptions.option(for: path))` shows it"
    }
}

/// What a command that reads a sweep file says of the name of a sweep that the catalogue has.
enum SweepFileArgument {
    /// Throws where `text` is no file and names a sweep of the catalogue; `advice` says, in commands, what takes the name.
    static func require(_ text: String, in catalogue: String, _ advice: (_ name: String, _ option: String) -> String)
        throws
    {
        guard !FileManager.default.fileExists(atPath: text), FileManager.default.fileExists(atPath: catalogue),
            let reader = try? CatalogueReader(path: catalogue), let names = try? reader.sweepNames(),
            names.contains(text)
        else { return }
        throw CommandFailure(
            .invalidInput,
            "\"\(text)\" is a sweep of the catalogue, and a sweep file is asked for; "
                + advice(ShellWord.quoted(text), CatalogueOptions.option(for: reader.path)))
    }
}
