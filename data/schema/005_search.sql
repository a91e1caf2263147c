-- What lists of changes are filtered, sorted and counted by, narrow enough for millions of them.

-- Changes that are alike in all that a filter can ask for but their time, counted. There are thousands of these where there are millions of changes, so
-- a filter looks at each. TEXT is change.fold.
CREATE TABLE change_facet (
	id         INTEGER PRIMARY KEY,
	project_id TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
	created_by TEXT NOT NULL,
	client_id  TEXT NOT NULL,
	layer_id   TEXT NOT NULL,
	layer_name TEXT NOT NULL,
	method     TEXT NOT NULL,
	status     TEXT NOT NULL,
	text       TEXT NOT NULL,
	n          INTEGER NOT NULL CHECK (n >= 0),
	UNIQUE (project_id, text, created_by, client_id, layer_id, layer_name, method, status)
) STRICT;

-- Which facet a change has, under the change's id: what is walked along. No foreign key to the facet, it would be looked up with every row.
CREATE TABLE change_key (
	id         INTEGER PRIMARY KEY REFERENCES change (id) ON DELETE CASCADE,
	facet_id   INTEGER NOT NULL,
	created_at INTEGER NOT NULL
) STRICT;

INSERT INTO change_facet (project_id, created_by, client_id, layer_id, layer_name, method, status, text, n)
	SELECT project_id, created_by, client_id, layer_id, layer_name, method, status, fold, count(*) FROM change GROUP BY 1, 2, 3, 4, 5, 6, 7, 8;
INSERT INTO change_key SELECT c.id, f.id, c.created_at FROM change c CROSS JOIN change_facet f ON f.project_id = c.project_id AND f.text = c.fold
	AND f.created_by = c.created_by AND f.client_id = c.client_id AND f.layer_id = c.layer_id AND f.layer_name = c.layer_name AND f.method = c.method
	AND f.status = c.status ORDER BY c.id;
CREATE INDEX change_key_facet ON change_key (facet_id, created_at);
CREATE INDEX change_key_time ON change_key (created_at);

CREATE TRIGGER change_keyed AFTER INSERT ON change BEGIN
	INSERT INTO change_facet (project_id, created_by, client_id, layer_id, layer_name, method, status, text, n)
		VALUES (new.project_id, new.created_by, new.client_id, new.layer_id, new.layer_name, new.method, new.status, new.fold, 1)
		ON CONFLICT DO UPDATE SET n = n + 1;
	INSERT INTO change_key SELECT new.id, id, new.created_at FROM change_facet WHERE project_id = new.project_id AND text = new.fold
		AND created_by = new.created_by AND client_id = new.client_id AND layer_id = new.layer_id AND layer_name = new.layer_name
		AND method = new.method AND status = new.status;
END;
CREATE TRIGGER change_rekeyed AFTER UPDATE OF project_id, created_by, client_id, layer_id, layer_name, method, status, fold ON change
	WHEN (old.status, old.fold, old.layer_name, old.layer_id, old.method, old.created_by, old.client_id, old.project_id)
		IS NOT (new.status, new.fold, new.layer_name, new.layer_id, new.method, new.created_by, new.client_id, new.project_id) BEGIN
	UPDATE change_facet SET n = n - 1 WHERE id = (SELECT facet_id FROM change_key WHERE id = old.id);
	INSERT INTO change_facet (project_id, created_by, client_id, layer_id, layer_name, method, status, text, n)
		VALUES (new.project_id, new.created_by, new.client_id, new.layer_id, new.layer_name, new.method, new.status, new.fold, 1)
		ON CONFLICT DO UPDATE SET n = n + 1;
	UPDATE change_key SET facet_id = (SELECT id FROM change_facet WHERE project_id = new.project_id AND text = new.fold
		AND created_by = new.created_by AND client_id = new.client_id AND layer_id = new.layer_id AND layer_name = new.layer_name
		AND method = new.method AND status = new.status) WHERE id = new.id;
END;

-- Of these, lists had need only until now.
DROP INDEX change_status;

CREATE INDEX attempt_applied_at ON attempt (at, change_id) WHERE outcome = 'applied';
