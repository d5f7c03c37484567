extension Schema {
    /// How far sweeps are is counted by architecture too, for a step of one costs other than a step of another.
    static let workByArchitecture = """
        DROP TRIGGER count_sweep;
        DROP TRIGGER count_reach;
        DROP TRIGGER count_later_reach;
        DROP INDEX sweep_work_by_cost;
        ALTER TABLE sweep_work ADD COLUMN architecture TEXT;
        CREATE INDEX sweep_work_by_cost ON sweep_work (sweep, model_scale, resolution, batch, architecture);
        CREATE TRIGGER count_sweep AFTER UPDATE OF revision ON sweep BEGIN
            DELETE FROM sweep_count WHERE sweep = NEW.key;
            INSERT INTO sweep_count
            SELECT NEW.key, state, count(*) FROM sweep_trials WHERE sweep = NEW.name GROUP BY state;
            DELETE FROM sweep_work WHERE sweep = NEW.key;
            INSERT INTO sweep_work (sweep, model_scale, resolution, batch, architecture, wanted, reached)
            SELECT NEW.key, r.model_scale, r.resolution, r.batch, r.architecture, sum(x.steps),
                sum(min(x.steps, coalesce(e.steps, 0)))
            FROM (
                SELECT t.training, max(t.steps) AS steps FROM wish w JOIN trial t ON t.key = w.trial
                WHERE w.revision = NEW.revision GROUP BY t.training
            ) x JOIN training r ON r.key = x.training LEFT JOIN reach e ON e.training = x.training
            GROUP BY 2, 3, 4, 5;
        END;
        CREATE TRIGGER count_reach AFTER INSERT ON reach BEGIN
            UPDATE sweep_work SET reached = reached + min(x.wanted, NEW.steps) FROM (\(wanted)) x WHERE \(isOfCost);
        END;
        CREATE TRIGGER count_later_reach AFTER UPDATE OF steps ON reach BEGIN
            UPDATE sweep_work SET reached = reached + min(x.wanted, NEW.steps) - min(x.wanted, OLD.steps)
            FROM (\(wanted)) x WHERE \(isOfCost);
        END;
        UPDATE sweep SET revision = revision;
        """

    /// The sweeps that want the training of a row of `reach`, and the steps that each wants of it.
    private static let wanted = """
        SELECT s.key AS sweep, r.model_scale, r.resolution, r.batch, r.architecture, max(t.steps) AS wanted
                FROM training r CROSS JOIN trial t ON t.training = r.key CROSS JOIN wish w ON w.trial = t.key
                CROSS JOIN sweep s ON s.revision = w.revision
                WHERE r.key = NEW.training GROUP BY s.key
        """
    private static let isOfCost = """
        sweep_work.sweep = x.sweep AND sweep_work.model_scale IS x.model_scale
                AND sweep_work.resolution IS x.resolution AND sweep_work.batch = x.batch
                AND sweep_work.architecture IS x.architecture
        """
}
