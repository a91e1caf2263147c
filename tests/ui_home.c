#include "tests/ui_home.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/fs.h"
#include "engine/base/mem.h"
#include "engine/store/db.h"
#include "engine/store/secrets.h"

#define H "3600000"
#define NOW "1795435200000"

static void must(enum fp_status st, const struct fp_error *err)
{
	if (st) {
		fprintf(stderr, "ui_home: %s\n", err->msg);
		abort();
	}
}

void ui_home_run(struct fp_store *s, const char *sql)
{
	struct fp_error err;

	must(fp_store_begin(s, &err), &err);
	must(fp_db_run(s, &err, sql, FP_NOVALS), &err);
	s->touched = 511;
	must(fp_store_commit(s, &err), &err);
}

struct fp_store *ui_home_empty(void)
{
	char folder[] = "/tmp/fieldpost-ui-XXXXXX";
	struct fp_store *s;
	struct fp_error err;
	char *home;

	if (!mkdtemp(folder))
		abort();
	home = fp_asprintf("%s/home", folder);
	must(fp_store_open(&s, home, FP_STORE_CREATE, &err), &err);
	free(home);
	return s;
}

void ui_home_remove(struct fp_store *s)
{
	char *home = fp_strdup(fp_store_home(s));

	fp_store_close(s);
	*strrchr(home, '/') = '\0';
	fp_fs_remove_tree(home, NULL);
	free(home);
}

/* What a check says of a layer whose file is missing. */
#define STAGE(stage, mark, text) "{\"stage\":\"" stage "\",\"mark\":\"" mark "\",\"text\":\"" text "\"}"
#define HIVES "'{\"id\":\"hives_4d5e6f\",\"sentence\":\"File \\\"data/hives.gpkg\\\" missing.\",\"owner\":\"project author\"," \
	"\"remedy\":\"Put it inside the project folder, save the project with relative paths, and upload both again.\",\"instead\":[\"./hives.gpkg\"]," \
	"\"warnings\":[\"the layer has no CRS\"],\"stages\":[" STAGE("source", "ok", "./data/hives.gpkg|layername=hives") "," \
	STAGE("path", "ok", "data/hives.gpkg") "," STAGE("exists", "fail", "the file was not uploaded, but hives.gpkg was") "," \
	STAGE("readable", "not reached", "") "]}'"

static const char *const small[] = {
	"INSERT INTO project (id, name, name_fold, created_at, created_by, project_file, title, crs, facts, check_ok, checked_at, layer_problems) VALUES "
	"('" UI_BEES "', 'bees', 'bees', " NOW " - 50 * " H ", 'anna', 'bees.qgs', 'Wild bees 2026', 'EPSG:25832', "
	" '{\"file\":\"bees.qgs\",\"title\":\"Wild bees 2026\",\"crs\":\"EPSG:25832\",\"qgis_version\":\"3.40.6\",\"extent\":null}', 1, " NOW " - 2 * " H ", 2), "
	"('be000000-0000-4000-8000-000000000002', 'orchard \xc3\xa4pfel', 'orchard \xc3\xa4pfel', " NOW " - 40 * " H ", 'anna', '', '', '', '', NULL, NULL, 0), "
	"('be000000-0000-4000-8000-000000000003', 'roads', 'roads', " NOW " - 30 * " H ", 'ben', 'roads.qgz', 'Roads', 'EPSG:4326', '', 0, NULL, 0)",
	"INSERT INTO file (id, project_id, name, version, size) VALUES (1, '" UI_BEES "', 'bees.qgs', 2, 48123), (2, '" UI_BEES "', 'data/trees.gpkg', 5, 1228800)",
	"INSERT INTO file_version (file_id, version, size, sha256, md5, at, by, path) SELECT f.id, f.version, f.size, "
	" printf('%064d', f.id), printf('%032d', f.id), " NOW " - f.id * " H ", iif(f.id = 1, 'anna', 'job 3'), 'projects/x/' || f.id FROM file f",
	"INSERT INTO job (id, project_id, type, status, \"trigger\", created_by, created_at, touched_at, queued_at, started_at, finished_at, verdict, hint, "
	" error_class, signal, peak_kb, step, result) VALUES "
	"(1, '" UI_BEES "', 'process_projectfile', 'finished', 'upload', 'anna', " NOW " - 5 * " H ", 1, 2, " NOW " - 5 * " H ", " NOW " - 5 * " H " + 1200, "
	" '4 layers checked, 2 not ok', '', '', 0, 81200, '', '{\"layers\":4,\"ok\":2}'), "
	"(2, '" UI_BEES "', 'delta_apply', 'failed', 'push', 'field-1', " NOW " - 4 * " H ", 1, 2, " NOW " - 4 * " H ", " NOW " - 4 * " H " + 65000, "
	" 'step apply: the worker was killed by signal 9 (out of memory?), nothing was published', 'raise worker_memory_mb in config.yaml, then retry', "
	" 'crashed', 9, 4194304, 'apply', ''), "
	"(3, '" UI_BEES "', 'delta_apply', 'finished', 're-apply', 'anna', " NOW " - 3 * " H ", 1, 2, " NOW " - 3 * " H ", " NOW " - 3 * " H " + 3400, "
	" '8 applied, 1 conflict, 1 not applied', '', '', 0, 90100, '', ''), "
	"(4, 'be000000-0000-4000-8000-000000000003', 'process_projectfile', 'failed', 'upload', 'ben', " NOW " - " H ", 1, 2, " NOW " - " H ", "
	NOW " - " H " + 300, 'roads.qgz is no zip archive', 'upload it again from QGIS', 'invalid', 0, 40100, 'project_validity', ''), "
	"(5, '" UI_BEES "', 'delta_apply', 'pending', 'push', 'field-2', " NOW " - 60000, 1, NULL, NULL, NULL, '', '', '', 0, 0, '', '')",
	"INSERT INTO job_step (job_id, seq, step, name, state, message, started_at, finished_at) VALUES "
	"(1, 1, 'project_validity', 'Project validity check', 'finished', '', " NOW " - 5 * " H ", " NOW " - 5 * " H " + 100), "
	"(1, 2, 'opening', 'Opening check', 'finished', '', " NOW " - 5 * " H " + 100, " NOW " - 5 * " H " + 400), "
	"(1, 3, 'layers', 'Check project layers', 'finished', '2 of 4 layers are not ok', " NOW " - 5 * " H " + 400, " NOW " - 5 * " H " + 1200), "
	"(2, 1, 'apply', 'Apply deltas', 'failed', 'killed by signal 9', " NOW " - 4 * " H ", " NOW " - 4 * " H " + 65000)",
	"WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < 60) INSERT INTO job_log (job_id, seq, at, level, step, text) "
	"SELECT 1, n, " NOW " - 5 * " H " + n * 20, iif(n = 40, 'error', iif(n % 20 = 0, 'warning', 'info')), 'layers', 'line ' || n || ' of the log' FROM i",
	"INSERT INTO deltafile (id, project_id, uuid, sha256, at, by, text) VALUES (1, '" UI_BEES "', 'df000000-0000-4000-8000-000000000001', printf('%064d', 1), "
	NOW " - 4 * " H ", 'field-1', x'7b7d')",
	"WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < 12) INSERT INTO change (id, project_id, deltafile_id, uuid, status, wanted_by, method, "
	" layer_id, local_layer_id, layer_name, local_pk, source_pk, client_id, feature_pk, fields, msg, fold, created_by, created_at, updated_at, job_id, attempts) "
	"SELECT n, '" UI_BEES "', 1, printf('c0000000-0000-4000-8000-%012d', n), "
	" CASE n WHEN 9 THEN 'conflict' WHEN 10 THEN 'not_applied' WHEN 11 THEN 'pending' WHEN 12 THEN 'pending' ELSE 'applied' END, 'field-1', "
	" CASE n % 3 WHEN 0 THEN 'patch' WHEN 1 THEN 'create' ELSE 'delete' END, 'trees_1a2b3c', 'trees_local', 'Trees', n, n, 'tablet-7', n + 200, "
	" 'species, height', CASE n WHEN 9 THEN 'species was \"oak\" when the device saw it, now it is \"ash\"' WHEN 10 THEN 'height is no number: \"tall\"' ELSE '' END, "
	" '', iif(n < 12, 'field-1', 'field-2'), " NOW " - 4 * " H " + n * 60000, " NOW " - 3 * " H ", iif(n < 11, 3, NULL), iif(n < 11, 1, 0) FROM i",
	"INSERT INTO change_body SELECT id, json_object('uuid', uuid, 'method', method, 'localPk', local_pk, 'old', json_object('attributes', json_object('species', 'oak', "
	" 'height', 4.5), 'geometry', 'Point (1 2)'), 'new', json_object('attributes', json_object('species', 'beech', 'height', 4.5), 'geometry', 'Point (1 3)')) FROM change",
	"INSERT INTO attempt (change_id, job_id, at, action, who, outcome, msg, feature_pk, conflicts) SELECT id, 3, " NOW " - 3 * " H ", 'apply', 'field-1', status, msg, "
	" feature_pk, iif(status = 'conflict', '[\"species\"]', '') FROM change WHERE id < 11",
	"INSERT INTO layer (project_id, layer_id, name, type, provider, crs, datasource, is_valid, status, error_summary, provider_summary, confidence, detail, remedy, pk, "
	" filename, warnings, json, since_job, since, previous, changed, cause, owner, sentence) VALUES "
	"('" UI_BEES "', 'trees_1a2b3c', 'Trees', 'vector', 'ogr', 'EPSG:25832', './data/trees.gpkg|layername=trees', 1, 'ok', '', '', 'checked', '', '', 'fid', "
	" 'data/trees.gpkg', '[]', '{\"id\":\"trees_1a2b3c\"}', 1, " NOW " - 2 * " H ", '', '', '', '', ''), "
	"('" UI_BEES "', 'hives_4d5e6f', 'Hives', 'vector', 'ogr', 'EPSG:25832', './data/hives.gpkg|layername=hives', 0, 'invalid_dataprovider', "
	" 'File \"data/hives.gpkg\" missing.', '', 'checked', 'The file data/hives.gpkg is not among the files of the project.', "
	" 'Upload it, with the folder name as it is: fieldpost file put bees data/hives.gpkg', '', 'data/hives.gpkg', '[\"no spatial index\"]', " HIVES ", 1, " NOW " - 2 * " H ", "
	" 'ok', 'broke', 'missing-file', 'project author', 'File \"data/hives.gpkg\" missing.'), "
	"('" UI_BEES "', 'paths_777777', 'Paths', 'vector', 'ogr', 'EPSG:25832', './data/trees.gpkg|layername=pathz', 0, 'invalid_dataprovider', '', "
	" 'There is no table \"pathz\" in data/trees.gpkg', 'checked', 'The file is there, its table is not.', 'Choose the table again in QGIS', '', 'data/trees.gpkg', '[]', '{\"uses\":[\"service:geo\",\"env:PGUSER\"]}', 1, " NOW " - 2 * " H ", '', '', "
	" '', 'project author', 'There is no table \"pathz\" in data/trees.gpkg'), "
	"('" UI_BEES "', 'osm_888888', 'OpenStreetMap', 'raster', 'wms', 'EPSG:3857', 'type=xyz', -1, 'not_checked', '', '', 'not-checked', 'Network layers are not checked yet.', "
	" '', '', '', '[]', '{\"uses\":[\"service:forest\"]}', 1, " NOW " - 2 * " H ", '', 'new', '', '', 'Network layers are not checked yet.')",
	"INSERT INTO check_run (job_id, project_id, at, previous_at, fixed, broke, changed, new, gone) VALUES (1, '" UI_BEES "', " NOW " - 2 * " H ", "
	NOW " - 26 * " H ", 0, 1, 0, 1, 0)",
	"INSERT INTO activity (at, who, what, project_id, project_name, detail) VALUES (" NOW " - 50 * " H ", 'anna', 'create project', '" UI_BEES "', 'bees', ''), "
	"(" NOW " - 4 * " H ", 'field-1', 'push', '" UI_BEES "', 'bees', '12 changes'), (" NOW " - 3 * " H ", 'anna', 'save changes', '" UI_BEES "', 'bees', 're-apply 10')",
	NULL,
};

/* The bytes of a file's version: nobody looks into them. */
static void put_version(struct fp_store *s, const char *name)
{
	char *folder = fp_asprintf("%s/projects/x", fp_store_home(s)), *path = fp_asprintf("%s/%s", folder, name);
	struct fp_error err;

	must(fp_fs_mkdirs(folder, &err), &err);
	must(fp_fs_write_atomic(path, "x", 1, &err), &err);
	free(folder);
	free(path);
}

static void put_secret(struct fp_store *s, const char *name, const char *type, const char *value)
{
	struct fp_error err;

	must(fp_secret_set(s, UI_BEES, name, type, value, strlen(value), "anna", &err), &err);
}

struct fp_store *ui_home_small(void)
{
	struct fp_store *s = ui_home_empty();

	for (const char *const *sql = small; *sql; sql++)
		ui_home_run(s, *sql);
	put_version(s, "1");
	put_version(s, "2");
	put_secret(s, "GEO", "pgservice", "[geo]\nhost=db.example\ndbname=geo\nuser=u\n");
	put_secret(s, "PGUSER", "envvar", "somebody with a long name, really");
	ui_home_run(s, "UPDATE secret SET set_at = " NOW " - 30 * " H ", set_by = 'anna', size = 40");
	ui_home_run(s, "UPDATE secret SET tested_at = " NOW " - 2 * " H ", test_ok = 0, test_said = "
		"'geo: the server refused the login; look at user and password, and at the server''s pg_hba.conf' WHERE name = 'GEO'");
	ui_home_run(s, "DELETE FROM activity WHERE id > (SELECT max(id) - 2 FROM activity)");
	return s;
}

#define VERDICT(code, more) "'{\"error_code\":\"" code "\"" more "}'"
#define WEIRD_FILE "'b/' || char(27) || '[2J' || char(0x202E) || '.jpg'"

/* Job 6 and 8 made packages, 7 failed, 9 changed what is in them, 10 makes another one. */
static const char *const packages[] = {
	"INSERT INTO job (id, project_id, type, status, \"trigger\", created_by, created_at, touched_at, queued_at, started_at, finished_at, verdict, hint, "
	" error_class, signal, peak_kb, step, done, total, owner_pid, owner_start, owner_boot) VALUES "
	"(6, '" UI_BEES "', 'package', 'finished', 'download', 'field-1', " NOW " - 30 * " H ", 1, 2, " NOW " - 30 * " H ", " NOW " - 30 * " H " + 900, "
	" '3 layers: 2 offline (1,201 features), 1 online', '', '', 0, 41000, '', 0, 0, NULL, NULL, NULL), "
	"(7, '" UI_BEES "', 'package', 'failed', 'manual', 'anna', " NOW " - 3 * " H ", 1, 2, " NOW " - 3 * " H ", " NOW " - 3 * " H " + 700, "
	" 'step data: 2 rows of Trees vanished', '', 'invalid', 0, 41000, 'data', 0, 0, NULL, NULL, NULL), "
	"(8, '" UI_BEES "', 'package', 'finished', 'manual', 'anna', " NOW " - 2 * " H ", 1, 2, " NOW " - 2 * " H ", " NOW " - 2 * " H " + 1300, "
	" '4 layers: 2 offline (1,237 features), 1 online, 1 removed; 12 rows left out', '', '', 0, 41000, '', 0, 0, NULL, NULL, NULL), "
	"(9, '" UI_BEES "', 'delta_apply', 'finished', 'push', 'field-2', " NOW " - " H ", 1, 2, " NOW " - " H ", " NOW " - " H " + 400, "
	" '3 applied', '', '', 0, 41000, '', 0, 0, NULL, NULL, NULL), "
	"(10, '" UI_BEES "', 'package', 'started', 'manual', 'anna', " NOW " - 2000, 1, 2, " NOW " - 2000, NULL, '', '', '', 0, 0, 'Write data.gpkg', 412000, 1000000, 1, 1, 'boot')",
	"INSERT INTO job_step (job_id, seq, step, name, state, message, started_at, finished_at) VALUES "
	"(10, 1, 'decide', 'Decide on the layers', 'finished', '', " NOW " - 2000, " NOW " - 1330), (10, 2, 'data', 'Write data.gpkg', 'started', '', " NOW " - 1330, NULL), "
	"(10, 3, 'verify', 'Verify the package', 'pending', '', NULL, NULL)",
	"INSERT INTO job_layer (job_id, layer_id, applied) VALUES (9, 'trees_1a2b3c', 2), (9, 'paths_777777', 1)",
	"INSERT INTO package (job_id, project_id, basis_at, at, files, bytes, attachments, attachment_bytes, layers, offline, copied, online, untouched, removed, features, "
	" skipped, warnings, notes) VALUES "
	"(6, '" UI_BEES "', " NOW " - 30 * " H ", " NOW " - 30 * " H " + 900, 2, 1208123, 0, 0, 3, 2, 0, 1, 0, 0, 1201, 0, 0, '[]'), "
	"(8, '" UI_BEES "', " NOW " - 2 * " H ", " NOW " - 2 * " H " + 1300, 3, 1309123, 1, 88000, 4, 2, 0, 1, 0, 1, 1237, 12, 6, "
	" '[{\"code\":\"localized\",\"count\":1,\"detail\":\"The shared data sets of the organisation are not in it.\"}]')",
	"INSERT INTO package_base (job_id, file_id, version) SELECT g.job_id, f.id, f.version FROM package g, file f WHERE f.project_id = g.project_id",
	"INSERT INTO package_file (job_id, name, size, sha256, etag, at, is_attachment) SELECT column1, column2, column3, printf('%064d', column4), printf('%032d-1', column4), "
	NOW ", column5 FROM (VALUES (6, 'bees_qfield.qgz', 8123, 61, 0), (6, 'data.gpkg', 1200000, 62, 0), (8, 'bees_qfield.qgz', 8123, 61, 0), "
	" (8, 'data.gpkg', 1300000, 82, 0), (8, " WEIRD_FILE ", 1000, 83, 0), (8, 'DCIM/hive.jpg', 88000, 84, 1))",
	"INSERT INTO package_layer (job_id, layer_id, name, action, \"table\", features, pk, read_only, skipped, warnings, source, packaged) VALUES "
	"(6, 'trees_1a2b3c', 'Trees', 'offline', 'trees_1a2b3c', 1198, 'fid', 0, '[]', '[]', " VERDICT("no_error", "") ", " VERDICT("no_error", "") "), "
	"(6, 'ponds_111111', 'Ponds', 'offline', 'ponds_111111', 3, 'fid', 0, '[]', '[]', '', ''), "
	"(6, 'osm_888888', 'OpenStreetMap', 'online', '', 0, '', 0, '[]', '[]', '', ''), "
	"(8, 'trees_1a2b3c', 'Trees', 'offline', 'trees_1a2b3c', 1204, 'fid', 0, "
	" '[{\"reason\":\"the geometry is no point\",\"count\":11},{\"reason\":\"the key is empty\",\"count\":1}]', "
	" '[{\"code\":\"a\",\"count\":1,\"detail\":\"First.\"},{\"code\":\"b\",\"count\":1,\"detail\":\"Second.\"},{\"code\":\"c\",\"count\":1,\"detail\":\"Third.\"},"
	"{\"code\":\"filter_dropped\",\"count\":1,\"detail\":\"The filter could not be kept: all rows of the table are in it.\"}]', "
	VERDICT("no_error", ",\"datasource\":\"./data/trees.gpkg|layername=trees\"") ", "
	VERDICT("no_error", ",\"datasource\":\"./data.gpkg|layername=trees_1a2b3c\"") "), "
	"(8, 'paths_777777', 'Paths', 'offline', 'paths_777777', 33, '', 1, '[]', '[{\"code\":\"no_key\",\"count\":1,\"detail\":\"It has no key, so devices cannot edit it.\"}]', "
	" '', ''), "
	"(8, 'osm_888888', 'OpenStreetMap', 'online', '', 0, '', 0, '[]', '[]', '', ''), "
	"(8, 'hives_4d5e6f', 'Hives', 'removed', '', 0, '', 0, '[]', '[{\"code\":\"removed_invalid\",\"count\":1,\"detail\":\"Its file is missing.\"}]', "
	VERDICT("invalid_dataprovider", ",\"sentence\":\"File \\\"data/hives.gpkg\\\" missing.\",\"owner\":\"project author\"") ", '')",
	"UPDATE project SET packaged_at = " NOW " - 2 * " H " WHERE id = '" UI_BEES "'",
	NULL,
};

struct fp_store *ui_home_packages(void)
{
	struct fp_store *s = ui_home_small();

	for (const char *const *sql = packages; *sql; sql++)
		ui_home_run(s, *sql);
	return s;
}

static void run_number(struct fp_store *s, const char *sql, int64_t n)
{
	struct fp_error err;

	must(fp_store_begin(s, &err), &err);
	must(fp_db_run(s, &err, sql, FP_VALS(fp_i(n))), &err);
	s->touched = 511;
	must(fp_store_commit(s, &err), &err);
}

struct fp_store *ui_home_big(int64_t changes, int64_t jobs)
{
	struct fp_store *s = ui_home_empty();

	ui_home_run(s, "INSERT INTO project (id, name, name_fold, created_at, created_by, project_file, check_ok, checked_at) VALUES ('" UI_BEES "', 'big', 'big', 1, 'anna', "
		"'big.qgs', 1, " NOW ")");
	run_number(s, "WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < ?) INSERT INTO job (project_id, type, status, \"trigger\", created_by, created_at, "
		"touched_at, queued_at, started_at, finished_at, verdict) SELECT '" UI_BEES "', iif(n % 5, 'delta_apply', 'process_projectfile'), "
		"iif(n % 7, 'finished', 'failed'), 'push', 'field-' || (n % 9), " NOW " - 100000000 + n * 1000, 1, 2, " NOW " - 100000000 + n * 1000, "
		NOW " - 100000000 + n * 1000 + 800, n || ' applied' FROM i", jobs);
	ui_home_run(s, "INSERT INTO deltafile (id, project_id, uuid, sha256, at, by, text) VALUES (1, '" UI_BEES "', 'd', printf('%064d', 1), 1, 'x', x'7b7d')");
	run_number(s, "WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < ?) INSERT INTO change (id, project_id, deltafile_id, uuid, status, wanted_by, "
		"method, layer_id, local_layer_id, layer_name, local_pk, source_pk, client_id, feature_pk, fields, created_by, created_at, updated_at) "
		"SELECT n, '" UI_BEES "', 1, printf('c0000000-0000-4000-8000-%012d', n), CASE n % 10 WHEN 9 THEN 'conflict' WHEN 8 THEN 'pending' ELSE 'applied' END, 'x', 'patch', "
		"'trees', 'trees', 'Trees of street ' || (n % 40), n, n, 'tablet', n, 'species, height', 'field-' || (n % 9), " NOW " - 100000000 + n * 1000, 1 FROM i", changes);
	ui_home_run(s, "INSERT INTO change_body SELECT id, json_object('uuid', uuid, 'method', method, 'localPk', local_pk) FROM change");
	run_number(s, "WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < 2000) INSERT INTO job_log (job_id, seq, at, level, step, text) "
		"SELECT ?, n, " NOW ", 'info', 'apply', 'delta ' || n || ' was applied' FROM i", jobs);
	return s;
}
