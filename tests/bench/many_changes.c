#include "tests/bench/many_changes.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/store/db.h"

#define BLOCK 5000 /* changes a job; and one transaction */
#define BEGIN "1760000000000"

/* What row N is made of: P its project, R a number that looks like chance. */
#define ROWS "WITH RECURSIVE i(n) AS (SELECT ?1 UNION ALL SELECT n + 1 FROM i WHERE n < ?2), " \
	"w AS (SELECT n, (n * 2654435761 >> 5) % 1000003 AS r FROM i), " \
	"x AS (SELECT n, r, CASE WHEN r % 100 < 60 THEN 0 WHEN r % 100 < 85 THEN 1 WHEN r % 100 < 99 THEN 2 ELSE 3 END AS p, (r / 100 % 24) * (r / 2400 % 24) / 24 AS u, " \
	"(r / 7) % 9 AS l, r / 13 % 1000 AS o FROM w) "
#define PROJECT "'ca000000-0000-4000-8000-00000000000' || p"
#define NAME "json_extract('[\"Trees\",\"Hives\",\"Benches\",\"Road signs\",\"Wells\",\"Old trees\",\"Fences\",\"Paths\",\"Street lamps\"]', '$[' || l || ']')"
#define WHO "iif(n <= 300, 'summer helper', 'field-' || u)"
#define STATUS "CASE WHEN n > ?2 - 40 THEN 'pending' WHEN o < 930 THEN 'applied' WHEN o < 950 THEN 'conflict' WHEN o < 965 THEN 'not_applied' " \
	"WHEN o < 975 THEN 'error' WHEN o < 990 THEN 'ignored' ELSE 'unpermitted' END"
#define MSG "CASE WHEN n > ?2 - 40 THEN '' WHEN o < 930 THEN 'Successfully applied delta!' " \
	"WHEN o < 950 THEN 'species was \"oak\" when the device saw it, now it is \"ash\" (feature ' || (r % 50000) || ')' " \
	"WHEN o < 965 THEN 'There is no feature ' || (r % 50000) || ' in the layer' WHEN o < 975 THEN 'h\xc3\xb6he is no number: \"tall\"' WHEN o < 990 THEN '' " \
	"ELSE 'the layer can only be read' END"
#define FIELDS "CASE WHEN r % 10 < 3 THEN 'fid, species, h\xc3\xb6he, girth, vitality, planted, photo, remark, owner, geometry' WHEN r % 10 < 9 THEN " \
	"json_extract('[\"species\",\"h\xc3\xb6he\",\"girth, vitality\",\"photo\",\"remark, photo\",\"geometry\"]', '$[' || (r / 11 % 6) || ']') ELSE '' END"

static const char *const once[] = {
	"INSERT INTO project (id, name, name_fold, created_at, created_by, project_file, check_ok, checked_at) SELECT " PROJECT ", name, name, " BEGIN
	", 'anna', 'field.qgs', 1, " BEGIN " FROM (SELECT key AS p, value AS name FROM json_each('[\"city trees\",\"bees\",\"roads\",\"pilot\"]'))",
	NULL,
};

/* Of each block; ?1 and ?2 are its first and last row, ?3 its number. */
static const char *const block[] = {
	"INSERT INTO job (id, project_id, type, status, \"trigger\", created_by, created_at, touched_at, queued_at, started_at, finished_at, verdict) "
	"SELECT ?3 * 4 + p + 1, " PROJECT ", 'delta_apply', 'finished', 'push', 'field-1', t, t, t, t, t + 4000, ?2 - ?1 + 1 || ' changes' "
	"FROM (SELECT key AS p, " BEGIN " + ?1 * 35000 AS t FROM json_each('[0,1,2,3]'))",
	"INSERT INTO deltafile (id, project_id, uuid, sha256, at, by, text) SELECT ?3 * 4 + p + 1, " PROJECT ", 'df' || (?3 * 4 + p), printf('%064d', ?1 * 4 + p), "
	BEGIN " + ?2 * 35000, 'field-1', x'7b7d' FROM (SELECT key AS p FROM json_each('[0,1,2,3]'))",
	ROWS "INSERT INTO change (id, project_id, deltafile_id, uuid, status, wanted_by, method, layer_id, local_layer_id, layer_name, local_pk, source_pk, client_id, "
	"feature_pk, fields, msg, fold, created_by, created_at, updated_at, job_id, attempts) SELECT n, " PROJECT ", ?3 * 4 + p + 1, "
	"printf('c0000000-0000-4000-8000-%012d', n), " STATUS ", " WHO ", iif(r % 10 < 3, 'create', iif(r % 10 < 9, 'patch', 'delete')), "
	"'layer_' || p || '_' || l, 'local_' || l, " NAME ", r % 50000, r % 50000, '5e1f0000-0000-4000-8000-0000000000' || printf('%02d', u * 2 + r % 2), "
	"r % 50000, " FIELDS ", " MSG ", fold(iif(" MSG " = '', " FIELDS ", " MSG " || ' ' || " FIELDS ")), " WHO ", " BEGIN " + n * 35000, "
	BEGIN " + n * 35000 + 60000, iif(n > ?2 - 40, NULL, ?3 * 4 + p + 1), iif(n > ?2 - 40, 0, 1 + (o >= 945 AND o < 950)) FROM x",
	"INSERT INTO change_body SELECT id, json_object('uuid', uuid, 'clientId', client_id, 'method', method, 'localPk', local_pk, 'sourcePk', source_pk, "
	"'localLayerId', local_layer_id, 'sourceLayerId', layer_id, 'old', json_object('attributes', json_object('species', 'oak', 'girth', id % 300), 'geometry', "
	"'Point (370000.25 5580000.5)'), 'new', json_object('attributes', json_object('species', 'beech', 'girth', id % 300 + 1), 'geometry', "
	"'Point (370001.25 5580001.5)')) FROM change WHERE id BETWEEN ?1 AND ?2 AND ?3 >= 0",
	"INSERT INTO attempt (change_id, job_id, at, action, who, outcome, msg, feature_pk, modified_pk, hash_before, hash_after) SELECT id, job_id, updated_at, "
	"'apply', wanted_by, iif(status = 'ignored', 'error', status), msg, feature_pk, feature_pk, printf('%064x', id), printf('%064x', id + 1) FROM change "
	"WHERE id BETWEEN ?1 AND ?2 AND ?3 >= 0 AND attempts > 0",
	"INSERT INTO attempt (change_id, job_id, at, action, who, outcome, msg) SELECT id, job_id - 4, updated_at - 30000, 'apply', wanted_by, 'interrupted', "
	"'the worker was stopped' FROM change WHERE id BETWEEN ?1 AND ?2 AND ?3 > 0 AND attempts > 1",
	NULL,
};

static void run(struct fp_store *s, const char *const *sql, const struct fp_val *v, size_t n)
{
	struct fp_error err;
	enum fp_status st = fp_store_begin(s, &err);

	for (; st == FP_OK && *sql; sql++)
		st = fp_db_run(s, &err, *sql, v, n);
	if (st == FP_OK)
		st = fp_store_commit(s, &err);
	if (st != FP_OK) {
		fprintf(stderr, "many_changes: %s\n", err.msg);
		abort();
	}
}

void many_changes(struct fp_store *s, int64_t n)
{
	sqlite3_exec(s->db, "PRAGMA synchronous = OFF", NULL, NULL, NULL); /* it is made again, not repaired */
	run(s, once, FP_NOVALS);
	for (int64_t i = 0; i * BLOCK < n; i++)
		run(s, block, FP_VALS(fp_i(i * BLOCK + 1), fp_i((i + 1) * BLOCK < n ? (i + 1) * BLOCK : n), fp_i(i)));
}
