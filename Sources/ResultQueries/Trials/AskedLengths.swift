import JobContract
import ResultCatalogue

/// The lengths of a sweep's trials as its file asked for them. Computed back from whole steps, one number of epochs would
/// become a different one for every dataset size.
package struct AskedLengths {
    /// "images", "epochs" or "steps".
    package let unit: String
    package let byTrial: [String: Double]

    package init(_ reader: CatalogueReader, sweep: String) throws {
        let rows = try reader.rows(
            """
            SELECT s.trial_id, s.asked, t.images, t.epochs, t.steps
            FROM sweep_trials s JOIN trials t ON t.trial_id = s.trial_id WHERE s.sweep = ?
            """, [.text(sweep)]
        ).rows.map { row in
            Row(
                trial: row[0].text ?? "", asked: JSONText.object(row[1].text ?? "") ?? [:],
                trained: ["images": row[2].number, "epochs": row[3].number, "steps": row[4].number].compactMapValues {
                    $0
                })
        }
        let units = ["images", "epochs", "steps"]
        let unit =
            units.first { unit in rows.contains { $0.asked["training." + unit] != nil } } ?? Self.constantUnit(rows)
        // A length that the file gives once for all trials is not among the axes that they ask for. It is computed back from
        // the trial of most steps, where rounding to whole steps matters least.
        let constant = rows.filter { !$0.asked.keys.contains(where: Self.isLength) }
            .max { $0.trained["steps", default: 0] < $1.trained["steps", default: 0] }?.trained[unit]
        var byTrial = [String: Double]()
        for row in rows {
            if let length = row.asked["training." + unit]?.doubleValue {
                byTrial[row.trial] = length
            } else if row.asked.keys.contains(where: Self.isLength) {
                byTrial[row.trial] = row.trained[unit]
            } else {
                byTrial[row.trial] = constant
            }
        }
        self.unit = unit
        self.byTrial = byTrial
    }

    private struct Row {
        var trial: String
        var asked: [String: JSONValue]
        /// The length in each unit, recomputed from whole steps.
        var trained: [String: Double]
    }

    private static func isLength(_ key: String) -> Bool {
        ["training.images", "training.epochs", "training.steps"].contains(key)
    }

    /// The unit, images or epochs, in which the trials' lengths differ least: that of the one length they share.
    private static func constantUnit(_ rows: [Row]) -> String {
        func spread(_ unit: String) -> Double {
            let lengths = rows.compactMap { $0.trained[unit] }
            guard let low = lengths.min(), let high = lengths.max(), high > 0 else { return 0 }
            return 1 - low / high
        }
        return spread("epochs") < spread("images") ? "epochs" : "images"
    }
}
