import ArgumentParser
import Foundation
import Quantities
import ResultCatalogue
import ResultQueries
import SweepFiles

extension CompletionKind {
    /// Sweeps of the catalogue that the line names, and sweep files here.
    static let sweeps = offering { $0.sweeps + $0.sweepFiles }

    /// Sweeps of the catalogue alone, one or several.
    static let storedSweeps = offering(\.sweeps)

    /// A trial, or a sweep.
    static let trialsAndSweeps = offering { $0.sweeps + $0.sweepFiles + $0.trials }

    /// IDs of the trials of which the last attempts were.
    static let trials = offering(\.trials)

    /// Measures, and their quantities.
    static let measures = offering(\.measures)

    /// The names of measures alone.
    static let measureNames = offering { _ in KnownQuantities.all.map(\.name) }

    /// Keys of trials.
    static let keys = offering(\.keys)

    /// What a table may be sorted by or show: keys and measures.
    static let columns = offering { $0.keys + $0.measures }

    /// The beginning of `key=value`.
    static let settings = offering { line in (line.keys + ["profile"]).map { $0 + "=" } }

    /// Hosts of the hosts file that the line names.
    static let hostNames = offering(\.hosts)

    /// Hosts, then sweeps.
    static let hostsAndSweeps = offering { $0.hosts + $0.sweeps + $0.sweepFiles }

    static let statistics = offering { _ in Statistic.allCases.map(\.rawValue) }
    static let mixes = offering { _ in Mix.allCases.map(\.rawValue) }
    static let catalogues = CompletionKind.file(extensions: ["sqlite"])
    static let yaml = CompletionKind.file(extensions: ["yaml", "yml"])

    /// What begins as the word on which the cursor is; in a list with commas, each of the list's words may be completed.
    private static func offering(_ names: @escaping @Sendable (CommandLine) -> [String]) -> CompletionKind {
        .custom { words, _, prefix in
            let names = names(CommandLine(words: words))
            guard let comma = prefix.lastIndex(of: ",") else { return names }
            let head = prefix[...comma]
            let given = Set(head.split(separator: ",").map(String.init))
            return names.filter { !given.contains($0) }.map { head + $0 }
        }
    }

    /// A command line that is being written.
    private struct CommandLine {
        let words: [String]

        private var reader: CatalogueReader? {
            try? CatalogueReader(path: value(of: "--catalogue") ?? CatalogueOptions.defaultPath)
        }

        var sweeps: [String] { (try? reader?.sweepNames()) ?? [] }

        var sweepFiles: [String] {
            ((try? FileManager.default.contentsOfDirectory(atPath: ".")) ?? []).filter {
                ($0.hasSuffix(".yaml") || $0.hasSuffix(".yml")) && !$0.hasPrefix("hosts.")
            }.sorted()
        }

        var trials: [String] {
            ((try? reader?.lastTrials(most: 50)) ?? []).map { String($0.hex.prefix(PointNames.digits)) }
        }

        var measures: [String] {
            let rows = (try? reader?.measuredQuantities().rows) ?? []
            return Set(rows.flatMap { [$0[2].text ?? "", "\($0[2].text ?? "").\($0[5].text ?? "")"] }).sorted()
        }

        var keys: [String] { KeyTable.ours.all.map(\.name) }

        var hosts: [String] { ((try? HostsFile.read(value(of: "--hosts") ?? "hosts.yaml")) ?? []).map(\.name) }

        /// The word behind an option, or what follows its equals sign.
        private func value(of option: String) -> String? {
            if let word = words.first(where: { $0.hasPrefix(option + "=") }) {
                return String(word.dropFirst(option.count + 1))
            }
            return words.firstIndex(of: option).flatMap { $0 + 1 < words.count ? words[$0 + 1] : nil }
        }
    }
}
