import GRDB
import JobContract
import SweepModel

// Facts about jobs and hosts that one coordinator leaves to the next.
extension CatalogueReader {
    static func startedAttempts(_ db: Database) throws -> Set<AttemptNumber> {
        Set(
            try Int.fetchAll(db, sql: "SELECT number FROM attempt WHERE outcome IS NULL AND worker IS NOT NULL")
                .map(AttemptNumber.init))
    }

    static func faults(_ db: Database) throws -> [Holdings.Fault] {
        // Where the same or a later attempt left a checkpoint, the training gets on in spite of its hosts, and their faults
        // count no longer.
        let rows = try Row.fetchCursor(
            db,
            sql: """
                SELECT a.number, a.kind, a.host, a.outcome, a.reason, t.trial_id, a.job
                FROM attempt a JOIN training r ON r.key = a.training
                JOIN attempt_trial x ON x.attempt = a.number JOIN trial t ON t.key = x.trial
                WHERE a.outcome IN ('job-fault', 'host-fault', 'killed')
                    AND (t.state IN ('waiting', 'running') OR a.kind = 'compare') AND a.number > t.forgiven
                    AND (a.outcome <> 'host-fault' OR a.kind <> 'train' OR a.number > r.progressed)
                ORDER BY a.number, x.position
                """)
        var faults: [Holdings.Fault] = []
        while let row = try rows.next() {
            let attempt = AttemptNumber(row[0])
            let trial = TrialID(try digest(row[5]))
            if faults.last?.attempt == attempt {
                faults[faults.count - 1].trials.append(trial)
                continue
            }
            let reason = (row[4] as String?) ?? "no reason was recorded"
            let outcome: AttemptOutcome =
                switch row[3] as String {
                case "job-fault": .jobFault(reason)
                case "killed": .killed(reason)
                default: .hostFault(reason)
                }
            faults.append(
                Holdings.Fault(
                    attempt: attempt, job: JobID(try digest(row[6])), kind: try known(row[1]), trials: [trial],
                    host: row[2],
                    outcome: outcome))
        }
        return faults
    }

    static func knownHosts(_ db: Database) throws -> [HostName: Holdings.KnownHost] {
        var hosts: [HostName: Holdings.KnownHost] = [:]
        let rows = try Row.fetchCursor(
            db,
            sql: "SELECT name, machine, boot, cpu, cores, memory, free, silent_seconds, pace, gpus FROM host")
        while let row = try rows.next() {
            hosts[row[0]] = Holdings.KnownHost(
                facts: HostFacts(
                    machine: row[1], boot: row[2], cores: row[4], memory: row[5], cpu: row[3], free: row[6],
                    gpus: StoredForms.gpus(row[9])),
                silentSeconds: row[7], pace: row[8])
        }
        return hosts
    }

    static func measureSeconds(_ db: Database) throws -> [String: Double] {
        var seconds: [String: Double] = [:]
        let rows = try Row.fetchCursor(
            db,
            sql: """
                SELECT q.measure, avg(d.seconds)
                FROM (SELECT request, seconds FROM measured ORDER BY key DESC LIMIT 1000) d
                JOIN measure_request q ON q.key = d.request GROUP BY q.measure
                """)
        while let row = try rows.next() { seconds[row[0]] = row[1] }
        return seconds
    }
}
