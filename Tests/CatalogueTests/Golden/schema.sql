index artifact_by_digest
CREATE INDEX artifact_by_digest ON artifact (digest);

index attempt_by_trial
CREATE INDEX attempt_by_trial ON attempt_trial (trial, attempt);

index attempt_charged
CREATE INDEX attempt_charged ON attempt (number) WHERE outcome IN ('job-fault', 'host-fault', 'killed');

index attempt_open
CREATE INDEX attempt_open ON attempt (number) WHERE outcome IS NULL;

index attempt_open_by_training
CREATE INDEX attempt_open_by_training ON attempt (training) WHERE outcome IS NULL;

index cancelled_wish_by_trial
CREATE INDEX cancelled_wish_by_trial ON cancelled_wish (trial);

index evidence_by_trial
CREATE INDEX evidence_by_trial ON evidence (trial, attempt);

index measured_by_request
CREATE INDEX measured_by_request ON measured (request, trial);

index milestone_by_state
CREATE INDEX milestone_by_state ON milestone (state) WHERE state IS NOT NULL;

index milestone_by_time
CREATE INDEX milestone_by_time ON milestone (recorded_at);

index milestone_by_weights
CREATE INDEX milestone_by_weights ON milestone (weights);

index recovery_by_state
CREATE INDEX recovery_by_state ON recovery_point (state);

index sweep_by_revision
CREATE INDEX sweep_by_revision ON sweep (revision);

index sweep_work_by_cost
CREATE INDEX sweep_work_by_cost ON sweep_work (sweep, model_scale, resolution, batch, architecture);

index tag_by_name
CREATE INDEX tag_by_name ON tag (tag);

index training_by_dataset
CREATE INDEX training_by_dataset ON training (dataset);

index trial_failed
CREATE INDEX trial_failed ON trial (key) WHERE state = 'failed';

index trial_made_again
CREATE INDEX trial_made_again ON trial (key) WHERE state = 'waiting' AND reason IS NOT NULL;

index trial_settled
CREATE INDEX trial_settled ON trial (training) WHERE state IN ('failed', 'cancelled');

index wish_by_trial
CREATE INDEX wish_by_trial ON wish (trial, revision);

table artifact
CREATE TABLE artifact (
    measured INTEGER NOT NULL REFERENCES measured,
    ordinal INTEGER NOT NULL,
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    digest TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (measured, ordinal)
) STRICT, WITHOUT ROWID;

table attempt
CREATE TABLE attempt (
    number INTEGER PRIMARY KEY,
    job TEXT NOT NULL,
    training INTEGER NOT NULL REFERENCES training,
    kind TEXT NOT NULL,
    host TEXT NOT NULL,
    machine TEXT NOT NULL,
    boot TEXT NOT NULL,
    cpu TEXT NOT NULL,
    generation INTEGER NOT NULL,
    intended_at TEXT NOT NULL,
    started_at TEXT,
    ended_at TEXT,
    outcome TEXT,
    reason TEXT,
    worker TEXT,
    numerics INTEGER,
    build TEXT,
    worker_cpu TEXT,
    kernels TEXT
, task TEXT, diagnostics TEXT) STRICT;

table attempt_count
CREATE TABLE attempt_count (
    host TEXT NOT NULL,
    outcome TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    PRIMARY KEY (host, outcome)
) STRICT, WITHOUT ROWID;

table attempt_trial
CREATE TABLE attempt_trial (
    attempt INTEGER NOT NULL REFERENCES attempt,
    position INTEGER NOT NULL,
    trial INTEGER NOT NULL REFERENCES trial,
    PRIMARY KEY (attempt, position)
) STRICT, WITHOUT ROWID;

table cancelled_wish
CREATE TABLE cancelled_wish (
    sweep INTEGER NOT NULL REFERENCES sweep,
    trial INTEGER NOT NULL REFERENCES trial,
    cancelled_at TEXT NOT NULL,
    PRIMARY KEY (sweep, trial)
) STRICT, WITHOUT ROWID;

table catalogue_identity
CREATE TABLE catalogue_identity (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    catalogue_id TEXT NOT NULL,
    generation INTEGER NOT NULL,
    created_at TEXT NOT NULL
) STRICT;

table coordinator_start
CREATE TABLE coordinator_start (
    generation INTEGER PRIMARY KEY,
    nonce TEXT NOT NULL,
    started_at TEXT NOT NULL
, place TEXT) STRICT;

table dataset_request
CREATE TABLE dataset_request (
    key INTEGER PRIMARY KEY,
    request TEXT NOT NULL UNIQUE
) STRICT;

table declared_quantity
CREATE TABLE declared_quantity (
    measure TEXT NOT NULL,
    version INTEGER NOT NULL,
    name TEXT NOT NULL,
    declaration TEXT NOT NULL,
    PRIMARY KEY (measure, version, name)
) STRICT, WITHOUT ROWID;

table drained_host
CREATE TABLE drained_host (
    name TEXT PRIMARY KEY,
    reason TEXT NOT NULL,
    drained_at TEXT NOT NULL
) STRICT;

table evidence
CREATE TABLE evidence (
    key INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    trial INTEGER NOT NULL REFERENCES trial,
    request INTEGER REFERENCES measure_request,
    attempt INTEGER NOT NULL REFERENCES attempt,
    kept TEXT NOT NULL,
    found TEXT NOT NULL,
    recorded_at TEXT NOT NULL
) STRICT;

table failed_comparison
CREATE TABLE failed_comparison (
    trial INTEGER NOT NULL REFERENCES trial,
    request INTEGER NOT NULL REFERENCES measure_request,
    members TEXT NOT NULL,
    reason TEXT NOT NULL,
    failed_at TEXT NOT NULL,
    PRIMARY KEY (trial, request, members)
) STRICT, WITHOUT ROWID;

table forecast
CREATE TABLE forecast (
    key INTEGER PRIMARY KEY,
    sweep INTEGER NOT NULL REFERENCES sweep,
    made_at TEXT NOT NULL,
    seconds REAL,
    bytes INTEGER NOT NULL,
    took REAL NOT NULL,
    kept INTEGER NOT NULL
) STRICT;

table grdb_migrations
CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);

table host
CREATE TABLE host (
    name TEXT PRIMARY KEY,
    machine TEXT NOT NULL,
    boot TEXT NOT NULL,
    cpu TEXT NOT NULL,
    cores INTEGER NOT NULL,
    memory INTEGER NOT NULL,
    free INTEGER NOT NULL,
    seen_at TEXT NOT NULL
, silent_seconds REAL NOT NULL DEFAULT 0, pace REAL, gpus TEXT) STRICT;

table kept_state
CREATE TABLE kept_state (
    training INTEGER PRIMARY KEY REFERENCES training,
    attempt INTEGER NOT NULL REFERENCES attempt,
    steps INTEGER NOT NULL,
    state TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    recorded_at TEXT NOT NULL
) STRICT;

table measure_request
CREATE TABLE measure_request (
    key INTEGER PRIMARY KEY,
    measure TEXT NOT NULL,
    version INTEGER NOT NULL,
    parameters TEXT NOT NULL,
    UNIQUE (measure, version, parameters)
) STRICT;

table measured
CREATE TABLE measured (
    key INTEGER PRIMARY KEY,
    trial INTEGER NOT NULL REFERENCES trial,
    request INTEGER NOT NULL REFERENCES measure_request,
    attempt INTEGER NOT NULL REFERENCES attempt,
    checkpoint TEXT NOT NULL,
    members TEXT NOT NULL DEFAULT '',
    seconds REAL NOT NULL,
    recorded_at TEXT NOT NULL,
    UNIQUE (trial, request, members)
) STRICT;

table measurement
CREATE TABLE measurement (
    quantity INTEGER NOT NULL REFERENCES quantity,
    measured INTEGER NOT NULL REFERENCES measured,
    ordinal INTEGER NOT NULL,
    sigma REAL,
    position INTEGER,
    value REAL,
    n INTEGER,
    stderr REAL,
    PRIMARY KEY (quantity, measured, ordinal)
) STRICT, WITHOUT ROWID;

table merged_attempt
CREATE TABLE merged_attempt (
    catalogue TEXT NOT NULL,
    number INTEGER NOT NULL,
    attempt INTEGER NOT NULL REFERENCES attempt,
    PRIMARY KEY (catalogue, number)
) STRICT, WITHOUT ROWID;

table milestone
CREATE TABLE milestone (
    trial INTEGER PRIMARY KEY REFERENCES trial,
    attempt INTEGER NOT NULL REFERENCES attempt,
    weights TEXT NOT NULL,
    weights_bytes INTEGER NOT NULL,
    state TEXT,
    state_bytes INTEGER,
    parameters INTEGER NOT NULL,
    losses TEXT,
    seconds REAL NOT NULL,
    recorded_at TEXT NOT NULL
) STRICT;

table note
CREATE TABLE note (
    key INTEGER PRIMARY KEY,
    sweep INTEGER UNIQUE REFERENCES sweep,
    trial INTEGER UNIQUE REFERENCES trial,
    text TEXT NOT NULL,
    written_at TEXT NOT NULL,
    CHECK ((sweep IS NULL) <> (trial IS NULL))
) STRICT;

table quantity
CREATE TABLE quantity (
    key INTEGER PRIMARY KEY,
    request INTEGER NOT NULL REFERENCES measure_request,
    name TEXT NOT NULL,
    UNIQUE (request, name)
) STRICT;

table reach
CREATE TABLE reach (training INTEGER PRIMARY KEY REFERENCES training, steps INTEGER NOT NULL) STRICT;

table recovery_point
CREATE TABLE recovery_point (
    training INTEGER PRIMARY KEY REFERENCES training,
    attempt INTEGER NOT NULL REFERENCES attempt,
    steps INTEGER NOT NULL,
    state TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    recorded_at TEXT NOT NULL
) STRICT;

table revision
CREATE TABLE revision (
    key INTEGER PRIMARY KEY,
    sweep INTEGER NOT NULL REFERENCES sweep,
    number INTEGER NOT NULL,
    about TEXT NOT NULL,
    text TEXT NOT NULL,
    overrides TEXT NOT NULL,
    needs TEXT NOT NULL,
    worker TEXT NOT NULL,
    content TEXT NOT NULL,
    stored_at TEXT NOT NULL,
    UNIQUE (sweep, number)
) STRICT;

table stored_bytes
CREATE TABLE stored_bytes (kind TEXT PRIMARY KEY, bytes INTEGER NOT NULL) STRICT;

table sweep
CREATE TABLE sweep (
    key INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    created_at TEXT NOT NULL,
    revision INTEGER
) STRICT;

table sweep_count
CREATE TABLE sweep_count (
    sweep INTEGER NOT NULL REFERENCES sweep,
    state TEXT NOT NULL,
    trials INTEGER NOT NULL,
    PRIMARY KEY (sweep, state)
) STRICT, WITHOUT ROWID;

table sweep_work
CREATE TABLE sweep_work (
    key INTEGER PRIMARY KEY,
    sweep INTEGER NOT NULL REFERENCES sweep,
    model_scale INTEGER,
    resolution INTEGER,
    batch INTEGER NOT NULL,
    wanted INTEGER NOT NULL,
    reached INTEGER NOT NULL
, architecture TEXT) STRICT;

table tag
CREATE TABLE tag (
    key INTEGER PRIMARY KEY,
    sweep INTEGER REFERENCES sweep,
    trial INTEGER REFERENCES trial,
    tag TEXT NOT NULL,
    tagged_at TEXT NOT NULL,
    UNIQUE (sweep, tag),
    UNIQUE (trial, tag),
    CHECK ((sweep IS NULL) <> (trial IS NULL))
) STRICT;

table training
CREATE TABLE training (
    key INTEGER PRIMARY KEY,
    training_id TEXT NOT NULL UNIQUE,
    dataset TEXT,
    dataset_size INTEGER,
    part TEXT,
    resolution INTEGER,
    architecture TEXT,
    model_scale INTEGER,
    batch INTEGER NOT NULL,
    seed INTEGER,
    worker TEXT,
    spec TEXT NOT NULL
, progressed INTEGER NOT NULL DEFAULT 0) STRICT;

table trial
CREATE TABLE trial (
    key INTEGER PRIMARY KEY,
    trial_id TEXT NOT NULL UNIQUE,
    training INTEGER NOT NULL REFERENCES training,
    steps INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting'
        CHECK (state IN ('waiting', 'running', 'succeeded', 'failed', 'cancelled')),
    reason TEXT,
    ended_at TEXT, forgiven INTEGER NOT NULL DEFAULT 0,
    UNIQUE (training, steps)
) STRICT;

table unsealed
CREATE TABLE unsealed (by TEXT PRIMARY KEY, since TEXT NOT NULL) STRICT, WITHOUT ROWID;

table wish
CREATE TABLE wish (
    revision INTEGER NOT NULL REFERENCES revision,
    position INTEGER NOT NULL,
    trial INTEGER NOT NULL REFERENCES trial,
    asked TEXT NOT NULL,
    PRIMARY KEY (revision, position)
) STRICT, WITHOUT ROWID;

table wished_comparison
CREATE TABLE wished_comparison (
    revision INTEGER NOT NULL REFERENCES revision,
    position INTEGER NOT NULL,
    trial INTEGER NOT NULL REFERENCES trial,
    request INTEGER NOT NULL REFERENCES measure_request,
    members TEXT NOT NULL,
    PRIMARY KEY (revision, position)
) STRICT, WITHOUT ROWID;

table wished_dataset
CREATE TABLE wished_dataset (
    revision INTEGER NOT NULL REFERENCES revision,
    training INTEGER NOT NULL REFERENCES training,
    dataset INTEGER NOT NULL REFERENCES dataset_request,
    PRIMARY KEY (revision, training)
) STRICT, WITHOUT ROWID;

table wished_measure
CREATE TABLE wished_measure (
    revision INTEGER NOT NULL REFERENCES revision,
    request INTEGER NOT NULL REFERENCES measure_request,
    position INTEGER NOT NULL,
    PRIMARY KEY (revision, request)
) STRICT, WITHOUT ROWID;

table worker_files
CREATE TABLE worker_files (
    key INTEGER PRIMARY KEY,
    worker TEXT NOT NULL,
    files TEXT NOT NULL,
    since TEXT NOT NULL,
    UNIQUE (worker, files)
) STRICT;

trigger count_artifact
CREATE TRIGGER count_artifact AFTER INSERT ON artifact BEGIN
    UPDATE stored_bytes SET bytes = bytes + NEW.bytes WHERE kind = 'artifacts';
END;

trigger count_attempt
CREATE TRIGGER count_attempt AFTER INSERT ON attempt BEGIN
    INSERT INTO attempt_count VALUES (NEW.host, coalesce(NEW.outcome, 'open'), 1)
    ON CONFLICT DO UPDATE SET attempts = attempts + 1;
END;

trigger count_cancelled
CREATE TRIGGER count_cancelled AFTER INSERT ON cancelled_wish BEGIN
    INSERT INTO sweep_count
    SELECT n.sweep, iif(c.change > 0, 'cancelled', n.state), c.change
    FROM (SELECT s.key AS sweep, w.revision, (EXISTS (SELECT 1 FROM milestone m WHERE m.trial = w.trial) AND NOT EXISTS (
            SELECT 1 FROM wished_measure q WHERE q.revision = w.revision AND NOT EXISTS (
                SELECT 1 FROM measured d WHERE d.trial = w.trial AND d.request = q.request))) AS is_complete, EXISTS (SELECT 1 FROM cancelled_wish c WHERE c.sweep = s.key AND c.trial = w.trial) AS is_cancelled,
            replace(t.state, 'succeeded', 'waiting') AS state
        FROM wish w CROSS JOIN sweep s ON s.revision = w.revision CROSS JOIN trial t ON t.key = w.trial
        WHERE w.trial = NEW.trial) n CROSS JOIN (SELECT -1 AS change UNION ALL SELECT 1) c
    WHERE n.sweep = NEW.sweep AND NOT n.is_complete
    ON CONFLICT DO UPDATE SET trials = trials + excluded.trials;
END;

trigger count_later_reach
CREATE TRIGGER count_later_reach AFTER UPDATE OF steps ON reach BEGIN
    UPDATE sweep_work SET reached = reached + min(x.wanted, NEW.steps) - min(x.wanted, OLD.steps)
    FROM (SELECT s.key AS sweep, r.model_scale, r.resolution, r.batch, r.architecture, max(t.steps) AS wanted
        FROM training r CROSS JOIN trial t ON t.training = r.key CROSS JOIN wish w ON w.trial = t.key
        CROSS JOIN sweep s ON s.revision = w.revision
        WHERE r.key = NEW.training GROUP BY s.key) x WHERE sweep_work.sweep = x.sweep AND sweep_work.model_scale IS x.model_scale
        AND sweep_work.resolution IS x.resolution AND sweep_work.batch = x.batch
        AND sweep_work.architecture IS x.architecture;
END;

trigger count_later_recovery
CREATE TRIGGER count_later_recovery AFTER UPDATE OF bytes ON recovery_point BEGIN
    UPDATE stored_bytes SET bytes = bytes + NEW.bytes - OLD.bytes WHERE kind = 'states';
END;

trigger count_measured_trial
CREATE TRIGGER count_measured_trial AFTER INSERT ON measured BEGIN
    INSERT INTO sweep_count
    SELECT n.sweep, iif(c.change > 0, 'succeeded', iif(n.is_cancelled, 'cancelled', n.state)), c.change
    FROM (SELECT s.key AS sweep, w.revision, (EXISTS (SELECT 1 FROM milestone m WHERE m.trial = w.trial) AND NOT EXISTS (
            SELECT 1 FROM wished_measure q WHERE q.revision = w.revision AND NOT EXISTS (
                SELECT 1 FROM measured d WHERE d.trial = w.trial AND d.request = q.request))) AS is_complete, EXISTS (SELECT 1 FROM cancelled_wish c WHERE c.sweep = s.key AND c.trial = w.trial) AS is_cancelled,
            replace(t.state, 'succeeded', 'waiting') AS state
        FROM wish w CROSS JOIN sweep s ON s.revision = w.revision CROSS JOIN trial t ON t.key = w.trial
        WHERE w.trial = NEW.trial) n CROSS JOIN (SELECT -1 AS change UNION ALL SELECT 1) c
    WHERE n.is_complete AND EXISTS (
        SELECT 1 FROM wished_measure q WHERE q.revision = n.revision AND q.request = NEW.request)
    ON CONFLICT DO UPDATE SET trials = trials + excluded.trials;
END;

trigger count_milestone
CREATE TRIGGER count_milestone AFTER INSERT ON milestone BEGIN
    UPDATE stored_bytes SET bytes = bytes + NEW.weights_bytes WHERE kind = 'weights';
    UPDATE stored_bytes SET bytes = bytes + coalesce(NEW.state_bytes, 0) WHERE kind = 'states';
END;

trigger count_milestone_state
CREATE TRIGGER count_milestone_state AFTER UPDATE OF state_bytes ON milestone BEGIN
    UPDATE stored_bytes SET bytes = bytes + coalesce(NEW.state_bytes, 0) - coalesce(OLD.state_bytes, 0)
    WHERE kind = 'states';
END;

trigger count_milestone_trial
CREATE TRIGGER count_milestone_trial AFTER INSERT ON milestone BEGIN
    INSERT INTO sweep_count
    SELECT n.sweep, iif(c.change > 0, 'succeeded', iif(n.is_cancelled, 'cancelled', n.state)), c.change
    FROM (SELECT s.key AS sweep, w.revision, (EXISTS (SELECT 1 FROM milestone m WHERE m.trial = w.trial) AND NOT EXISTS (
            SELECT 1 FROM wished_measure q WHERE q.revision = w.revision AND NOT EXISTS (
                SELECT 1 FROM measured d WHERE d.trial = w.trial AND d.request = q.request))) AS is_complete, EXISTS (SELECT 1 FROM cancelled_wish c WHERE c.sweep = s.key AND c.trial = w.trial) AS is_cancelled,
            replace(t.state, 'succeeded', 'waiting') AS state
        FROM wish w CROSS JOIN sweep s ON s.revision = w.revision CROSS JOIN trial t ON t.key = w.trial
        WHERE w.trial = NEW.trial) n CROSS JOIN (SELECT -1 AS change UNION ALL SELECT 1) c WHERE n.is_complete
    ON CONFLICT DO UPDATE SET trials = trials + excluded.trials;
    INSERT INTO reach SELECT training, steps FROM trial WHERE key = NEW.trial
    ON CONFLICT DO UPDATE SET steps = excluded.steps WHERE excluded.steps > reach.steps;
END;

trigger count_outcome
CREATE TRIGGER count_outcome AFTER UPDATE OF outcome ON attempt WHEN OLD.outcome IS NOT NEW.outcome BEGIN
    UPDATE attempt_count SET attempts = attempts - 1
    WHERE host = OLD.host AND outcome = coalesce(OLD.outcome, 'open');
    INSERT INTO attempt_count VALUES (NEW.host, coalesce(NEW.outcome, 'open'), 1)
    ON CONFLICT DO UPDATE SET attempts = attempts + 1;
END;

trigger count_reach
CREATE TRIGGER count_reach AFTER INSERT ON reach BEGIN
    UPDATE sweep_work SET reached = reached + min(x.wanted, NEW.steps) FROM (SELECT s.key AS sweep, r.model_scale, r.resolution, r.batch, r.architecture, max(t.steps) AS wanted
        FROM training r CROSS JOIN trial t ON t.training = r.key CROSS JOIN wish w ON w.trial = t.key
        CROSS JOIN sweep s ON s.revision = w.revision
        WHERE r.key = NEW.training GROUP BY s.key) x WHERE sweep_work.sweep = x.sweep AND sweep_work.model_scale IS x.model_scale
        AND sweep_work.resolution IS x.resolution AND sweep_work.batch = x.batch
        AND sweep_work.architecture IS x.architecture;
END;

trigger count_recovery
CREATE TRIGGER count_recovery AFTER INSERT ON recovery_point BEGIN
    UPDATE stored_bytes SET bytes = bytes + NEW.bytes WHERE kind = 'states';
END;

trigger count_sweep
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

trigger count_trial_state
CREATE TRIGGER count_trial_state AFTER UPDATE OF state ON trial WHEN OLD.state <> NEW.state BEGIN
    INSERT INTO sweep_count
    SELECT n.sweep, replace(iif(c.change > 0, NEW.state, OLD.state), 'succeeded', 'waiting'), c.change
    FROM (SELECT s.key AS sweep, w.revision, (EXISTS (SELECT 1 FROM milestone m WHERE m.trial = w.trial) AND NOT EXISTS (
            SELECT 1 FROM wished_measure q WHERE q.revision = w.revision AND NOT EXISTS (
                SELECT 1 FROM measured d WHERE d.trial = w.trial AND d.request = q.request))) AS is_complete, EXISTS (SELECT 1 FROM cancelled_wish c WHERE c.sweep = s.key AND c.trial = w.trial) AS is_cancelled,
            replace(t.state, 'succeeded', 'waiting') AS state
        FROM wish w CROSS JOIN sweep s ON s.revision = w.revision CROSS JOIN trial t ON t.key = w.trial
        WHERE w.trial = NEW.key) n CROSS JOIN (SELECT -1 AS change UNION ALL SELECT 1) c WHERE NOT n.is_complete AND NOT n.is_cancelled
    ON CONFLICT DO UPDATE SET trials = trials + excluded.trials;
END;

trigger delete_elsewhere_artifact
CREATE TRIGGER delete_elsewhere_artifact AFTER DELETE ON artifact
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger delete_elsewhere_attempt
CREATE TRIGGER delete_elsewhere_attempt AFTER DELETE ON attempt
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger delete_elsewhere_attempt_count
CREATE TRIGGER delete_elsewhere_attempt_count AFTER DELETE ON attempt_count
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger delete_elsewhere_attempt_trial
CREATE TRIGGER delete_elsewhere_attempt_trial AFTER DELETE ON attempt_trial
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger delete_elsewhere_cancelled_wish
CREATE TRIGGER delete_elsewhere_cancelled_wish AFTER DELETE ON cancelled_wish
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger delete_elsewhere_catalogue_identity
CREATE TRIGGER delete_elsewhere_catalogue_identity AFTER DELETE ON catalogue_identity
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger delete_elsewhere_coordinator_start
CREATE TRIGGER delete_elsewhere_coordinator_start AFTER DELETE ON coordinator_start
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger delete_elsewhere_dataset_request
CREATE TRIGGER delete_elsewhere_dataset_request AFTER DELETE ON dataset_request
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger delete_elsewhere_declared_quantity
CREATE TRIGGER delete_elsewhere_declared_quantity AFTER DELETE ON declared_quantity
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger delete_elsewhere_drained_host
CREATE TRIGGER delete_elsewhere_drained_host AFTER DELETE ON drained_host
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger delete_elsewhere_evidence
CREATE TRIGGER delete_elsewhere_evidence AFTER DELETE ON evidence
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger delete_elsewhere_failed_comparison
CREATE TRIGGER delete_elsewhere_failed_comparison AFTER DELETE ON failed_comparison
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger delete_elsewhere_forecast
CREATE TRIGGER delete_elsewhere_forecast AFTER DELETE ON forecast
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger delete_elsewhere_host
CREATE TRIGGER delete_elsewhere_host AFTER DELETE ON host
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger delete_elsewhere_kept_state
CREATE TRIGGER delete_elsewhere_kept_state AFTER DELETE ON kept_state
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger delete_elsewhere_measure_request
CREATE TRIGGER delete_elsewhere_measure_request AFTER DELETE ON measure_request
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger delete_elsewhere_measured
CREATE TRIGGER delete_elsewhere_measured AFTER DELETE ON measured
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger delete_elsewhere_measurement
CREATE TRIGGER delete_elsewhere_measurement AFTER DELETE ON measurement
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger delete_elsewhere_merged_attempt
CREATE TRIGGER delete_elsewhere_merged_attempt AFTER DELETE ON merged_attempt
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger delete_elsewhere_milestone
CREATE TRIGGER delete_elsewhere_milestone AFTER DELETE ON milestone
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger delete_elsewhere_note
CREATE TRIGGER delete_elsewhere_note AFTER DELETE ON note
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger delete_elsewhere_quantity
CREATE TRIGGER delete_elsewhere_quantity AFTER DELETE ON quantity
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger delete_elsewhere_reach
CREATE TRIGGER delete_elsewhere_reach AFTER DELETE ON reach
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger delete_elsewhere_recovery_point
CREATE TRIGGER delete_elsewhere_recovery_point AFTER DELETE ON recovery_point
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger delete_elsewhere_revision
CREATE TRIGGER delete_elsewhere_revision AFTER DELETE ON revision
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger delete_elsewhere_stored_bytes
CREATE TRIGGER delete_elsewhere_stored_bytes AFTER DELETE ON stored_bytes
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger delete_elsewhere_sweep
CREATE TRIGGER delete_elsewhere_sweep AFTER DELETE ON sweep
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger delete_elsewhere_sweep_count
CREATE TRIGGER delete_elsewhere_sweep_count AFTER DELETE ON sweep_count
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger delete_elsewhere_sweep_work
CREATE TRIGGER delete_elsewhere_sweep_work AFTER DELETE ON sweep_work
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger delete_elsewhere_tag
CREATE TRIGGER delete_elsewhere_tag AFTER DELETE ON tag
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger delete_elsewhere_training
CREATE TRIGGER delete_elsewhere_training AFTER DELETE ON training
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger delete_elsewhere_trial
CREATE TRIGGER delete_elsewhere_trial AFTER DELETE ON trial
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger delete_elsewhere_wish
CREATE TRIGGER delete_elsewhere_wish AFTER DELETE ON wish
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger delete_elsewhere_wished_comparison
CREATE TRIGGER delete_elsewhere_wished_comparison AFTER DELETE ON wished_comparison
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger delete_elsewhere_wished_dataset
CREATE TRIGGER delete_elsewhere_wished_dataset AFTER DELETE ON wished_dataset
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger delete_elsewhere_wished_measure
CREATE TRIGGER delete_elsewhere_wished_measure AFTER DELETE ON wished_measure
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger delete_elsewhere_worker_files
CREATE TRIGGER delete_elsewhere_worker_files AFTER DELETE ON worker_files
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger discount_cancelled
CREATE TRIGGER discount_cancelled AFTER DELETE ON cancelled_wish BEGIN
    INSERT INTO sweep_count
    SELECT n.sweep, iif(c.change > 0, n.state, 'cancelled'), c.change
    FROM (SELECT s.key AS sweep, w.revision, (EXISTS (SELECT 1 FROM milestone m WHERE m.trial = w.trial) AND NOT EXISTS (
            SELECT 1 FROM wished_measure q WHERE q.revision = w.revision AND NOT EXISTS (
                SELECT 1 FROM measured d WHERE d.trial = w.trial AND d.request = q.request))) AS is_complete, EXISTS (SELECT 1 FROM cancelled_wish c WHERE c.sweep = s.key AND c.trial = w.trial) AS is_cancelled,
            replace(t.state, 'succeeded', 'waiting') AS state
        FROM wish w CROSS JOIN sweep s ON s.revision = w.revision CROSS JOIN trial t ON t.key = w.trial
        WHERE w.trial = OLD.trial) n CROSS JOIN (SELECT -1 AS change UNION ALL SELECT 1) c
    WHERE n.sweep = OLD.sweep AND NOT n.is_complete
    ON CONFLICT DO UPDATE SET trials = trials + excluded.trials;
END;

trigger discount_recovery
CREATE TRIGGER discount_recovery AFTER DELETE ON recovery_point BEGIN
    UPDATE stored_bytes SET bytes = bytes - OLD.bytes WHERE kind = 'states';
END;

trigger insert_elsewhere_artifact
CREATE TRIGGER insert_elsewhere_artifact AFTER INSERT ON artifact
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger insert_elsewhere_attempt
CREATE TRIGGER insert_elsewhere_attempt AFTER INSERT ON attempt
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger insert_elsewhere_attempt_count
CREATE TRIGGER insert_elsewhere_attempt_count AFTER INSERT ON attempt_count
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger insert_elsewhere_attempt_trial
CREATE TRIGGER insert_elsewhere_attempt_trial AFTER INSERT ON attempt_trial
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger insert_elsewhere_cancelled_wish
CREATE TRIGGER insert_elsewhere_cancelled_wish AFTER INSERT ON cancelled_wish
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger insert_elsewhere_catalogue_identity
CREATE TRIGGER insert_elsewhere_catalogue_identity AFTER INSERT ON catalogue_identity
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger insert_elsewhere_coordinator_start
CREATE TRIGGER insert_elsewhere_coordinator_start AFTER INSERT ON coordinator_start
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger insert_elsewhere_dataset_request
CREATE TRIGGER insert_elsewhere_dataset_request AFTER INSERT ON dataset_request
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger insert_elsewhere_declared_quantity
CREATE TRIGGER insert_elsewhere_declared_quantity AFTER INSERT ON declared_quantity
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger insert_elsewhere_drained_host
CREATE TRIGGER insert_elsewhere_drained_host AFTER INSERT ON drained_host
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger insert_elsewhere_evidence
CREATE TRIGGER insert_elsewhere_evidence AFTER INSERT ON evidence
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger insert_elsewhere_failed_comparison
CREATE TRIGGER insert_elsewhere_failed_comparison AFTER INSERT ON failed_comparison
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger insert_elsewhere_forecast
CREATE TRIGGER insert_elsewhere_forecast AFTER INSERT ON forecast
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger insert_elsewhere_host
CREATE TRIGGER insert_elsewhere_host AFTER INSERT ON host
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger insert_elsewhere_kept_state
CREATE TRIGGER insert_elsewhere_kept_state AFTER INSERT ON kept_state
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger insert_elsewhere_measure_request
CREATE TRIGGER insert_elsewhere_measure_request AFTER INSERT ON measure_request
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger insert_elsewhere_measured
CREATE TRIGGER insert_elsewhere_measured AFTER INSERT ON measured
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger insert_elsewhere_measurement
CREATE TRIGGER insert_elsewhere_measurement AFTER INSERT ON measurement
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger insert_elsewhere_merged_attempt
CREATE TRIGGER insert_elsewhere_merged_attempt AFTER INSERT ON merged_attempt
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger insert_elsewhere_milestone
CREATE TRIGGER insert_elsewhere_milestone AFTER INSERT ON milestone
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger insert_elsewhere_note
CREATE TRIGGER insert_elsewhere_note AFTER INSERT ON note
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger insert_elsewhere_quantity
CREATE TRIGGER insert_elsewhere_quantity AFTER INSERT ON quantity
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger insert_elsewhere_reach
CREATE TRIGGER insert_elsewhere_reach AFTER INSERT ON reach
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger insert_elsewhere_recovery_point
CREATE TRIGGER insert_elsewhere_recovery_point AFTER INSERT ON recovery_point
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger insert_elsewhere_revision
CREATE TRIGGER insert_elsewhere_revision AFTER INSERT ON revision
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger insert_elsewhere_stored_bytes
CREATE TRIGGER insert_elsewhere_stored_bytes AFTER INSERT ON stored_bytes
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger insert_elsewhere_sweep
CREATE TRIGGER insert_elsewhere_sweep AFTER INSERT ON sweep
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger insert_elsewhere_sweep_count
CREATE TRIGGER insert_elsewhere_sweep_count AFTER INSERT ON sweep_count
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger insert_elsewhere_sweep_work
CREATE TRIGGER insert_elsewhere_sweep_work AFTER INSERT ON sweep_work
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger insert_elsewhere_tag
CREATE TRIGGER insert_elsewhere_tag AFTER INSERT ON tag
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger insert_elsewhere_training
CREATE TRIGGER insert_elsewhere_training AFTER INSERT ON training
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger insert_elsewhere_trial
CREATE TRIGGER insert_elsewhere_trial AFTER INSERT ON trial
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger insert_elsewhere_wish
CREATE TRIGGER insert_elsewhere_wish AFTER INSERT ON wish
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger insert_elsewhere_wished_comparison
CREATE TRIGGER insert_elsewhere_wished_comparison AFTER INSERT ON wished_comparison
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger insert_elsewhere_wished_dataset
CREATE TRIGGER insert_elsewhere_wished_dataset AFTER INSERT ON wished_dataset
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger insert_elsewhere_wished_measure
CREATE TRIGGER insert_elsewhere_wished_measure AFTER INSERT ON wished_measure
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger insert_elsewhere_worker_files
CREATE TRIGGER insert_elsewhere_worker_files AFTER INSERT ON worker_files
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger reach_later_recovery
CREATE TRIGGER reach_later_recovery AFTER UPDATE OF steps ON recovery_point BEGIN
    INSERT INTO reach VALUES (NEW.training, NEW.steps)
    ON CONFLICT DO UPDATE SET steps = excluded.steps WHERE excluded.steps > reach.steps;
END;

trigger reach_recovery
CREATE TRIGGER reach_recovery AFTER INSERT ON recovery_point BEGIN
    INSERT INTO reach VALUES (NEW.training, NEW.steps)
    ON CONFLICT DO UPDATE SET steps = excluded.steps WHERE excluded.steps > reach.steps;
END;

trigger update_elsewhere_artifact
CREATE TRIGGER update_elsewhere_artifact AFTER UPDATE ON artifact
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger update_elsewhere_attempt
CREATE TRIGGER update_elsewhere_attempt AFTER UPDATE ON attempt
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger update_elsewhere_attempt_count
CREATE TRIGGER update_elsewhere_attempt_count AFTER UPDATE ON attempt_count
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger update_elsewhere_attempt_trial
CREATE TRIGGER update_elsewhere_attempt_trial AFTER UPDATE ON attempt_trial
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger update_elsewhere_cancelled_wish
CREATE TRIGGER update_elsewhere_cancelled_wish AFTER UPDATE ON cancelled_wish
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger update_elsewhere_catalogue_identity
CREATE TRIGGER update_elsewhere_catalogue_identity AFTER UPDATE ON catalogue_identity
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger update_elsewhere_coordinator_start
CREATE TRIGGER update_elsewhere_coordinator_start AFTER UPDATE ON coordinator_start
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger update_elsewhere_dataset_request
CREATE TRIGGER update_elsewhere_dataset_request AFTER UPDATE ON dataset_request
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger update_elsewhere_declared_quantity
CREATE TRIGGER update_elsewhere_declared_quantity AFTER UPDATE ON declared_quantity
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger update_elsewhere_drained_host
CREATE TRIGGER update_elsewhere_drained_host AFTER UPDATE ON drained_host
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger update_elsewhere_evidence
CREATE TRIGGER update_elsewhere_evidence AFTER UPDATE ON evidence
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger update_elsewhere_failed_comparison
CREATE TRIGGER update_elsewhere_failed_comparison AFTER UPDATE ON failed_comparison
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger update_elsewhere_forecast
CREATE TRIGGER update_elsewhere_forecast AFTER UPDATE ON forecast
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger update_elsewhere_host
CREATE TRIGGER update_elsewhere_host AFTER UPDATE ON host
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger update_elsewhere_kept_state
CREATE TRIGGER update_elsewhere_kept_state AFTER UPDATE ON kept_state
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger update_elsewhere_measure_request
CREATE TRIGGER update_elsewhere_measure_request AFTER UPDATE ON measure_request
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger update_elsewhere_measured
CREATE TRIGGER update_elsewhere_measured AFTER UPDATE ON measured
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger update_elsewhere_measurement
CREATE TRIGGER update_elsewhere_measurement AFTER UPDATE ON measurement
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger update_elsewhere_merged_attempt
CREATE TRIGGER update_elsewhere_merged_attempt AFTER UPDATE ON merged_attempt
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger update_elsewhere_milestone
CREATE TRIGGER update_elsewhere_milestone AFTER UPDATE ON milestone
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger update_elsewhere_note
CREATE TRIGGER update_elsewhere_note AFTER UPDATE ON note
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger update_elsewhere_quantity
CREATE TRIGGER update_elsewhere_quantity AFTER UPDATE ON quantity
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger update_elsewhere_reach
CREATE TRIGGER update_elsewhere_reach AFTER UPDATE ON reach
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger update_elsewhere_recovery_point
CREATE TRIGGER update_elsewhere_recovery_point AFTER UPDATE ON recovery_point
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger update_elsewhere_revision
CREATE TRIGGER update_elsewhere_revision AFTER UPDATE ON revision
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger update_elsewhere_stored_bytes
CREATE TRIGGER update_elsewhere_stored_bytes AFTER UPDATE ON stored_bytes
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger update_elsewhere_sweep
CREATE TRIGGER update_elsewhere_sweep AFTER UPDATE ON sweep
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger update_elsewhere_sweep_count
CREATE TRIGGER update_elsewhere_sweep_count AFTER UPDATE ON sweep_count
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger update_elsewhere_sweep_work
CREATE TRIGGER update_elsewhere_sweep_work AFTER UPDATE ON sweep_work
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger update_elsewhere_tag
CREATE TRIGGER update_elsewhere_tag AFTER UPDATE ON tag
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger update_elsewhere_training
CREATE TRIGGER update_elsewhere_training AFTER UPDATE ON training
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger update_elsewhere_trial
CREATE TRIGGER update_elsewhere_trial AFTER UPDATE ON trial
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger update_elsewhere_wish
CREATE TRIGGER update_elsewhere_wish AFTER UPDATE ON wish
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger update_elsewhere_wished_comparison
CREATE TRIGGER update_elsewhere_wished_comparison AFTER UPDATE ON wished_comparison
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger update_elsewhere_wished_dataset
CREATE TRIGGER update_elsewhere_wished_dataset AFTER UPDATE ON wished_dataset
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger update_elsewhere_wished_measure
CREATE TRIGGER update_elsewhere_wished_measure AFTER UPDATE ON wished_measure
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

trigger update_elsewhere_worker_files
CREATE TRIGGER update_elsewhere_worker_files AFTER UPDATE ON worker_files
WHEN sqlite_version() <> 'eigensweep' BEGIN
    INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    ON CONFLICT DO NOTHING;
END;

view artifacts
CREATE VIEW artifacts AS
SELECT t.trial_id, q.measure, q.parameters, f.name, f.media_type, f.digest, f.bytes
FROM measured d
JOIN trial t ON t.key = d.trial
JOIN measure_request q ON q.key = d.request
JOIN artifact f ON f.measured = d.key;

view comparisons
CREATE VIEW comparisons AS
SELECT
    s.name AS sweep, t.trial_id, c.position, q.measure, q.version, q.parameters, c.members,
    CASE
        WHEN EXISTS (
            SELECT 1 FROM measured d
            WHERE d.trial = c.trial AND d.request = c.request AND d.members = c.members)
        THEN 'succeeded'
        WHEN f.trial IS NOT NULL THEN 'failed'
        WHEN EXISTS (
            SELECT 1 FROM json_each(c.members) j JOIN trial o ON o.trial_id = j.value
            LEFT JOIN cancelled_wish x ON x.sweep = s.key AND x.trial = o.key
            WHERE x.trial IS NOT NULL OR o.state = 'cancelled' OR o.state = 'failed' AND NOT EXISTS (
                    SELECT 1 FROM failed_comparison y WHERE y.trial = o.key AND y.members = ''))
        THEN 'cancelled'
        ELSE 'waiting'
    END AS state,
    f.reason
FROM sweep s
JOIN wished_comparison c ON c.revision = s.revision
JOIN trial t ON t.key = c.trial
JOIN measure_request q ON q.key = c.request
LEFT JOIN failed_comparison f ON f.trial = c.trial AND f.request = c.request AND f.members = c.members;

view measurements
CREATE VIEW measurements AS
SELECT
    t.trial_id, q.measure, q.version, q.parameters, k.name AS quantity, v.sigma, v.position, v.value, v.n,
    v.stderr, nullif(d.members, '') AS members, d.attempt, a.host, d.checkpoint
FROM measured d
JOIN trial t ON t.key = d.trial
JOIN measure_request q ON q.key = d.request
JOIN attempt a ON a.number = d.attempt
JOIN quantity k ON k.request = d.request
JOIN measurement v ON v.quantity = k.key AND v.measured = d.key;

view missing_measures
CREATE VIEW missing_measures AS
SELECT t.trial_id, q.measure, q.version, q.parameters, f.reason, f.failed_at
FROM failed_comparison f
JOIN trial t ON t.key = f.trial
JOIN measure_request q ON q.key = f.request
WHERE f.members = '';

view notes
CREATE VIEW notes AS
SELECT iif(n.sweep IS NULL, 'trial', 'sweep') AS subject, coalesce(s.name, t.trial_id) AS name, n.text, n.written_at
FROM note n LEFT JOIN sweep s ON s.key = n.sweep LEFT JOIN trial t ON t.key = n.trial;

view sweep_trials
CREATE VIEW sweep_trials AS
SELECT
    s.name AS sweep, t.trial_id, w.position, w.asked,
    CASE
        WHEN EXISTS (SELECT 1 FROM milestone m WHERE m.trial = t.key)
            AND NOT EXISTS (
                SELECT 1 FROM wished_measure q WHERE q.revision = w.revision AND NOT EXISTS (
                    SELECT 1 FROM measured d WHERE d.trial = t.key AND d.request = q.request))
        THEN 'succeeded'
        WHEN EXISTS (SELECT 1 FROM cancelled_wish c WHERE c.sweep = s.key AND c.trial = t.key)
        THEN 'cancelled'
        WHEN t.state = 'succeeded' THEN 'waiting'
        ELSE t.state
    END AS state
FROM sweep s
JOIN wish w ON w.revision = s.revision
JOIN trial t ON t.key = w.trial;

view tags
CREATE VIEW tags AS
SELECT iif(n.sweep IS NULL, 'trial', 'sweep') AS subject, coalesce(s.name, t.trial_id) AS name, n.tag, n.tagged_at
FROM tag n LEFT JOIN sweep s ON s.key = n.sweep LEFT JOIN trial t ON t.key = n.trial;

view trials
CREATE VIEW trials AS
SELECT
    t.trial_id, r.training_id, t.state, r.dataset, r.dataset_size, r.part, r.resolution, r.architecture,
    r.model_scale, t.steps, t.steps * r.batch AS images,
    CAST(t.steps * r.batch AS REAL) / r.dataset_size AS epochs, r.seed, m.parameters, r.worker,
    (SELECT count(*) FROM attempt_trial x WHERE x.trial = t.key) AS attempts,
    coalesce(
        (SELECT a.host FROM attempt a WHERE a.number = m.attempt),
        (SELECT a.host FROM attempt_trial x JOIN attempt a ON a.number = x.attempt
         WHERE x.trial = t.key ORDER BY x.attempt DESC LIMIT 1)) AS host,
    m.seconds,
    (SELECT min(a.started_at) FROM attempt_trial x JOIN attempt a ON a.number = x.attempt
     WHERE x.trial = t.key) AS started_at,
    t.ended_at, t.reason, r.spec, m.weights
FROM trial t
JOIN training r ON r.key = t.training
LEFT JOIN milestone m ON m.trial = t.key;
