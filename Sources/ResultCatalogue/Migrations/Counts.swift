extension Schema {
    /// Sums kept current as rows come, so that looking at a large catalogue costs no more than at a small one: the
    /// trials of every sweep by the state it sees; how far its trainings are, by what a step of them costs (`wanted` and
    /// `reached` are steps, summed over trainings); attempts by host and outcome.
    ///
    /// Setting a sweep's revision, even to the same one, counts that sweep anew.
    static let counts: String = countTables + trialCounts + workCounts + "UPDATE sweep SET revision = revision;\n"

    private static let countTables = """
        CREATE TABLE sweep_count (
            sweep INTEGER NOT NULL REFERENCES sweep,
            state TEXT NOT NULL,
            trials INTEGER NOT NULL,
            PRIMARY KEY (sweep, state)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE sweep_work (
            key INTEGER PRIMARY KEY,
            sweep INTEGER NOT NULL REFERENCES sweep,
            model_scale INTEGER,
            resolution INTEGER,
            batch INTEGER NOT NULL,
            wanted INTEGER NOT NULL,
            reached INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX sweep_work_by_cost ON sweep_work (sweep, model_scale, resolution, batch);

        CREATE TABLE reach (training INTEGER PRIMARY KEY REFERENCES training, steps INTEGER NOT NULL) STRICT;
        INSERT INTO reach
        SELECT training, max(steps) FROM (
            SELECT t.training, t.steps FROM milestone m JOIN trial t ON t.key = m.trial
            UNION ALL SELECT training, steps FROM recovery_point)
        GROUP BY training;

        CREATE TABLE attempt_count (
            host TEXT NOT NULL,
            outcome TEXT NOT NULL,
            attempts INTEGER NOT NULL,
            PRIMARY KEY (host, outcome)
        ) STRICT, WITHOUT ROWID;
        INSERT INTO attempt_count
        SELECT host, coalesce(outcome, 'open'), count(*) FROM attempt GROUP BY 1, 2;

        CREATE INDEX sweep_by_revision ON sweep (revision);
        CREATE INDEX trial_failed ON trial (key) WHERE state = 'failed';
        CREATE INDEX milestone_by_time ON milestone (recorded_at);


        """

    private static let trialCounts = """
        CREATE TRIGGER count_sweep AFTER UPDATE OF revision ON sweep BEGIN
            DELETE FROM sweep_count WHERE sweep = NEW.key;
            INSERT INTO sweep_count
            SELECT NEW.key, state, count(*) FROM sweep_trials WHERE sweep = NEW.name GROUP BY state;
            DELETE FROM sweep_work WHERE sweep = NEW.key;
            INSERT INTO sweep_work (sweep, model_scale, resolution, batch, wanted, reached)
            SELECT NEW.key, r.model_scale, r.resolution, r.batch, sum(x.steps), sum(min(x.steps, coalesce(e.steps, 0)))
            FROM (
                SELECT t.training, max(t.steps) AS steps FROM wish w JOIN trial t ON t.key = w.trial
                WHERE w.revision = NEW.revision GROUP BY t.training
            ) x JOIN training r ON r.key = x.training LEFT JOIN reach e ON e.training = x.training
            GROUP BY 2, 3, 4;
        END;
        CREATE TRIGGER count_trial_state AFTER UPDATE OF state ON trial WHEN OLD.state <> NEW.state BEGIN
            INSERT INTO sweep_count
            SELECT n.sweep, replace(iif(c.change > 0, NEW.state, OLD.state), 'succeeded', 'waiting'), c.change
            FROM (\(standing("NEW.key"))) n CROSS JOIN (\(changes)) c WHERE NOT n.is_complete AND NOT n.is_cancelled
            ON CONFLICT DO UPDATE SET trials = trials + excluded.trials;
        END;
        CREATE TRIGGER count_milestone_trial AFTER INSERT ON milestone BEGIN
            INSERT INTO sweep_count
            SELECT n.sweep, iif(c.change > 0, 'succeeded', iif(n.is_cancelled, 'cancelled', n.state)), c.change
            FROM (\(standing("NEW.trial"))) n CROSS JOIN (\(changes)) c WHERE n.is_complete
            ON CONFLICT DO UPDATE SET trials = trials + excluded.trials;
            INSERT INTO reach SELECT training, steps FROM trial WHERE key = NEW.trial
            ON CONFLICT DO UPDATE SET steps = excluded.steps WHERE excluded.steps > reach.steps;
        END;
        CREATE TRIGGER count_measured_trial AFTER INSERT ON measured BEGIN
            INSERT INTO sweep_count
            SELECT n.sweep, iif(c.change > 0, 'succeeded', iif(n.is_cancelled, 'cancelled', n.state)), c.change
            FROM (\(standing("NEW.trial"))) n CROSS JOIN (\(changes)) c
            WHERE n.is_complete AND EXISTS (
                SELECT 1 FROM wished_measure q WHERE q.revision = n.revision AND q.request = NEW.request)
            ON CONFLICT DO UPDATE SET trials = trials + excluded.trials;
        END;
        CREATE TRIGGER count_cancelled AFTER INSERT ON cancelled_wish BEGIN
            INSERT INTO sweep_count
            SELECT n.sweep, iif(c.change > 0, 'cancelled', n.state), c.change
            FROM (\(standing("NEW.trial"))) n CROSS JOIN (\(changes)) c
            WHERE n.sweep = NEW.sweep AND NOT n.is_complete
            ON CONFLICT DO UPDATE SET trials = trials + excluded.trials;
        END;
        CREATE TRIGGER discount_cancelled AFTER DELETE ON cancelled_wish BEGIN
            INSERT INTO sweep_count
            SELECT n.sweep, iif(c.change > 0, n.state, 'cancelled'), c.change
            FROM (\(standing("OLD.trial"))) n CROSS JOIN (\(changes)) c
            WHERE n.sweep = OLD.sweep AND NOT n.is_complete
            ON CONFLICT DO UPDATE SET trials = trials + excluded.trials;
        END;


        """

    private static let workCounts = """
        CREATE TRIGGER reach_recovery AFTER INSERT ON recovery_point BEGIN
            INSERT INTO reach VALUES (NEW.training, NEW.steps)
            ON CONFLICT DO UPDATE SET steps = excluded.steps WHERE excluded.steps > reach.steps;
        END;
        CREATE TRIGGER reach_later_recovery AFTER UPDATE OF steps ON recovery_point BEGIN
            INSERT INTO reach VALUES (NEW.training, NEW.steps)
            ON CONFLICT DO UPDATE SET steps = excluded.steps WHERE excluded.steps > reach.steps;
        END;
        CREATE TRIGGER count_reach AFTER INSERT ON reach BEGIN
            UPDATE sweep_work SET reached = reached + min(x.wanted, NEW.steps) FROM (\(lengthsWanted)) x WHERE \(isOfCost);
        END;
        CREATE TRIGGER count_later_reach AFTER UPDATE OF steps ON reach BEGIN
            UPDATE sweep_work SET reached = reached + min(x.wanted, NEW.steps) - min(x.wanted, OLD.steps)
            FROM (\(lengthsWanted)) x WHERE \(isOfCost);
        END;

        CREATE TRIGGER count_attempt AFTER INSERT ON attempt BEGIN
            INSERT INTO attempt_count VALUES (NEW.host, coalesce(NEW.outcome, 'open'), 1)
            ON CONFLICT DO UPDATE SET attempts = attempts + 1;
        END;
        CREATE TRIGGER count_outcome AFTER UPDATE OF outcome ON attempt WHEN OLD.outcome IS NOT NEW.outcome BEGIN
            UPDATE attempt_count SET attempts = attempts - 1
            WHERE host = OLD.host AND outcome = coalesce(OLD.outcome, 'open');
            INSERT INTO attempt_count VALUES (NEW.host, coalesce(NEW.outcome, 'open'), 1)
            ON CONFLICT DO UPDATE SET attempts = attempts + 1;
        END;

        """

    /// A row for each sweep that wants the trial: whether it is complete or cancelled there, and the state that it has
    /// otherwise.
    private static func standing(_ trial: String) -> String {
        """
        SELECT s.key AS sweep, w.revision, \(isComplete) AS is_complete, \(isCancelled) AS is_cancelled,
                    replace(t.state, 'succeeded', 'waiting') AS state
                FROM wish w CROSS JOIN sweep s ON s.revision = w.revision CROSS JOIN trial t ON t.key = w.trial
                WHERE w.trial = \(trial)
        """
    }

    /// Whether all that its sweep wants of a trial is recorded: SQL over a row `w` of `wish`. It is part of a migration and
    /// never changes.
    static let isComplete = """
        (EXISTS (SELECT 1 FROM milestone m WHERE m.trial = w.trial) AND NOT EXISTS (
                    SELECT 1 FROM wished_measure q WHERE q.revision = w.revision AND NOT EXISTS (
                        SELECT 1 FROM measured d WHERE d.trial = w.trial AND d.request = q.request)))
        """

    /// Whether a sweep took the wish for a trial back. SQL over rows `w` of `wish` and `s` of `sweep`.
    static let isCancelled =
        "EXISTS (SELECT 1 FROM cancelled_wish c WHERE c.sweep = s.key AND c.trial = w.trial)"

    private static let changes = "SELECT -1 AS change UNION ALL SELECT 1"

    /// The sweeps that want the training of a row of `reach`, and the steps that each wants of it.
    private static let lengthsWanted = """
        SELECT s.key AS sweep, r.model_scale, r.resolution, r.batch, max(t.steps) AS wanted
                FROM training r CROSS JOIN trial t ON t.training = r.key CROSS JOIN wish w ON w.trial = t.key
                CROSS JOIN sweep s ON s.revision = w.revision
                WHERE r.key = NEW.training GROUP BY s.key
        """
    private static let isOfCost = """
        sweep_work.sweep = x.sweep AND sweep_work.model_scale IS x.model_scale
                AND sweep_work.resolution IS x.resolution AND sweep_work.batch = x.batch
        """
}
