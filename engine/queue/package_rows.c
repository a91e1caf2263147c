#include "engine/queue/package_rows.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/store/db.h"

void fp_package_file_spool(struct fp_run *r, const char *name, const struct fp_digest *d, int64_t at, int is_attachment)
{
	json_t *line = json_pack("{s:o,s:I,s:s,s:s,s:I,s:b}", "name", fp_json_text(name), "size", (json_int_t)d->size, "sha256", d->sha256, "etag", d->etag,
		"at", (json_int_t)at, "is_attachment", is_attachment);

	fp_spool_add(r, "package_file", line);
	json_decref(line);
}

static enum fp_status write_file(struct fp_run *r, const json_t *f, struct fp_error *err)
{
	return fp_db_run(r->store, err, "INSERT INTO package_file (job_id, name, size, sha256, etag, at, is_attachment) VALUES (?, ?, ?, ?, ?, ?, ?)",
		FP_VALS(fp_i(r->job_id), fp_t(fp_json_str(f, "name")), fp_i(fp_json_int(f, "size", 0)), fp_t(fp_json_str(f, "sha256")), fp_t(fp_json_str(f, "etag")),
			fp_i(fp_json_int(f, "at", 0)), fp_i(fp_json_bool(f, "is_attachment", 0))));
}

/* What a worker lists, as it is kept: entries with their word, their count and their sentence, nothing else. */
static char *entries(const json_t *list, const char *word, const char *sentence)
{
	json_t *out = json_array(), *e, *clean;
	char *text;
	size_t i;

	json_array_foreach(list, i, e) {
		if (!fp_json_str(e, word))
			continue;
		text = fp_text_clean(fp_json_str(e, word));
		clean = json_pack("{s:o,s:I}", word, fp_json_text(text), "count", (json_int_t)fp_json_int(e, "count", 0));
		free(text);
		if (sentence) {
			text = fp_text_clean(fp_json_str_or(e, sentence, ""));
			json_object_set_new(clean, sentence, fp_json_text(text));
			free(text);
		}
		json_array_append_new(out, clean);
	}
	text = fp_json_dump(out);
	json_decref(out);
	return text;
}

static enum fp_status write_layer(struct fp_run *r, const json_t *l, struct fp_error *err)
{
	static const char *const actions[] = {"offline", "copy", "online", "untouched", "removed"};
	const char *action = fp_json_str(l, "action");
	char *skipped, *warnings, *name;
	size_t i = 0;
	enum fp_status st;

	while (i < sizeof actions / sizeof *actions && strcmp(actions[i], action) != 0)
		i++;
	if (i == sizeof actions / sizeof *actions)
		return fp_fail(err, FP_E_INVALID, "the worker gave layer \"%s\" the unknown action \"%s\"", fp_json_str(l, "name"), action);
	skipped = entries(json_object_get(l, "skipped"), "reason", NULL);
	warnings = entries(json_object_get(l, "warnings"), "code", "detail");
	name = fp_text_clean(fp_json_str(l, "name"));
	st = fp_db_run(r->store, err, "INSERT INTO package_layer (job_id, layer_id, name, action, \"table\", features, pk, read_only, skipped, warnings)"
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (job_id, layer_id) DO UPDATE SET name = excluded.name, action = excluded.action,"
		" \"table\" = excluded.\"table\", features = excluded.features, pk = excluded.pk, read_only = excluded.read_only, skipped = excluded.skipped,"
		" warnings = excluded.warnings",
		FP_VALS(fp_i(r->job_id), fp_t(fp_json_str(l, "id")), fp_t(name), fp_t(action), fp_t(fp_json_str_or(l, "table", "")),
			fp_i(fp_json_int(l, "features", 0)), fp_t(fp_json_str_or(l, "pk", "")), fp_i(fp_json_bool(l, "read_only", 0)), fp_t(skipped), fp_t(warnings)));
	free(skipped);
	free(warnings);
	free(name);
	return st;
}

/* With the members that QFieldCloud's clients read beside ours: error_code is never empty. */
static char *verdict_text(const json_t *v)
{
	json_t *copy = json_copy((json_t *)(uintptr_t)v);
	const char *status = fp_json_str(v, "status");
	char *text;

	json_object_set_new(copy, "error_code", fp_json_text(strcmp(status, "ok") == 0 || !*status ? "no_error" : status));
	json_object_set_new(copy, "provider_error_summary", fp_json_text(fp_json_str_or(v, "provider_summary", "")));
	json_object_set_new(copy, "is_localized", json_boolean(strcmp(status, "localized_dataprovider") == 0));
	text = fp_json_dump(copy);
	json_decref(copy);
	return text;
}

static enum fp_status write_source(struct fp_run *r, const json_t *v, struct fp_error *err)
{
	char *text = verdict_text(v);
	enum fp_status st = fp_db_run(r->store, err, "INSERT INTO package_layer (job_id, layer_id, name, source) VALUES (?, ?, ?, ?)"
		" ON CONFLICT (job_id, layer_id) DO UPDATE SET source = excluded.source",
		FP_VALS(fp_i(r->job_id), fp_t(fp_json_str(v, "id")), fp_t(fp_json_str(v, "name")), fp_t(text)));

	free(text);
	return st;
}

static enum fp_status write_packaged(struct fp_run *r, const json_t *v, struct fp_error *err)
{
	char *text = verdict_text(v);
	enum fp_status st = fp_db_run(r->store, err, "INSERT INTO package_layer (job_id, layer_id, name, packaged) VALUES (?, ?, ?, ?)"
		" ON CONFLICT (job_id, layer_id) DO UPDATE SET packaged = excluded.packaged",
		FP_VALS(fp_i(r->job_id), fp_t(fp_json_str(v, "id")), fp_t(fp_json_str(v, "name")), fp_t(text)));

	free(text);
	return st;
}

static enum fp_status write_notes(struct fp_run *r, const json_t *p, struct fp_error *err)
{
	char *notes = entries(json_object_get(p, "warnings"), "code", "detail");
	enum fp_status st = fp_db_run(r->store, err, "UPDATE package SET notes = ? WHERE job_id = ?", FP_VALS(fp_t(notes), fp_i(r->job_id)));

	free(notes);
	return st;
}

static const struct {
	const char *kind;
	enum fp_status (*write)(struct fp_run *r, const json_t *body, struct fp_error *err);
} kinds[] = {
	{"package_file", write_file}, {"packed", write_layer}, {"layer", write_source}, {"packaged_layer", write_packaged}, {"package", write_notes},
};

static enum fp_status write_line(void *arg, const char *kind, const json_t *body, struct fp_error *err)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(kinds[i].kind, kind) == 0)
			return kinds[i].write(arg, body, err);
	return FP_OK;
}

#define OF_FILES(what, attachment) "(SELECT " what " FROM package_file WHERE job_id = ?1 AND is_attachment = " attachment ")"
#define OF_LAYERS(what, where) "(SELECT " what " FROM package_layer WHERE job_id = ?1" where ")"
static const char counts_sql[] = "UPDATE package SET"
	" files = " OF_FILES("count(*)", "0") ", bytes = " OF_FILES("coalesce(sum(size), 0)", "0")
	", attachments = " OF_FILES("count(*)", "1") ", attachment_bytes = " OF_FILES("coalesce(sum(size), 0)", "1")
	", layers = " OF_LAYERS("count(*)", "")
	", offline = " OF_LAYERS("count(*)", " AND action = 'offline'") ", copied = " OF_LAYERS("count(*)", " AND action = 'copy'")
	", online = " OF_LAYERS("count(*)", " AND action = 'online'") ", untouched = " OF_LAYERS("count(*)", " AND action = 'untouched'")
	", removed = " OF_LAYERS("count(*)", " AND action = 'removed'")
	/* Layers of the same source share a table: its rows are there once. */
	", features = (SELECT coalesce(sum(n), 0) FROM (SELECT max(features) AS n FROM package_layer WHERE job_id = ?1 AND action = 'offline'"
	"  GROUP BY iif(\"table\" = '', layer_id, \"table\")))"
	", skipped = (SELECT coalesce(sum(n), 0) FROM (SELECT max((SELECT coalesce(sum(json_extract(value, '$.count')), 0) FROM json_each(l.skipped))) AS n"
	"  FROM package_layer l WHERE job_id = ?1 GROUP BY iif(\"table\" = '', layer_id, \"table\")))"
	", warnings = " OF_LAYERS("coalesce(sum(json_array_length(warnings)), 0)", "") " + json_array_length(notes)"
	" WHERE job_id = ?1";

/* QField opens the first project file that it finds: there must be one, and no other. */
static enum fp_status check_project_file(struct fp_run *r, struct fp_error *err)
{
	int64_t n = 0;
	enum fp_status st = fp_db_int(r->store, &n, err, "SELECT count(*) FROM package_file WHERE job_id = ? AND is_attachment = 0 AND instr(name, '/') = 0"
		" AND (name LIKE '%.qgz' OR name LIKE '%.qgs')", FP_VALS(fp_i(r->job_id)));

	if (st == FP_OK && n != 1)
		st = fp_fail(err, FP_E_INVALID, "the package has %lld project files, QField needs one", (long long)n);
	return st;
}

static enum fp_status lost(sqlite3_stmt *st, struct fp_error *err)
{
	int64_t n = sqlite3_column_int64(st, 1);
	char count[FP_COUNT_SIZE];

	fp_fail(err, FP_E_INVALID, "layer \"%s\" has %s feature%s in the package before, and now it cannot be read: %s", fp_db_text(st, 0), fp_text_count(count, n),
		fp_text_s(n), fp_db_text(st, 2));
	fp_error_hint(err, "package again when it can be, or take the layer out of the project; the package before stays");
	return FP_E_INVALID;
}

/* A database or service that answers no more takes its layers out of no package that devices already have. */
static enum fp_status check_databases(struct fp_run *r, struct fp_error *err)
{
	sqlite3_stmt *st;
	int row = 0;
	enum fp_status rc = fp_db_stmt(r->store, &st, err, "SELECT n.name, o.features, coalesce(json_extract(n.source, '$.sentence'), '') FROM package_layer n"
		" JOIN package_layer o ON o.layer_id = n.layer_id WHERE n.job_id = ?1 AND n.action = 'removed' AND o.action = 'offline'"
		" AND o.job_id = (SELECT max(job_id) FROM package WHERE project_id = ?2 AND job_id < ?1) AND json_extract(n.source, '$.is_valid') = 0"
		" AND json_extract(n.source, '$.provider') IN ('postgres', 'WFS', 'OAPIF') ORDER BY n.id LIMIT 1", FP_VALS(fp_i(r->job_id), fp_t(r->project_id)));

	if (rc != FP_OK)
		return rc;
	rc = fp_db_next(r->store, st, &row, err);
	if (rc == FP_OK && row)
		rc = lost(st, err);
	fp_db_end(r->store, st);
	return rc;
}

enum fp_status fp_package_rows_write(struct fp_run *r, struct fp_error *err)
{
	enum fp_status st = fp_db_run(r->store, err, "INSERT INTO package (job_id, project_id, basis_at, at, files, bytes, attachments, attachment_bytes, layers,"
		" offline, copied, online, untouched, removed, features, skipped, warnings) SELECT id, project_id, queued_at, ?, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0"
		" FROM job WHERE id = ?", FP_VALS(fp_i(fp_now_ms()), fp_i(r->job_id)));

	if (st == FP_OK)
		st = fp_spool_each(r, write_line, r, err);
	if (st == FP_OK)
		st = check_project_file(r, err);
	if (st == FP_OK)
		st = check_databases(r, err);
	if (st == FP_OK)
		st = fp_db_run(r->store, err, counts_sql, FP_VALS(fp_i(r->job_id)));
	return st;
}

/* ---- in one sentence ---- */

static const char *const columns[] = {"layers", "offline", "copied", "online", "untouched", "removed", "features", "skipped", "files", "bytes", "attachments",
	"warnings"};

static void counted(struct fp_buf *to, const char *before, int64_t n, const char *one, const char *many)
{
	char text[FP_COUNT_SIZE];

	fp_buf_addf(to, "%s%s %s", before, fp_text_count(text, n), n == 1 ? one : many);
}

static void describe(struct fp_buf *to, const json_t *c)
{
	const char *sep = ": ";
	char text[FP_COUNT_SIZE];

	counted(to, "", fp_json_int(c, "layers", 0), "layer", "layers");
	for (size_t i = 1; i <= 5; i++) {
		int64_t n = fp_json_int(c, columns[i], 0);
		if (n == 0)
			continue;
		counted(to, sep, n, columns[i], columns[i]);
		sep = ", ";
		if (i == 1)
			counted(to, " (", fp_json_int(c, "features", 0), "feature)", "features)");
	}
	if (fp_json_int(c, "skipped", 0))
		counted(to, "; ", fp_json_int(c, "skipped", 0), "row left out", "rows left out");
	counted(to, "; ", fp_json_int(c, "files", 0), "file", "files");
	fp_buf_addf(to, ", %s", fp_text_bytes(text, fp_json_int(c, "bytes", 0)));
	if (fp_json_int(c, "attachments", 0))
		counted(to, ", and ", fp_json_int(c, "attachments", 0), "attachment", "attachments");
	if (fp_json_int(c, "warnings", 0))
		counted(to, "; ", fp_json_int(c, "warnings", 0), "warning", "warnings");
}

enum fp_status fp_package_rows_describe(struct fp_run *r, struct fp_buf *verdict, json_t **counts, struct fp_error *err)
{
	sqlite3_stmt *st;
	int row = 0;
	enum fp_status rc = fp_db_stmt(r->store, &st, err, "SELECT layers, offline, copied, online, untouched, removed, features, skipped, files, bytes, attachments,"
		" warnings FROM package WHERE job_id = ?", FP_VALS(fp_i(r->job_id)));

	*counts = json_object();
	if (rc != FP_OK)
		return rc;
	rc = fp_db_next(r->store, st, &row, err);
	for (size_t i = 0; rc == FP_OK && row && i < sizeof columns / sizeof *columns; i++)
		json_object_set_new(*counts, columns[i], json_integer(sqlite3_column_int64(st, (int)i)));
	fp_db_end(r->store, st);
	if (rc == FP_OK)
		describe(verdict, *counts);
	return rc;
}
