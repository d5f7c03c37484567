import ArgumentParser
import Foundation
import ResultCatalogue
import ResultQueries
import SweepFiles

extension CompletionKind {
    /// Sweeps of the catalogue that the line names, and sweep files here.
    static let sweeps = CompletionKind.custom { words, _, _ in
        let path = value(of: "--catalogue", in: words) ?? CatalogueOptions.defaultPath
        let names = (try? CatalogueReader(path: path).sweepNames()) ?? []
        return names
            + ((try? FileManager.default.contentsOfDirectory(atPath: ".")) ?? []).filter {
                ($0.hasSuffix(".yaml") || $0.hasSuffix(".yml")) && !$0.hasPrefix("hosts.")
            }.sorted()
    }

    /// Measures of the catalogue that the line names, and their quantities.
    static let measures = CompletionKind.custom { words, _, _ in
        let path = value(of: "--catalogue", in: words) ?? CatalogueOptions.defaultPath
        guard let rows = try? CatalogueReader(path: path).measuredQuantities().rows else { return [] }
        let names = rows.flatMap { [$0[2].text ?? "", "\($0[2].text ?? "").\($0[5].text ?? "")"] }
        return Set(names).sorted()
    }

    /// IDs of the trials of which the last attempts were.
    static let trials = CompletionKind.custom { words, _, _ in
        let path = value(of: "--catalogue", in: words) ?? CatalogueOptions.defaultPath
        let trials = (try? CatalogueReader(path: path).lastTrials(most: 50)) ?? []
        return trials.map { String($0.hex.prefix(PointNames.digits)) }
    }

    /// Hosts of the hosts file that the line names.
    static let hostNames = CompletionKind.custom { words, _, _ in
        ((try? HostsFile.read(value(of: "--hosts", in: words) ?? "hosts.yaml")) ?? []).map(\.name)
    }

    /// The word behind an option, or what follows its equals sign.
    private static func value(of option: String, in words: [String]) -> String? {
        if let word = words.first(where: { $0.hasPrefix(option + "=") }) {
            return String(word.dropFirst(option.count + 1))
        }
        return words.firstIndex(of: option).flatMap { $0 + 1 < words.count ? words[$0 + 1] : nil }
    }
}
