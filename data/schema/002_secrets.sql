-- Secrets of projects, and whether a project's checks may ask the network.

INSERT INTO revision VALUES (128, 0);

-- NONCE and CIPHERTEXT: the value, encrypted with HOME/secret.key and bound to project, name and type. No other column tells of it but SERVICES, the
-- names of a pg_service.conf's sections, and SIZE, what it takes in the description of a job.
CREATE TABLE secret (
	id         INTEGER PRIMARY KEY,
	project_id TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
	name       TEXT NOT NULL CHECK (name GLOB '[A-Z][A-Z0-9_]*' AND name NOT GLOB '*[^A-Z0-9_]*'),
	type       TEXT NOT NULL CHECK (type IN ('pgservice', 'envvar')),
	nonce      BLOB NOT NULL CHECK (length(nonce) = 24),
	ciphertext BLOB NOT NULL CHECK (length(ciphertext) > 16),
	size       INTEGER NOT NULL CHECK (size > 0),
	services   TEXT NOT NULL DEFAULT '[]',  -- a JSON array
	set_at     INTEGER NOT NULL,
	set_by     TEXT NOT NULL,
	tested_at  INTEGER,
	test_ok    INTEGER CHECK (test_ok IN (0, 1)),  -- NULL: not tested, or nothing to be tested
	test_said  TEXT NOT NULL DEFAULT '',
	UNIQUE (project_id, name)
) STRICT;

-- Default: as the home's configuration says (network_checks).
ALTER TABLE project ADD COLUMN network TEXT NOT NULL DEFAULT 'default' CHECK (network IN ('default', 'on', 'off'));
