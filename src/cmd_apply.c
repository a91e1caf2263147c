/* fieldpost apply: applies a deltafile to plain project files. The worker gives back whole changed files; here they come to stand in a copy of the
 * folder, or in place of the originals, and only when the job has ended well: nothing is ever half-written. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "engine/base/fs.h"
#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/base/path.h"
#include "engine/changes/deltafile.h"
#include "src/commands.h"
#include "src/output.h"
#include "src/plain.h"

struct answer {
	json_t *deltas;
	json_t *connections; /* beside DELTAS: the database that each was written to, null: a file */
	struct fp_strv files;
};

/* A database that takes its changes back takes back what was said of them. */
static void take_back(struct answer *a, const json_t *committed)
{
	json_t *d;
	size_t i;

	json_array_foreach(a->deltas, i, d) {
		const json_t *c = json_array_get(a->connections, i);
		if (!json_is_integer(c) || !json_equal(c, json_object_get(committed, "connection")) || strcmp(fp_json_str_or(d, "status", ""), "applied") != 0)
			continue;
		json_object_set_new(d, "status", json_string("not_applied"));
		json_object_set(d, "msg", json_object_get(committed, "message"));
		json_object_set_new(d, "modified_pk", json_null());
		json_object_set_new(d, "e_type", json_string("ERROR"));
	}
}

static void take(void *arg, enum fp_event_kind kind, const json_t *body)
{
	static const char *const kept[] = {"delta_id", "layer_id", "method", "status", "msg", "feature_pk", "modified_pk", "conflicts",
		"provider_errors", "e_type"};
	struct answer *a = arg;

	if (kind == FP_EVENT_DELTA) {
		json_t *d = json_object();
		for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
			json_t *v = json_object_get(body, kept[i]);
			json_object_set_new(d, kept[i], v ? json_incref(v) : json_null());
		}
		json_array_append_new(a->deltas, d);
		json_array_append(a->connections, json_object_get(body, "connection") ? json_object_get(body, "connection") : json_null());
	} else if (kind == FP_EVENT_COMMITTED && !fp_json_bool(body, "ok", 0)) {
		take_back(a, body);
	} else if (kind == FP_EVENT_FILE && !fp_strv_has(&a->files, fp_json_str(body, "name"))) {
		fp_strv_add(&a->files, fp_json_str(body, "name"));
	}
}

struct copying {
	const char *from, *to;
	const struct fp_strv *changed;
};

static enum fp_status copy_one(void *arg, const char *name, int regular, int64_t size, struct fp_error *err)
{
	const struct copying *c = arg;
	char *from, *to, *dir;
	enum fp_status st;

	(void)size;
	if (!regular || fp_strv_has(c->changed, name))
		return FP_OK;
	from = fp_path_join(c->from, name);
	to = fp_path_join(c->to, name);
	dir = fp_path_dir(to);
	st = fp_fs_mkdirs(dir, err);
	if (st == FP_OK)
		st = fp_fs_copy(from, to, err);
	free(from);
	free(to);
	free(dir);
	return st;
}

/* A changed file comes to stand in folder TO: copied beside its place first, since TO may lie on another file system. */
static enum fp_status put_changed(const char *out, const char *name, const char *to, struct fp_error *err)
{
	char *from = fp_path_join(out, name), *target = fp_path_join(to, name), *tmp = fp_asprintf("%s.fieldpost-new", target);
	char *dir = fp_path_dir(target);
	enum fp_status st = fp_name_check(name, err);

	if (st == FP_OK)
		st = fp_fs_mkdirs(dir, err);
	if (st == FP_OK) {
		unlink(tmp);
		st = fp_fs_copy(from, tmp, err);
	}
	if (st == FP_OK) {
		struct stat sb;
		if (stat(target, &sb) == 0)
			(void)!chmod(tmp, sb.st_mode & 0777);
		st = fp_fs_publish(tmp, target, err);
	}
	if (st != FP_OK)
		unlink(tmp);
	free(from);
	free(target);
	free(tmp);
	free(dir);
	return st;
}

static enum fp_status deliver(const struct fp_plain *p, const struct answer *a, const char *to, struct fp_error *err)
{
	enum fp_status st = FP_OK;

	if (strcmp(to, p->folder) != 0) {
		struct copying c = {p->folder, to, &a->files};
		st = fp_fs_mkdirs(to, err);
		if (st == FP_OK)
			st = fp_fs_walk(p->folder, copy_one, &c, err);
	}
	for (size_t i = 0; st == FP_OK && i < a->files.n; i++)
		st = put_changed(p->out, a->files.items[i], to, err);
	return st;
}

static enum fp_status write_deltas(const char *deltafile, int inverse, const char *jsonl, struct fp_error *err)
{
	struct fp_buf text = FP_BUF_INIT;
	struct fp_deltafile d;
	enum fp_status st = fp_fs_read(&text, deltafile, FP_DELTAFILE_MAX, err);

	if (st == FP_OK)
		st = fp_deltafile_parse(&d, text.data, text.len, err);
	if (st == FP_OK) {
		st = fp_deltafile_write_jsonl(&d, inverse, jsonl, err);
		fp_deltafile_clear(&d);
	}
	fp_buf_free(&text);
	return st;
}

static enum fp_status choose_target(const struct fp_invocation *inv, const struct fp_plain *p, char **to, struct fp_error *err)
{
	const char *output = fp_opt(inv, "output");
	enum fp_status st;

	if (!!output + !!fp_opt(inv, "in-place") + !!fp_opt(inv, "dry-run") != 1)
		return fp_fail(err, FP_E_USAGE, "\"apply\" needs one of --output DIR, --in-place and --dry-run");
	if (!output) {
		*to = fp_strdup(p->folder);
		return FP_OK;
	}
	st = fp_fs_free_folder(to, output, err);
	if (st != FP_OK)
		return st;
	if (fp_path_below(*to, p->folder)) {
		free(*to);
		*to = NULL;
		return fp_fail(err, FP_E_USAGE, "output folder %s lies inside the project's own folder", output);
	}
	return FP_OK;
}

/* An undo runs from the last delta to the first; what is told stands in file order. */
static json_t *reversed(json_t *array)
{
	json_t *r = json_array();

	for (size_t i = json_array_size(array); i > 0; i--)
		json_array_append(r, json_array_get(array, i - 1));
	json_decref(array);
	return r;
}

static void report(struct fp_invocation *inv, const struct answer *a)
{
	static const char *const titles[] = {"Delta", "Method", "Layer", "Status", "Message"};
	struct fp_table *t = fp_table_new(titles, 5);
	const json_t *d;
	size_t i;

	json_array_foreach(a->deltas, i, d) {
		const char *status = fp_json_str_or(d, "status", "");
		const char *cells[] = {fp_json_str(d, "delta_id"), fp_json_str(d, "method"), fp_json_str(d, "layer_id"), status,
			fp_json_str(d, "msg")};
		if (strcmp(status, "applied") != 0 && strcmp(status, "already_applied") != 0)
			inv->exit_code = 1;
		fp_table_row(t, cells);
	}
	if (inv->json) {
		json_t *files = json_array();
		for (i = 0; i < a->files.n; i++)
			json_array_append_new(files, json_string(a->files.items[i]));
		fp_print_json(json_pack("{s:O,s:o}", "deltas", a->deltas, "files", files));
	} else {
		fp_table_print(t, inv);
		for (i = 0; i < a->files.n; i++)
			fp_print("changed: %s", a->files.items[i]);
	}
	fp_table_free(t);
}

static enum fp_status run(struct fp_invocation *inv, struct fp_error *err)
{
	const char *mode = fp_opt(inv, "conflicts");
	int inverse = fp_opt(inv, "inverse") != NULL;
	struct answer a = {.deltas = json_array(), .connections = json_array()};
	struct fp_plain p;
	char *to = NULL, *jsonl = NULL;
	enum fp_status st;

	if (mode && strcmp(mode, "strict") != 0 && strcmp(mode, "reference") != 0) {
		json_decref(a.deltas);
		json_decref(a.connections);
		return fp_fail(err, FP_E_USAGE, "--conflicts is strict or reference, not \"%s\"", mode);
	}
	st = fp_plain_begin(&p, inv->argv[0], err);
	if (st == FP_OK)
		st = fp_plain_services(&p, err);
	if (st == FP_OK)
		st = choose_target(inv, &p, &to, err);
	if (st == FP_OK && fp_opt(inv, "in-place"))
		st = fp_confirm(inv, err, "Apply %s to the files of %s themselves?", inv->argv[1], p.folder);
	if (st == FP_OK) {
		jsonl = fp_path_join(p.work, "deltas.jsonl");
		st = write_deltas(inv->argv[1], inverse, jsonl, err);
	}
	if (st == FP_OK)
		st = fp_plain_run(&p, inv, "delta_apply", inv->config.job_limit_s[2],
			json_pack("{s:b,s:s,s:b,s:b,s:b}", "overwrite_conflicts", fp_opt(inv, "overwrite-conflicts") != NULL, "conflicts",
				mode ? mode : "strict", "inverse", inverse, "dry_run", fp_opt(inv, "dry-run") != NULL,
				"any_address", 1),
			jsonl, take, &a, err);
	if (st == FP_OK && !fp_opt(inv, "dry-run"))
		st = deliver(&p, &a, to, err);
	if (inverse)
		a.deltas = reversed(a.deltas);
	if (st == FP_OK)
		report(inv, &a);
	fp_plain_end(&p);
	free(to);
	free(jsonl);
	fp_strv_free(&a.files);
	json_decref(a.deltas);
	json_decref(a.connections);
	return st;
}

const struct fp_command fp_cmd_apply = {
	.name = "apply",
	.args = "PROJECT DELTAS",
	.min_args = 2,
	.max_args = 2,
	.flags = FP_CMD_CONFIG,
	.help = "Apply a deltafile to the files of a plain project, without a home. Layers in PostgreSQL are written there, whatever becomes of the files; services are "
		"those of the file that $PGSERVICEFILE names.",
	.options = {
		{"output", "DIR", "copy the project's folder to DIR (new or empty) and apply there"},
		{"in-place", NULL, "apply to the project's own files (each is replaced whole, at the end)"},
		{"dry-run", NULL, "say what would happen and write nothing"},
		{"overwrite-conflicts", NULL, "the delta wins over what the data says now"},
		{"conflicts", "strict|reference", "strict (default) also compares geometry; reference does exactly what QFieldCloud does"},
		{"inverse", NULL, "undo the deltafile instead"},
	},
	.run = run,
};
