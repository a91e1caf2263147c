/* fieldpost file diff: what differs between two versions of a GeoPackage, feature by feature, written as it is found. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/ids.h"
#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/base/text.h"
#include "engine/queue/diff_text.h"
#include "engine/queue/file_diff.h"
#include "engine/store/files.h"
#include "engine/store/projects.h"
#include "src/commands.h"
#include "src/listing.h"
#include "src/output.h"

#define COLUMNS 80 /* of a line on a terminal */

struct diff {
	const struct fp_invocation *inv;
	struct fp_file_diff d;
	json_t *versions[2];  /* of before and after, as printed */
	json_t *tables;
	int begun;
	char *heading;        /* the table whose name was printed last */
	int for_eyes;
	struct fp_buf text;
	int64_t n;            /* differences told */
};

/* ---- as JSON: the differences as they come, the tables at the end ---- */

static void json_begin(struct diff *d)
{
	char *file, *before = fp_json_dump(d->versions[0]), *after = fp_json_dump(d->versions[1]);
	json_t *name = fp_json_text(d->d.file);

	file = fp_json_dump(name);
	printf("{\"file\":%s,\"before\":%s,\"after\":%s,\"differences\":[", file, before, after);
	json_decref(name);
	free(file);
	free(before);
	free(after);
}

static void json_difference(struct diff *d, const json_t *body)
{
	char *text = fp_json_dump(body);

	printf("%s\n%s", d->n ? "," : "", text);
	free(text);
}

static void json_end(struct diff *d)
{
	char *text = fp_json_dump(d->tables);

	printf("%s],\"tables\":%s}\n", d->n ? "\n" : "", text);
	free(text);
}

/* ---- as text ---- */

/* Nothing is printed before there is an answer. */
static void begin(struct diff *d)
{
	if (d->begun++)
		return;
	if (d->inv->json)
		json_begin(d);
	else
		fp_print("%s: version %lld by %s, then version %lld by %s", d->d.file, (long long)d->d.before, fp_json_str_or(d->versions[0], "created_by", ""),
			(long long)d->d.after, fp_json_str_or(d->versions[1], "created_by", ""));
}

static void print_heading(struct diff *d, const char *table)
{
	char *clean;

	if (d->heading && strcmp(d->heading, table) == 0)
		return;
	clean = fp_text_clean(table);
	fp_print("%s", clean);
	free(clean);
	free(d->heading);
	d->heading = fp_strdup(table);
}

static void print_text(struct fp_buf *b)
{
	if (b->len == 0)
		return;
	b->data[b->len - 1] = '\0'; /* the last line's end is fp_print()'s */
	fp_print("%s", b->data);
	fp_buf_clear(b);
}

static void text_difference(struct diff *d, const json_t *body)
{
	print_heading(d, fp_json_str(body, "table"));
	fp_difference_text(&d->text, body, d->for_eyes ? COLUMNS : 0);
	print_text(&d->text);
}

static void text_table(struct diff *d, const json_t *body)
{
	print_heading(d, fp_json_str(body, "table"));
	fp_table_text(&d->text, body);
	print_text(&d->text);
}

/* ---- the command ---- */

static void on_event(void *arg, enum fp_event_kind kind, const json_t *body)
{
	struct diff *d = arg;

	if (kind == FP_EVENT_DIFFERENCE || kind == FP_EVENT_TABLE)
		begin(d);
	if (kind == FP_EVENT_DIFFERENCE) {
		if (d->inv->json)
			json_difference(d, body);
		else
			text_difference(d, body);
		d->n++;
	} else if (kind == FP_EVENT_TABLE) {
		if (!d->inv->json)
			text_table(d, body);
		json_array_append(d->tables, (json_t *)(uintptr_t)body);
	}
}

static void take_version(void *arg, const struct fp_file_row *r)
{
	json_t *o = *(json_t **)arg = json_object();

	fp_row_int(o, "version", r->version);
	fp_row_int(o, "size", r->digest.size);
	fp_row_text(o, "sha256", r->digest.sha256);
	fp_row_time(o, "created_at", r->at);
	fp_row_text(o, "created_by", r->by);
}

static enum fp_status prepare(struct diff *d, struct fp_error *err)
{
	struct fp_store *s = d->inv->store;
	enum fp_status st = fp_file_diff_versions(s, &d->d, err);

	if (st == FP_OK)
		st = fp_file_get(s, d->d.project_id, d->d.file, d->d.before, take_version, &d->versions[0], err);
	return st == FP_OK ? fp_file_get(s, d->d.project_id, d->d.file, d->d.after, take_version, &d->versions[1], err) : st;
}

static enum fp_status run(struct diff *d, struct fp_error *err)
{
	struct fp_question *q = NULL;
	enum fp_status st = prepare(d, err);

	if (st == FP_OK)
		st = fp_file_diff_start(&q, d->inv->store, &d->inv->config, &d->d, on_event, d, err);
	if (st == FP_OK)
		st = fp_question_wait(q, err);
	fp_question_free(q);
	if (st != FP_OK)
		return st;
	begin(d);
	if (d->inv->json)
		json_end(d);
	else if (json_array_size(d->tables) == 0)
		fp_say("it has no tables of features or attributes\n");
	return FP_OK;
}

static enum fp_status diff(struct fp_invocation *inv, struct fp_error *err)
{
	char id[FP_UUID_SIZE];
	struct diff d = {.inv = inv, .tables = json_array(), .for_eyes = fp_output_is_terminal(inv), .text = FP_BUF_INIT};
	const char *table = fp_opt(inv, "layer");
	int64_t v[2] = {0};
	enum fp_status st = FP_OK;

	for (int i = 2; st == FP_OK && i < inv->argc; i++)
		st = fp_parse_number(&v[i - 2], inv->argv[i], "a version", err);
	if (st == FP_OK)
		st = fp_project_find(inv->store, id, inv->argv[0], err);
	d.d = (struct fp_file_diff){.project_id = id, .file = inv->argv[1], .before = v[0], .after = v[1], .table = table ? table : "",
		.summary = fp_opt(inv, "summary") != NULL};
	if (st == FP_OK)
		st = run(&d, err);
	json_decref(d.versions[0]);
	json_decref(d.versions[1]);
	json_decref(d.tables);
	free(d.heading);
	fp_buf_free(&d.text);
	return st;
}

const struct fp_command fp_cmd_file_diff = {
	.name = "file diff", .args = "NAME FILE [VERSION [VERSION]]", .min_args = 2, .max_args = 4, .flags = FP_CMD_HOME, .run = diff,
	.help = "Show what differs, feature by feature, from VERSION of a GeoPackage (the one before the other) to the second VERSION (the current one).",
	.options = {{"layer", "TABLE", "only this table"}, {"summary", NULL, "only how many features differ"}},
};
