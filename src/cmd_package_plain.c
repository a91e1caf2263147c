/* fieldpost package: the QField package of a plain project, without a home. It is made beside its place and put there when it is complete. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/fs.h"
#include "engine/base/json.h"
#include "engine/base/path.h"
#include "engine/base/text.h"
#include "src/commands.h"
#include "src/interrupt.h"
#include "src/output.h"
#include "src/package_rows.h"
#include "src/plain.h"
#include "src/progress_line.h"

#define BYTES_A_STEP (8 << 20)

struct answer {
	json_t *layers, *files, *warnings; /* warnings: on the project as a whole */
	struct fp_progress_line progress;
};

static void take(void *arg, enum fp_event_kind kind, const json_t *body)
{
	struct answer *a = arg;

	fp_progress_event(&a->progress, kind, body);
	if (kind == FP_EVENT_PACKED)
		json_array_append(a->layers, (json_t *)(size_t)body);
	else if (kind == FP_EVENT_FILE)
		json_array_append_new(a->files, json_pack("{s:O}", "name", json_object_get(body, "name")));
	else if (kind == FP_EVENT_PACKAGE)
		json_array_extend(a->warnings, json_object_get(body, "warnings"));
}

/* *TO: OUTDIR's absolute path; it is new or empty, and not in the project's own folder. */
static enum fp_status choose_target(char **to, const struct fp_plain *p, const char *outdir, struct fp_error *err)
{
	enum fp_status st = fp_fs_free_folder(to, outdir, err);

	if (st == FP_OK && fp_path_below(*to, p->folder)) {
		st = fp_fail(err, FP_E_USAGE, "output folder %s lies inside the folder that the project may use", outdir);
		fp_error_hint(err, "name one elsewhere");
	}
	return st;
}

static enum fp_status digest_file(json_t *file, const char *path, const struct fp_interrupt *i, struct fp_error *err)
{
	struct fp_hasher *h;
	struct fp_digest d;
	int done = 0;
	enum fp_status st = fp_hasher_new(&h, path, err);

	if (st != FP_OK)
		return st;
	while (st == FP_OK && !done) {
		st = fp_interrupted(i, err);
		if (st == FP_OK)
			st = fp_hasher_step(h, BYTES_A_STEP, &done, &d, err);
	}
	fp_hasher_free(h);
	if (st == FP_OK) {
		json_object_set_new(file, "size", json_integer((json_int_t)d.size));
		json_object_set_new(file, "sha256", json_string(d.sha256));
		json_object_set_new(file, "etag", json_string(d.etag));
	}
	return st;
}

/* Puts what is complete in FOLDER to its place TO. The sums are for the JSON only: they take as long as the verification. */
static enum fp_status publish(const struct answer *a, const char *folder, const char *to, int sums, const struct fp_interrupt *i, struct fp_error *err)
{
	char *parent = fp_path_dir(to);
	enum fp_status st = FP_OK;
	json_t *f;
	size_t k;

	json_array_foreach(a->files, k, f) {
		char *path = fp_path_join(folder, fp_json_str(f, "name"));
		if (st == FP_OK)
			st = fp_fs_sync(path, err);
		if (st == FP_OK && sums)
			st = digest_file(f, path, i, err);
		else if (st == FP_OK)
			st = fp_interrupted(i, err);
		free(path);
	}
	if (st == FP_OK)
		st = fp_fs_usual_modes(folder, err);
	if (st == FP_OK && rename(folder, to) != 0)
		st = fp_fail_errno(err, errno, "cannot put the package into %s", to);
	if (st == FP_OK)
		st = fp_fs_sync_dir(parent, err);
	free(parent);
	return st;
}

static void report(struct fp_invocation *inv, const struct answer *a, const char *to)
{
	static const char *const titles[] = {"Layer", "Action", "Features", "Left out", "Warnings"};
	struct fp_table *t = fp_table_new(titles, 5);
	json_t *shown = fp_package_layers_shown(a->layers);
	const json_t *l, *s;
	size_t i, k;

	json_array_foreach(shown, i, l) {
		char *features = fp_json_words(json_object_get(l, "features")), skipped[24] = "", warnings[24] = "";
		int64_t n = 0;
		const char *cells[] = {fp_json_str(l, "name"), fp_json_str(l, "action"), features, skipped, warnings};
		json_array_foreach(json_object_get(l, "skipped"), k, s)
			n += fp_json_int(s, "count", 0);
		if (n)
			snprintf(skipped, sizeof skipped, "%lld", (long long)n);
		if (json_array_size(json_object_get(l, "warnings")))
			snprintf(warnings, sizeof warnings, "%zu", json_array_size(json_object_get(l, "warnings")));
		fp_table_row(t, cells);
		free(features);
	}
	fp_table_print(t, inv);
	fp_table_free(t);
	json_decref(shown);
	json_array_foreach(a->warnings, i, s)
		fp_print("%s", fp_json_str_or(s, "detail", ""));
	json_array_foreach(a->layers, i, l) {
		char count[FP_COUNT_SIZE];
		json_array_foreach(json_object_get(l, "skipped"), k, s)
			fp_print("%s: %s left out: %s", fp_json_str(l, "name"), fp_text_count(count, fp_json_int(s, "count", 0)), fp_json_str_or(s, "reason", ""));
		json_array_foreach(json_object_get(l, "warnings"), k, s)
			fp_print("%s: %s", fp_json_str(l, "name"), fp_json_str_or(s, "detail", ""));
	}
	fp_print("%zu file%s in %s", json_array_size(a->files), fp_text_s((int64_t)json_array_size(a->files)), to);
}

/* Its place is beside TO until it is complete. */
static enum fp_status make(struct fp_invocation *inv, struct fp_plain *p, struct answer *a, const char *to, const struct fp_interrupt *i, struct fp_error *err)
{
	enum fp_status st = fp_plain_beside(p, to, err);

	fp_progress_begin(&a->progress, inv);
	if (st == FP_OK)
		st = fp_plain_run(p, inv, "package", inv->config.job_limit_s[1], json_pack("{s:b}", "any_address", 1), NULL, take, a, err);
	fp_progress_end(&a->progress);
	if (st == FP_OK)
		st = publish(a, p->out, to, inv->json, i, err);
	return st;
}

static enum fp_status run(struct fp_invocation *inv, struct fp_error *err)
{
	struct answer a = {.layers = json_array(), .files = json_array(), .warnings = json_array()};
	struct fp_interrupt i;
	struct fp_plain p;
	char *to = NULL;
	enum fp_status st;

	fp_interrupt_begin(&i);
	st = fp_plain_begin(&p, inv->argv[0], err);
	p.network = fp_plain_network(inv);
	if (st == FP_OK && fp_opt(inv, "root"))
		st = fp_plain_root(&p, fp_opt(inv, "root"), err);
	if (st == FP_OK)
		st = fp_plain_services(&p, err);
	if (st == FP_OK)
		st = choose_target(&to, &p, inv->argv[1], err);
	if (st == FP_OK)
		st = make(inv, &p, &a, to, &i, err);
	if (st == FP_OK && inv->json)
		fp_print_json(json_pack("{s:O,s:O,s:O}", "files", a.files, "layers", a.layers, "warnings", a.warnings));
	else if (st == FP_OK)
		report(inv, &a, to);
	fp_plain_end(&p);
	fp_interrupt_end(&i);
	free(to);
	json_decref(a.layers);
	json_decref(a.files);
	json_decref(a.warnings);
	return st;
}

const struct fp_command fp_cmd_package_plain = {
	.name = "package",
	.args = "PROJECT OUTDIR",
	.min_args = 2,
	.max_args = 2,
	.flags = FP_CMD_CONFIG,
	.help = "Make the QField package of a plain project, without a home (in a home: package list, show, get, compare; job trigger NAME package). "
		"Databases are read; services are those of the file that $PGSERVICEFILE names.",
	.options = {{"root", "FOLDER", "the project may use files of FOLDER, in which it lies; else of its own folder only"},
		FP_NETWORK_OPTIONS("read layers of web services too")},
	.run = run,
};
