-- Memory of checks: every run of Check project layers is kept, and every verdict once for the runs in a row in which it held. A check that finds what
-- the one before it found costs one row.

-- A process_projectfile that finished well. Who asked for it, why, and the counts by status stand with its job.
CREATE TABLE check_run (
	job_id      INTEGER PRIMARY KEY REFERENCES job (id) ON DELETE CASCADE,
	project_id  TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
	at          INTEGER NOT NULL,
	previous_at INTEGER,             -- of the run that it is compared with, NULL: it is the first that is known
	fixed       INTEGER NOT NULL,
	broke       INTEGER NOT NULL,
	changed     INTEGER NOT NULL,
	new         INTEGER NOT NULL,
	gone        INTEGER NOT NULL
) STRICT;
CREATE INDEX check_run_of_project ON check_run (project_id, job_id);
CREATE INDEX check_run_by_age ON check_run (at);

-- Verdicts that hold no longer. The one that holds stands in layer.
CREATE TABLE verdict (
	id         INTEGER PRIMARY KEY,
	project_id TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
	layer_id   TEXT NOT NULL,
	first_job  INTEGER NOT NULL,
	last_job   INTEGER NOT NULL CHECK (last_job >= first_job),
	name       TEXT NOT NULL,        -- of the layer in its last run
	status     TEXT NOT NULL,
	is_valid   INTEGER NOT NULL CHECK (is_valid IN (-1, 0, 1)),
	cause      TEXT NOT NULL,
	owner      TEXT NOT NULL,
	sentence   TEXT NOT NULL,
	detail     TEXT NOT NULL,        -- "" when it is the sentence
	remedy     TEXT NOT NULL,
	UNIQUE (project_id, layer_id, first_job)
) STRICT;

-- Of a layer: the run that its verdict holds from, what is wrong, whose job it is, and what that is against the run before. A layer that was in the
-- run before and is not in the newest one stands here once more, as gone.
ALTER TABLE layer RENAME COLUMN job_id TO since_job;
ALTER TABLE layer RENAME COLUMN at TO since;
ALTER TABLE layer ADD COLUMN previous TEXT NOT NULL DEFAULT '';     -- status before, "" when none is known
ALTER TABLE layer ADD COLUMN changed TEXT NOT NULL DEFAULT '' CHECK (changed IN ('', 'fixed', 'broke', 'changed', 'new', 'gone'));
ALTER TABLE layer ADD COLUMN cause TEXT NOT NULL DEFAULT '';
ALTER TABLE layer ADD COLUMN owner TEXT NOT NULL DEFAULT '';
ALTER TABLE layer ADD COLUMN sentence TEXT NOT NULL DEFAULT '';
-- For the list of all projects, in its order.
CREATE INDEX layer_by_id ON layer (layer_id, status);
CREATE INDEX layer_changed ON layer (project_id) WHERE changed <> '';
-- All that the groups of the same failure read.
CREATE INDEX layer_problem ON layer (status, cause, sentence, project_id) WHERE is_valid < 1 AND changed <> 'gone';

-- What was known before is the first run of each project.
UPDATE layer SET sentence = CASE WHEN detail <> '' THEN detail WHEN error_summary <> '' THEN error_summary ELSE provider_summary END WHERE is_valid < 1;
INSERT INTO check_run (job_id, project_id, at, fixed, broke, changed, new, gone)
	SELECT max(id), project_id, finished_at, 0, 0, 0, 0, 0 FROM job WHERE type = 'process_projectfile' AND status = 'finished' GROUP BY project_id;
