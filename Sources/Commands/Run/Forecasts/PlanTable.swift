import ResultQueries
import SweepModel

extension PlanReport {
    /// What `plan` prints, for programs: counts as numbers, everything else in words.
    func table() throws -> ResultTable {
        let counts: [(String, Int)] = [
            ("trials", plan.trials), ("trainings", plan.trainings), ("excluded", expansion.excluded),
            ("merged", expansion.merged.count), ("complete", plan.complete), ("to_measure", plan.toMeasure),
            ("to_train", plan.toTrain), ("settled", plan.settled), ("images_to_train", plan.imagesToTrain),
            ("images_saved_by_sharing", plan.imagesSavedBySharing),
            ("images_saved_by_store", plan.imagesSavedByStates), ("measures", plan.measures),
            ("comparisons", plan.comparisons),
        ]
        // In lines that go on over several, the first alone has a name.
        var name = ""
        let words = try lines().map { line -> [ResultTable.Cell] in
            let (head, rest) = (line.prefix(Self.indent), line.dropFirst(Self.indent))
            let isNamed = line.first != " "
            if isNamed { name = head.split(separator: " ").joined(separator: "_") }
            return [.text(name), .null, .text(isNamed ? String(rest) : String(line.drop { $0 == " " }))]
        }
        let numbers = counts.map { [ResultTable.Cell.text($0.0), .init($0.1), .null] }
        return ResultTable(
            name: "plan", columns: ["item", "count", "words"],
            rows: numbers + words.filter { row in !counts.contains { row[0] == .text($0.0) } })
    }

    /// Where the words of a line begin.
    private static let indent = 19
}
