-- Plans, decisions, undo, and what became of a transaction in a database.

-- What somebody saw and said yes to. BASE: the current version of every file then, {"name": version}. Its changes run together, or none of them does.
CREATE TABLE plan (
	id         INTEGER PRIMARY KEY AUTOINCREMENT,
	project_id TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
	at         INTEGER NOT NULL,
	who        TEXT NOT NULL,
	reason     TEXT NOT NULL DEFAULT '',
	changes    INTEGER NOT NULL,
	state      TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'done', 'moved', 'cancelled')), -- moved: the data was not what the plan saw
	why        TEXT NOT NULL DEFAULT ''  -- it was not carried out
) STRICT;
CREATE INDEX plan_of_project ON plan (project_id, id);

-- What a person made of a change before it was applied: a decision on a conflict, another target. DELTA stands in for the body, which never changes.
-- The newest of a change counts. DETAIL is what was decided: field by field, or old and new names.
CREATE TABLE amendment (
	id        INTEGER PRIMARY KEY AUTOINCREMENT,
	change_id INTEGER NOT NULL REFERENCES change (id) ON DELETE CASCADE,
	at        INTEGER NOT NULL,
	who       TEXT NOT NULL,
	kind      TEXT NOT NULL CHECK (kind IN ('resolve', 'retarget')),
	reason    TEXT NOT NULL DEFAULT '',
	detail    TEXT NOT NULL,
	delta     TEXT NOT NULL
) STRICT;
CREATE INDEX amendment_of_change ON amendment (change_id, id);

-- A pending change of a plan: what the plan said of it, and what it goes back to when the plan is not carried out.
ALTER TABLE change ADD COLUMN plan_id INTEGER REFERENCES plan (id);
ALTER TABLE change ADD COLUMN planned_class TEXT NOT NULL DEFAULT '';
ALTER TABLE change ADD COLUMN planned_hash TEXT NOT NULL DEFAULT '';
ALTER TABLE change ADD COLUMN return_status TEXT NOT NULL DEFAULT '';  -- before it was planned or ignored
ALTER TABLE change ADD COLUMN overwrite INTEGER CHECK (overwrite IN (0, 1)); -- of the next attempt; NULL: as the project says
ALTER TABLE change ADD COLUMN amendment_id INTEGER REFERENCES amendment (id);
ALTER TABLE change ADD COLUMN target_layer_id TEXT NOT NULL DEFAULT ''; -- "": as the body says
ALTER TABLE change ADD COLUMN target_pk TEXT NOT NULL DEFAULT '';
ALTER TABLE change ADD COLUMN undo_of INTEGER REFERENCES change (id);   -- the change that this one takes back
ALTER TABLE change ADD COLUMN undone_by INTEGER REFERENCES change (id);
CREATE INDEX change_planned ON change (project_id, plan_id, id) WHERE status = 'pending';
CREATE INDEX change_undo ON change (undo_of) WHERE undo_of IS NOT NULL;
-- Changes that stand between a feature and its later changes: few, however many there are of all.
CREATE INDEX change_open ON change (project_id, local_layer_id, local_pk) WHERE status IN ('pending', 'conflict', 'not_applied', 'error', 'ignored');
CREATE INDEX change_open_source ON change (project_id, source_pk) WHERE status IN ('pending', 'conflict', 'not_applied', 'error', 'ignored');
CREATE INDEX keymap_source ON keymap (project_id, source_pk);

-- The ledger says where an attempt wrote, after which plan and decision, and what it found in the way.
ALTER TABLE attempt ADD COLUMN plan_id INTEGER;
ALTER TABLE attempt ADD COLUMN planned TEXT NOT NULL DEFAULT '';
ALTER TABLE attempt ADD COLUMN amendment_id INTEGER;
ALTER TABLE attempt ADD COLUMN overwrote INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempt ADD COLUMN layer_id TEXT NOT NULL DEFAULT '';
ALTER TABLE attempt ADD COLUMN details TEXT NOT NULL DEFAULT '';  -- JSON: a conflict field by field, with base, requested and current
ALTER TABLE attempt ADD COLUMN txid TEXT NOT NULL DEFAULT '';     -- of the database transaction that holds it; "" for files
CREATE INDEX attempt_feature ON attempt (layer_id, modified_pk) WHERE modified_pk <> '';

-- What takes an applied attempt back: a delta (O10), made of what was there before and what was there after.
CREATE TABLE attempt_inverse (
	attempt_id INTEGER PRIMARY KEY REFERENCES attempt (id) ON DELETE CASCADE,
	delta      TEXT NOT NULL
) STRICT;

-- A transaction of a job in somebody else's database, written down before its COMMIT. After a crash the database is asked what became of it.
CREATE TABLE job_transaction (
	id         INTEGER PRIMARY KEY,
	job_id     INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,
	connection INTEGER NOT NULL,
	layer_id   TEXT NOT NULL,   -- a layer of that connection: the way back to it
	database   TEXT NOT NULL,   -- which database it is, as it said itself
	txid       TEXT NOT NULL,
	state      TEXT NOT NULL DEFAULT 'recorded' CHECK (state IN ('recorded', 'committed', 'aborted', 'unknown')),
	message    TEXT NOT NULL DEFAULT '',
	at         INTEGER NOT NULL,
	UNIQUE (job_id, connection)
) STRICT;
