-- Packages: what a package job published. Rows are here only when every byte is in its place.

INSERT INTO revision VALUES (256, 0);

-- Its folder is HOME/projects/<project>/packages/<job>. BASIS_AT: when its job was claimed; the state of the data that it shows is the one of then. The
-- counts are those of its rows below.
CREATE TABLE package (
	job_id           INTEGER PRIMARY KEY REFERENCES job (id) ON DELETE CASCADE,
	project_id       TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
	basis_at         INTEGER NOT NULL,
	at               INTEGER NOT NULL,
	files            INTEGER NOT NULL,          -- without attachments
	bytes            INTEGER NOT NULL,
	attachments      INTEGER NOT NULL,
	attachment_bytes INTEGER NOT NULL,
	layers           INTEGER NOT NULL,
	offline          INTEGER NOT NULL,
	copied           INTEGER NOT NULL,
	online           INTEGER NOT NULL,
	untouched        INTEGER NOT NULL,
	removed          INTEGER NOT NULL,
	features         INTEGER NOT NULL,
	skipped          INTEGER NOT NULL,          -- rows that are not in it
	warnings         INTEGER NOT NULL,
	notes            TEXT NOT NULL DEFAULT '[]' -- warnings on the project as a whole: [{"code","count","detail"}]
) STRICT;
CREATE INDEX package_of_project ON package (project_id, job_id);

-- The project's files as a package job found them when it was claimed, but for attachments: what makes its package stale is held against these. A job that
-- publishes nothing leaves none.
CREATE TABLE package_base (
	id      INTEGER PRIMARY KEY,
	job_id  INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,
	file_id INTEGER NOT NULL REFERENCES file (id) ON DELETE CASCADE,
	version INTEGER NOT NULL,
	UNIQUE (job_id, file_id)
) STRICT;
CREATE INDEX package_base_file ON package_base (file_id);

-- NAME is below the package's folder. ETAG: as QFieldCloud's clients compare it (spec/api.md 1.8).
CREATE TABLE package_file (
	id            INTEGER PRIMARY KEY,
	job_id        INTEGER NOT NULL REFERENCES package (job_id) ON DELETE CASCADE,
	name          TEXT NOT NULL,
	size          INTEGER NOT NULL CHECK (size >= 0),
	sha256        TEXT NOT NULL CHECK (length(sha256) = 64),
	etag          TEXT NOT NULL CHECK (length(etag) >= 32),
	at            INTEGER NOT NULL,             -- when these bytes came to be
	is_attachment INTEGER NOT NULL CHECK (is_attachment IN (0, 1)),
	UNIQUE (job_id, name)
) STRICT;

-- What became of a layer, and the two verdicts: of the project as it was, and of the packaged one.
CREATE TABLE package_layer (
	id        INTEGER PRIMARY KEY,
	job_id    INTEGER NOT NULL REFERENCES package (job_id) ON DELETE CASCADE,
	layer_id  TEXT NOT NULL,
	name      TEXT NOT NULL DEFAULT '',
	action    TEXT NOT NULL DEFAULT '',         -- offline copy online untouched removed
	"table"   TEXT NOT NULL DEFAULT '',         -- of data.gpkg
	features  INTEGER NOT NULL DEFAULT 0,
	pk        TEXT NOT NULL DEFAULT '',
	read_only INTEGER NOT NULL DEFAULT 0 CHECK (read_only IN (0, 1)),
	skipped   TEXT NOT NULL DEFAULT '[]',       -- [{"reason","count"}]
	warnings  TEXT NOT NULL DEFAULT '[]',       -- [{"code","count","detail"}]
	source    TEXT NOT NULL DEFAULT '',         -- verdict, a JSON object with error_code
	packaged  TEXT NOT NULL DEFAULT '',
	UNIQUE (job_id, layer_id)
) STRICT;

-- How many changes each delta_apply applied to each layer: what a stale package says of itself is added up from these.
CREATE TABLE job_layer (
	id       INTEGER PRIMARY KEY,
	job_id   INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,
	layer_id TEXT NOT NULL,
	applied  INTEGER NOT NULL,
	UNIQUE (job_id, layer_id)
) STRICT;
CREATE TRIGGER attempt_counted AFTER INSERT ON attempt WHEN new.outcome = 'applied' BEGIN
	INSERT INTO job_layer (job_id, layer_id, applied) VALUES (new.job_id, new.layer_id, 1)
		ON CONFLICT (job_id, layer_id) DO UPDATE SET applied = applied + 1;
END;

-- The ETag of a version; "": it is larger than 8 MiB and came before this was known, so whoever needs it has to read it.
ALTER TABLE file_version ADD COLUMN etag TEXT NOT NULL DEFAULT '';
UPDATE file_version SET etag = md5 WHERE size <= 8388608;
