import GRDB
import JobContract
import SweepModel

extension Merging {
    /// Gathers the other's trainings and trials whose specs or lengths are not what they are named for, as
    /// `temp.misnamed_training` and `temp.misnamed_trial`; returns the trials' names, in order.
    func findMisnamed() throws -> [String] {
        try execute("CREATE TEMP TABLE misnamed_training (key INTEGER PRIMARY KEY)")
        try execute("CREATE TEMP TABLE misnamed_trial (key INTEGER PRIMARY KEY)")
        let specs = try StoredRows(db, "SELECT key, training_id, spec FROM other.training", [])
        var trainings: [Int64] = []
        while try specs.next() {
            var texts = TextColumn(count: 1)
            texts.append(2, of: specs)
            let training = Training(
                id: TrainingID(try specs.digest(1)),
                spec: .text(TextTable(texts: texts.texts, ends: texts.ends), 0))
            if !training.bearsItsName { trainings.append(specs.integer(0)) }
        }
        for key in trainings { try execute("INSERT INTO misnamed_training VALUES (?)", [key]) }
        let lengths = try StoredRows(
            db,
            """
            SELECT t.key, t.trial_id, t.steps, r.training_id, r.key IN temp.misnamed_training
            FROM other.trial t JOIN other.training r ON r.key = t.training ORDER BY t.key
            """, [])
        var trials: [(key: Int64, name: String)] = []
        while try lengths.next() {
            let trial = Trial(
                id: TrialID(try lengths.digest(1)), training: TrainingID(try lengths.digest(3)),
                steps: lengths.count(2), position: 0, asked: [:])
            if lengths.integer(4) == 1 || !trial.bearsItsName { trials.append((lengths.integer(0), trial.id.hex)) }
        }
        for trial in trials { try execute("INSERT INTO misnamed_trial VALUES (?)", [trial.key]) }
        return trials.map(\.name)
    }
}
