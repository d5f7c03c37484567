import GRDB
import JobContract
import SweepModel

extension Merging {
    /// Takes in sweeps whose names are new here, with their last revision.
    func mergeSweeps(_ outcome: inout MergeOutcome) throws {
        let sweeps = try Row.fetchAll(
            db,
            sql: """
                SELECT s.name, s.revision, r.content, m.content, s.created_at, n.key IS NOT NULL, r.sweep = s.key
                FROM other.sweep s LEFT JOIN other.revision r ON r.key = s.revision
                LEFT JOIN main.sweep n ON n.name = s.name LEFT JOIN main.revision m ON m.key = n.revision
                WHERE s.revision NOT NULL ORDER BY s.key
                """)
        for row in sweeps {
            let name: String = row[0]
            func refuse(_ reason: String) {
                outcome.refused.append(.init(what: "sweep \(name.prefix(200))", reason: reason))
            }
            if let fault = PlainName.fault(name) {
                refuse("its name is none: \(fault)")
                continue
            }
            if row[5] {
                if row[2] as String? != row[3] as String? { outcome.otherSweeps.append(name) }
                continue
            }
            guard (row[6] as Bool?) == true, let revision = try ForeignRevision(db, row[1]) else {
                refuse("its revision is not as one is stored")
                continue
            }
            let left = try mergeSweep(name, revision, created: row[4])
            if left > 0 {
                refuse("\(left) of its trials or comparisons were refused, or ask for other images than they name")
            }
            outcome.sweeps.append(name)
        }
    }

    /// Takes in one sweep and returns how many of its trials and comparisons were left out.
    private func mergeSweep(_ name: String, _ revision: ForeignRevision, created: String) throws -> Int {
        let theirs = revision.key
        let time = try Bool.fetchOne(db, sql: "SELECT \(ForeignValues.time("?1"))", arguments: [created]) ?? false
        try execute(
            "INSERT INTO main.sweep (name, created_at) VALUES (?, ?)", [name, time ? created : recording.now])
        let sweep = db.lastInsertedRowID
        try execute(
            """
            INSERT INTO main.revision (sweep, number, about, text, overrides, needs, worker, content, stored_at)
            VALUES (?, 1, ?, ?, ?, ?, ?, '', ?)
            """,
            [
                sweep, revision.about, revision.text, try JSONText.write(revision.overrides),
                try StoredForms.text(revision.needs), try StoredForms.text(revision.worker),
                revision.storedAt ?? recording.now,
            ])
        let ours = db.lastInsertedRowID
        let datasets = try datasets(of: theirs)
        var left = 0
        let wishes = try StoredRows(
            db,
            """
            SELECT w.position, t.ours, w.asked, r.training, m.key FROM other.wish w
            LEFT JOIN trial_pair t ON t.theirs = w.trial LEFT JOIN other.trial r ON r.key = w.trial
            LEFT JOIN main.trial n ON n.key = t.ours LEFT JOIN main.training m ON m.key = n.training
            WHERE w.revision = ? ORDER BY w.position
            """, [theirs])
        var wanted: [(position: Int64, trial: Int64, asked: String, training: Int64, dataset: Int)] = []
        while try wishes.next() {
            guard !wishes.isNull(1), !wishes.isNull(4), 0...(1 << 40) ~= wishes.integer(0),
                let asked = JSONText.object(wishes.text(2)), let dataset = datasets.ofTraining[wishes.integer(3)]
            else {
                left += 1
                continue
            }
            wanted.append((wishes.integer(0), wishes.integer(1), try JSONText.write(asked), wishes.integer(4), dataset))
        }
        var keys: [Int: Int64] = [:]
        for wish in wanted {
            try recording.run(
                "INSERT INTO main.wish (revision, position, trial, asked) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                [ours, wish.position, wish.trial, wish.asked])
            if keys[wish.dataset] == nil {
                let text = try StoredForms.text(datasets.requests[wish.dataset])
                try execute("INSERT INTO main.dataset_request (request) VALUES (?) ON CONFLICT DO NOTHING", [text])
                keys[wish.dataset] = try Int64.fetchOne(
                    db, sql: "SELECT key FROM main.dataset_request WHERE request = ?", arguments: [text])
            }
            try recording.run(
                """
                INSERT INTO main.wished_dataset (revision, training, dataset) VALUES (?, ?, ?) ON CONFLICT DO NOTHING
                """, [ours, wish.training, keys[wish.dataset]])
        }
        try execute(
            """
            INSERT OR IGNORE INTO main.wished_measure SELECT ?1, q.ours, w.position FROM other.wished_measure w
            JOIN request_pair q ON q.theirs = w.request WHERE w.revision = ?2 AND \(ForeignValues.count("w.position"))
            """, [ours, theirs])
        left += try mergeComparisons(ours, theirs)
        if let stored = try String.fetchOne(db, sql: "SELECT name FROM main.sweep WHERE key = ?", arguments: [sweep]) {
            try execute("UPDATE main.sweep SET revision = ? WHERE key = ?", [ours, sweep])
            if let whole = try CatalogueReader.sweep(named: stored, db) {
                try execute(
                    "UPDATE main.revision SET content = ? WHERE key = ?", [try Catalogue.content(of: whole), ours])
            }
        }
        try execute(
            """
            INSERT INTO main.cancelled_wish (sweep, trial, cancelled_at)
            SELECT ?1, t.key, ?3 FROM main.sweep_trials v JOIN main.trial t ON t.trial_id = v.trial_id
            WHERE v.sweep = ?2 AND v.state <> 'succeeded' GROUP BY t.key
            """, [sweep, name, recording.now])
        return left
    }

    /// Takes in comparisons whose trials the sweep wants, and returns how many were left out.
    private func mergeComparisons(_ ours: Int64, _ theirs: Int64) throws -> Int {
        let all =
            try Int.fetchOne(
                db, sql: "SELECT count(*) FROM other.wished_comparison WHERE revision = ?", arguments: [theirs]) ?? 0
        let taken = try execute(
            """
            INSERT OR IGNORE INTO main.wished_comparison
            SELECT ?1, w.position, t.ours, q.ours, w.members FROM other.wished_comparison w
            JOIN trial_pair t ON t.theirs = w.trial JOIN request_pair q ON q.theirs = w.request
            JOIN main.trial n ON n.key = t.ours
            WHERE w.revision = ?2 AND \(ForeignValues.count("w.position"))
                AND \(ForeignValues.text("w.members", is: ForeignValues.isMembers, 1 << 24))
                AND substr(w.members, 3, 64) = n.trial_id AND NOT EXISTS (
                    SELECT 1 FROM json_each(w.members) j WHERE NOT EXISTS (
                        SELECT 1 FROM main.wish x JOIN main.trial y ON y.key = x.trial
                        WHERE x.revision = ?1 AND y.trial_id = j.value))
            """, [ours, theirs])
        return all - taken
    }

    /// The datasets that the revision's trainings read: by the training's key there, the place of its request. Trainings are
    /// left out whose request is for other images than their spec tells of, or cannot be read.
    private func datasets(of revision: Int64) throws -> (ofTraining: [Int64: Int], requests: [DatasetRequest]) {
        var (requests, places, ofTraining): ([DatasetRequest], [DatasetRequest: Int], [Int64: Int]) = ([], [:], [:])
        let rows = try StoredRows(
            db,
            """
            SELECT w.training, d.request, r.spec FROM other.wished_dataset w JOIN other.dataset_request d ON d.key = w.dataset
            JOIN other.training r ON r.key = w.training WHERE w.revision = ?
            """, [revision])
        var known: [String: DatasetRequest?] = [:]
        while try rows.next() {
            let text = rows.text(1)
            let request = known[text] ?? StoredForms.dataset(text)
            known[text] = request
            guard let request, let spec = JSONText.object(rows.text(2)), request.agrees(with: spec) else { continue }
            let place = places[request] ?? requests.count
            if place == requests.count { requests.append(request) }
            places[request] = place
            ofTraining[rows.integer(0)] = place
        }
        return (ofTraining, requests)
    }
}

/// A revision of the other catalogue, with its texts read.
private struct ForeignRevision {
    var key: Int64
    var about: String
    var text: String
    var overrides: [String]
    var needs: JobNeeds
    var worker: WorkerCommand
    /// Nil where the stored text is no time.
    var storedAt: String?

    private static let longest = 16 << 20

    /// Nil where no release stores a revision so.
    init?(_ db: Database, _ key: Int64) throws {
        guard
            let row = try Row.fetchOne(
                db,
                sql: """
                    SELECT about, text, overrides, needs, worker, iif(\(ForeignValues.time("stored_at")), stored_at, NULL)
                    FROM other.revision WHERE key = ?1 AND max(length(about), length(text), length(overrides)) <= ?2
                    """, arguments: [key, Self.longest])
        else { return nil }
        self.key = key
        about = row[0]
        text = row[1]
        storedAt = row[5]
        guard let overrides = Self.texts(JSONText.read(row[2])), let needs = JSONText.object(row[3]),
            let worker = JSONText.object(row[4]), let command = Self.texts(worker["command"]),
            let upload = Self.texts(worker["upload"]), command.first?.isEmpty == false,
            let tags = Self.texts(needs["tags"])
        else { return nil }
        self.overrides = overrides
        let memory = needs["memory"]?.integerValue
        guard memory == nil ? needs["memory"] == .null : memory.map({ 0...(1 << 60) ~= $0 }) == true else { return nil }
        let gpus = needs["gpus"] ?? .integer(0)
        guard let gpus = gpus.integerValue, 0...GPUChoice.most ~= gpus else { return nil }
        self.needs = JobNeeds(memory: memory, tags: Set(tags), gpus: gpus)
        let names = upload.map { $0.split(separator: "/").last.map(String.init) ?? "" }
        guard upload.allSatisfy({ $0.hasPrefix("/") && !$0.hasSuffix("/") }), names.allSatisfy(PlainName.isComponent)
        else { return nil }
        let measures = worker["measures"] ?? .null
        guard measures == .null || measures == .string(WorkerCommand.ours) else { return nil }
        self.worker = WorkerCommand(command: command, upload: upload, measures: measures.stringValue)
    }

    private static func texts(_ value: JSONValue?) -> [String]? {
        guard let values = value?.arrayValue else { return nil }
        let texts = values.compactMap(\.stringValue)
        return texts.count == values.count ? texts : nil
    }
}
