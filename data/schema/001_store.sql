-- The store's first schema. Times are milliseconds since 1970 (UTC). Applied in one transaction together with user_version.
-- CHECKs hold what no code path may break: the engine's rules stand here once more, where a bug cannot talk them away.

-- How often something of a kind was committed (enum fp_kind): consoles compare these to know what to redraw.
CREATE TABLE revision (
	kind INTEGER PRIMARY KEY,
	n    INTEGER NOT NULL
) STRICT;
INSERT INTO revision VALUES (1, 0), (2, 0), (4, 0), (8, 0), (16, 0), (32, 0), (64, 0);

CREATE TABLE project (
	id                  TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
	name                TEXT NOT NULL CHECK (length(name) > 0),
	name_fold           TEXT NOT NULL UNIQUE,
	created_at          INTEGER NOT NULL,
	created_by          TEXT NOT NULL,
	overwrite_conflicts INTEGER NOT NULL DEFAULT 1 CHECK (overwrite_conflicts IN (0, 1)),
	project_file        TEXT NOT NULL DEFAULT '',
	title               TEXT NOT NULL DEFAULT '',
	crs                 TEXT NOT NULL DEFAULT '',
	facts               TEXT NOT NULL DEFAULT '',
	check_ok            INTEGER CHECK (check_ok IN (0, 1)),  -- how the last process_projectfile ended, NULL: none did
	checked_at          INTEGER,                             -- the last good one
	packaged_at         INTEGER,
	layer_problems      INTEGER NOT NULL DEFAULT 0,
	files               INTEGER NOT NULL DEFAULT 0,          -- current versions: kept by triggers on file
	bytes               INTEGER NOT NULL DEFAULT 0
) STRICT;

-- A project file name. VERSION and SIZE are the current version's; a removed file keeps its versions.
CREATE TABLE file (
	id         INTEGER PRIMARY KEY,
	project_id TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
	name       TEXT NOT NULL,
	version    INTEGER NOT NULL CHECK (version > 0),
	size       INTEGER NOT NULL CHECK (size >= 0),
	removed    INTEGER NOT NULL DEFAULT 0 CHECK (removed IN (0, 1)),
	UNIQUE (project_id, name)
) STRICT;

CREATE TABLE file_version (
	id      INTEGER PRIMARY KEY,
	file_id INTEGER NOT NULL REFERENCES file (id) ON DELETE CASCADE,
	version INTEGER NOT NULL CHECK (version > 0),
	size    INTEGER NOT NULL CHECK (size >= 0),
	sha256  TEXT NOT NULL CHECK (length(sha256) = 64),
	md5     TEXT NOT NULL CHECK (length(md5) = 32),
	at      INTEGER NOT NULL,
	by      TEXT NOT NULL,
	path    TEXT NOT NULL UNIQUE,  -- below the home's folder
	UNIQUE (file_id, version)
) STRICT;

CREATE TRIGGER file_counted AFTER INSERT ON file WHEN new.removed = 0 BEGIN
	UPDATE project SET files = files + 1, bytes = bytes + new.size WHERE id = new.project_id;
END;
CREATE TRIGGER file_recounted AFTER UPDATE OF size, removed ON file BEGIN
	UPDATE project SET files = files + old.removed - new.removed,
		bytes = bytes - iif(old.removed, 0, old.size) + iif(new.removed, 0, new.size) WHERE id = new.project_id;
END;

-- The queue. AUTOINCREMENT: an id is never used twice, and its order is the order of the queue.
CREATE TABLE job (
	id               INTEGER PRIMARY KEY AUTOINCREMENT,
	project_id       TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
	type             TEXT NOT NULL CHECK (type IN ('process_projectfile', 'package', 'delta_apply')),
	status           TEXT NOT NULL DEFAULT 'pending'
		CHECK (status IN ('pending', 'queued', 'started', 'finished', 'failed', 'stopped')),
	"trigger"        TEXT NOT NULL,
	created_by       TEXT NOT NULL,
	created_at       INTEGER NOT NULL,
	touched_at       INTEGER NOT NULL,  -- the last wish that this job answers
	queued_at        INTEGER,
	started_at       INTEGER,
	finished_at      INTEGER,
	owner_pid        INTEGER,           -- the engine that holds it: pid, start time, boot
	owner_start      INTEGER,
	owner_boot       TEXT,
	worker_pid       INTEGER,
	worker_start     INTEGER,
	cancel_requested INTEGER NOT NULL DEFAULT 0 CHECK (cancel_requested IN (0, 1)),
	cancelled_by     TEXT NOT NULL DEFAULT '',
	step             TEXT NOT NULL DEFAULT '',
	done             INTEGER NOT NULL DEFAULT 0,
	total            INTEGER NOT NULL DEFAULT 0,
	verdict          TEXT NOT NULL DEFAULT '',
	hint             TEXT NOT NULL DEFAULT '',
	error_class      TEXT NOT NULL DEFAULT '',
	signal           INTEGER NOT NULL DEFAULT 0,
	peak_kb          INTEGER NOT NULL DEFAULT 0,
	sandbox          TEXT NOT NULL DEFAULT '',
	result           TEXT NOT NULL DEFAULT '',
	CHECK (CASE status
		WHEN 'pending' THEN queued_at IS NULL AND started_at IS NULL AND finished_at IS NULL
		WHEN 'queued' THEN queued_at IS NOT NULL AND started_at IS NULL AND finished_at IS NULL
		WHEN 'started' THEN queued_at IS NOT NULL AND started_at IS NOT NULL AND finished_at IS NULL
		WHEN 'finished' THEN queued_at IS NOT NULL AND finished_at IS NOT NULL AND verdict <> ''
		ELSE finished_at IS NOT NULL AND verdict <> '' END),
	CHECK ((status IN ('queued', 'started')) = (owner_pid IS NOT NULL)),
	CHECK ((owner_pid IS NULL) = (owner_start IS NULL) AND (owner_pid IS NULL) = (owner_boot IS NULL)),
	CHECK (worker_pid IS NULL OR status = 'started')
) STRICT;
CREATE UNIQUE INDEX job_one_active ON job (project_id) WHERE status IN ('queued', 'started');
CREATE UNIQUE INDEX job_one_pending ON job (project_id, type) WHERE status = 'pending';
CREATE INDEX job_queue ON job (project_id, id) WHERE status = 'pending';
CREATE INDEX job_of_project ON job (project_id, id);
CREATE INDEX job_by_status ON job (status, id);

CREATE TABLE job_step (
	id          INTEGER PRIMARY KEY,
	job_id      INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,
	seq         INTEGER NOT NULL,
	step        TEXT NOT NULL,
	name        TEXT NOT NULL,
	state       TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'started', 'finished', 'failed', 'skipped')),
	message     TEXT NOT NULL DEFAULT '',
	started_at  INTEGER,
	finished_at INTEGER,
	UNIQUE (job_id, seq),
	CHECK ((state = 'pending') <= (started_at IS NULL AND finished_at IS NULL)),
	CHECK ((state = 'started') <= (started_at IS NOT NULL AND finished_at IS NULL)),
	CHECK ((state IN ('finished', 'failed')) <= (finished_at IS NOT NULL))
) STRICT;

CREATE TABLE job_log (
	id     INTEGER PRIMARY KEY,
	job_id INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,
	seq    INTEGER NOT NULL,
	at     INTEGER NOT NULL,
	level  TEXT NOT NULL CHECK (level IN ('info', 'warning', 'error')),
	step   TEXT NOT NULL,
	text   TEXT NOT NULL,
	UNIQUE (job_id, seq)
) STRICT;

-- What came from a device, as it came. REASON: why nothing of it was taken over.
CREATE TABLE deltafile (
	id         INTEGER PRIMARY KEY,
	project_id TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
	uuid       TEXT NOT NULL,
	sha256     TEXT NOT NULL CHECK (length(sha256) = 64),
	at         INTEGER NOT NULL,
	by         TEXT NOT NULL,
	reason     TEXT NOT NULL DEFAULT '',
	text       BLOB NOT NULL,
	UNIQUE (project_id, sha256)
) STRICT;

-- Changes. A started one is in the hands of exactly one job and remembers what it goes back to when that job publishes nothing.
CREATE TABLE change (
	id             INTEGER PRIMARY KEY AUTOINCREMENT,
	project_id     TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
	deltafile_id   INTEGER NOT NULL REFERENCES deltafile (id),
	uuid           TEXT NOT NULL,
	status         TEXT NOT NULL DEFAULT 'pending'
		CHECK (status IN ('pending', 'started', 'applied', 'conflict', 'not_applied', 'error', 'ignored', 'unpermitted')),
	action         TEXT NOT NULL DEFAULT 'apply' CHECK (action IN ('apply', 're-apply', 'force')),  -- of the next attempt
	wanted_by      TEXT NOT NULL,                                                                   -- who asked for it
	taken_by       INTEGER REFERENCES job (id),
	prior_status   TEXT,
	method         TEXT NOT NULL CHECK (method IN ('create', 'patch', 'delete')),
	layer_id       TEXT NOT NULL,
	local_layer_id TEXT NOT NULL,
	layer_name     TEXT NOT NULL,
	local_pk       TEXT NOT NULL,
	source_pk      TEXT NOT NULL,
	client_id      TEXT NOT NULL,
	feature_pk     TEXT NOT NULL DEFAULT '',
	fields         TEXT NOT NULL DEFAULT '',
	msg            TEXT NOT NULL DEFAULT '',
	fold           TEXT NOT NULL DEFAULT '',  -- message and fields, folded: what a text filter searches
	created_by     TEXT NOT NULL,
	created_at     INTEGER NOT NULL,
	updated_at     INTEGER NOT NULL,
	job_id         INTEGER,                   -- of the last attempt
	attempts       INTEGER NOT NULL DEFAULT 0,
	UNIQUE (project_id, uuid),
	CHECK ((status = 'started') = (taken_by IS NOT NULL) AND (status = 'started') = (prior_status IS NOT NULL))
) STRICT;
CREATE INDEX change_of_project ON change (project_id, id);
CREATE INDEX change_by_status ON change (project_id, status, id);
CREATE INDEX change_status ON change (status, id);
CREATE INDEX change_uuid ON change (uuid);
CREATE INDEX change_taken ON change (taken_by) WHERE taken_by IS NOT NULL;
CREATE INDEX change_deltafile ON change (deltafile_id);

-- Apart, so that lists and filters read small rows.
CREATE TABLE change_body (
	change_id INTEGER PRIMARY KEY REFERENCES change (id) ON DELETE CASCADE,
	body      TEXT NOT NULL
) STRICT;

CREATE TABLE change_count (
	id         INTEGER PRIMARY KEY,
	project_id TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
	status     TEXT NOT NULL,
	n          INTEGER NOT NULL CHECK (n >= 0),
	UNIQUE (project_id, status)
) STRICT;
CREATE TRIGGER change_counted AFTER INSERT ON change BEGIN
	INSERT INTO change_count (project_id, status, n) VALUES (new.project_id, new.status, 1)
		ON CONFLICT (project_id, status) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER change_recounted AFTER UPDATE OF status ON change WHEN old.status <> new.status BEGIN
	UPDATE change_count SET n = n - 1 WHERE project_id = old.project_id AND status = old.status;
	INSERT INTO change_count (project_id, status, n) VALUES (new.project_id, new.status, 1)
		ON CONFLICT (project_id, status) DO UPDATE SET n = n + 1;
END;

-- The ledger. The second index is the promise of exactly once: only a forced attempt may apply a change again.
CREATE TABLE attempt (
	id              INTEGER PRIMARY KEY,
	change_id       INTEGER NOT NULL REFERENCES change (id) ON DELETE CASCADE,
	job_id          INTEGER NOT NULL REFERENCES job (id),
	at              INTEGER NOT NULL,
	action          TEXT NOT NULL CHECK (action IN ('apply', 're-apply', 'force')),
	who             TEXT NOT NULL,
	outcome         TEXT NOT NULL
		CHECK (outcome IN ('applied', 'already_applied', 'conflict', 'not_applied', 'error', 'unpermitted', 'interrupted')),
	msg             TEXT NOT NULL DEFAULT '',
	e_type          TEXT NOT NULL DEFAULT '',
	feature_pk      TEXT NOT NULL DEFAULT '',
	modified_pk     TEXT NOT NULL DEFAULT '',
	hash_before     TEXT NOT NULL DEFAULT '',
	hash_after      TEXT NOT NULL DEFAULT '',
	conflicts       TEXT NOT NULL DEFAULT '',
	provider_errors TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE UNIQUE INDEX attempt_once_a_job ON attempt (change_id, job_id);
CREATE UNIQUE INDEX attempt_applied_once ON attempt (change_id) WHERE outcome = 'applied' AND action <> 'force';
CREATE INDEX attempt_of_job ON attempt (job_id);

-- What a device calls feature LOCAL_PK of its layer, the source calls SOURCE_PK. Kept for ever.
CREATE TABLE keymap (
	id             INTEGER PRIMARY KEY,
	project_id     TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
	client_id      TEXT NOT NULL CHECK (client_id <> ''),
	local_layer_id TEXT NOT NULL,
	local_pk       TEXT NOT NULL CHECK (local_pk <> ''),
	source_pk      TEXT NOT NULL,
	job_id         INTEGER NOT NULL,
	at             INTEGER NOT NULL,
	UNIQUE (project_id, client_id, local_layer_id, local_pk)
) STRICT;

-- Check project layers: of the newest good process_projectfile.
CREATE TABLE layer (
	id               INTEGER PRIMARY KEY,
	project_id       TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
	layer_id         TEXT NOT NULL,
	name             TEXT NOT NULL,
	type             TEXT NOT NULL,
	provider         TEXT NOT NULL,
	crs              TEXT NOT NULL,
	datasource       TEXT NOT NULL,
	is_valid         INTEGER NOT NULL CHECK (is_valid IN (-1, 0, 1)),
	status           TEXT NOT NULL,
	error_summary    TEXT NOT NULL,
	provider_summary TEXT NOT NULL,
	confidence       TEXT NOT NULL,
	detail           TEXT NOT NULL,
	remedy           TEXT NOT NULL,
	pk               TEXT NOT NULL,
	filename         TEXT NOT NULL,
	warnings         TEXT NOT NULL,
	json             TEXT NOT NULL,
	job_id           INTEGER NOT NULL,
	at               INTEGER NOT NULL,
	UNIQUE (project_id, layer_id)
) STRICT;

-- Who did what. Append-only: it outlives the project it speaks of.
CREATE TABLE activity (
	id           INTEGER PRIMARY KEY AUTOINCREMENT,
	at           INTEGER NOT NULL,
	who          TEXT NOT NULL,
	what         TEXT NOT NULL,
	project_id   TEXT NOT NULL,
	project_name TEXT NOT NULL,
	detail       TEXT NOT NULL
) STRICT;
CREATE INDEX activity_of_project ON activity (project_id, id);
CREATE TRIGGER activity_is_kept BEFORE UPDATE ON activity BEGIN SELECT raise(ABORT, 'activity is append-only'); END;
