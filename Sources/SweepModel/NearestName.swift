/// The valid name nearest to a mistyped one.
package enum NearestName {
    /// "; did you mean X?" or, where nothing is near, the list of names.
    package static func advice(for name: String, among names: [String]) -> String {
        if let nearest = nearest(to: name, among: names) {
            // What lacks or has one letter at its end may be meant as well as what comes first.
            let others = names.filter { $0 != nearest && $0.count == nearest.count && $0.hasPrefix(name) }.sorted()
            let meant = nearest.hasPrefix(name) ? [nearest] + others : [nearest]
            return "; did you mean \(meant.joined(separator: " or "))?"
        }
        return list(names)
    }

    /// "; expected one of" and the names.
    package static func list(_ names: [String]) -> String {
        names.isEmpty ? "" : "; expected one of \(shortened(names).joined(separator: ", "))"
    }

    /// The names, or where these are many their sections, such as `model.*`, and the names that are in none.
    private static func shortened(_ names: [String]) -> [String] {
        guard names.count > most else { return names }
        var seen = Set<Substring>()
        return names.compactMap { name in
            let section = name.split(separator: ".", maxSplits: 1)
            guard section.count == 2 else { return names.contains { $0.hasPrefix(name + ".") } ? nil : name }
            return seen.insert(section[0]).inserted ? "\(section[0]).*" : nil
        }
    }

    /// How many names a person reads.
    private static let most = 16

    package static func nearest(to name: String, among names: [String]) -> String? {
        let tail = name.split(separator: ".").last.map(String.init) ?? name
        // A key without its section, or in the wrong one, is meant by its last word.
        let sameTail = names.filter { $0 != name && $0.split(separator: ".").last.map(String.init) == tail }
        if sameTail.count == 1 { return sameTail[0] }
        let ranked = names.map { (distance(name.lowercased(), $0.lowercased()), $0) }.sorted { $0 < $1 }
        guard let (distance, best) = ranked.first, distance <= max(1, min(name.count, best.count) / 3) else {
            return nil
        }
        return best
    }

    /// Edits, and swaps of neighbours, that turn `a` into `b` (Damerau 1964, restricted).
    static func distance(_ a: String, _ b: String) -> Int {
        let a = Array(a.prefix(64).unicodeScalars)
        let b = Array(b.prefix(64).unicodeScalars)
        var rows = [Array(0...b.count)]
        for i in 0..<a.count {
            var row = [i + 1]
            for j in 0..<b.count {
                var best = min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, rows[i - 1][j - 1] + 1) }
                row.append(best)
            }
            rows.append(row)
        }
        return rows[a.count][b.count]
    }
}
