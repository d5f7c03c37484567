import ArgumentParser
import Foundation
import ResultCatalogue
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
