/* fieldpost file diff: what differs between two versions of a GeoPackage, feature by feature, written as it is found. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/ids.h"
#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/base/text.h"
#include "engine/queue/file_diff.h"
#include "engine/store/files.h"
#include "engine/store/projects.h"
#include "src/commands.h"
#include "src/listing.h"
#include "src/output.h"

#define VALUE_COLUMNS 26 /* of each of the two values on a terminal: a line then has 80 columns */
#define LINE_COLUMNS 78

struct diff {
	const struct fp_invocation *inv;
	struct fp_file_diff d;
	json_t *versions[2];  /* of before and after, as printed */
	json_t *tables;
	int begun;
	char *heading;        /* the table whose name was printed last */
	int for_eyes;
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

static char *fitted(char *text, int columns)
{
	size_t n = fp_text_fit(text, columns, NULL);
	char *cut;

	if (!text[n])
		return text;
	n = fp_text_fit(text, columns - 3, NULL);
	cut = fp_asprintf("%.*s...", (int)n, text);
	free(text);
	return cut;
}

static char *plain_text(const json_t *v)
{
	char real[FP_REAL_SIZE];

	if (json_is_real(v))
		return fp_strdup(fp_text_real(real, json_real_value(v)));
	return json_is_string(v) ? fp_strdup(json_string_value(v)) : !v || json_is_null(v) ? fp_strdup("-") : fp_json_dump(v);
}

/* Caller frees. */
static char *value_text(const json_t *field, const char *side, int columns)
{
	char *raw = plain_text(json_object_get(field, side)), *clean = fp_text_clean(raw);

	if (json_is_true(json_object_get(field, "cut"))) {
		free(raw);
		raw = clean;
		clean = fp_asprintf("%s (cut)", raw);
	}
	free(raw);
	return columns ? fitted(clean, columns) : clean;
}

static void print_field(const struct diff *d, const json_t *field)
{
	char *name = fp_text_clean(fp_json_str_or(field, "field", "")), *before, *after;
	const json_t *moved = json_object_get(field, "moved"), *vertices = json_object_get(field, "vertices");
	long long n = json_integer_value(json_array_get(vertices, 0)), m = json_integer_value(json_array_get(vertices, 1));
	char real[FP_REAL_SIZE];

	name = d->for_eyes ? fitted(name, 16) : name;
	before = value_text(field, "before", d->for_eyes ? VALUE_COLUMNS : 0);
	after = value_text(field, "after", d->for_eyes ? VALUE_COLUMNS : 0);
	fp_print("    %-16s %s -> %s", name, before, after);
	if (moved)
		fp_print("    %-16s moved by %s", "", fp_text_real(real, json_real_value(moved)));
	else if (vertices && (n > 1 || m > 1))
		fp_print("    %-16s %lld vertices -> %lld", "", n, m);
	free(name);
	free(before);
	free(after);
}

/* All fields of a feature that came or went, on one line. */
static void print_alone(const struct diff *d, const json_t *fields, const char *key, const char *change)
{
	const char *side = strcmp(change, "added") == 0 ? "after" : "before";
	struct fp_buf b = FP_BUF_INIT;
	const json_t *field;
	char *line;
	size_t i;

	fp_buf_addf(&b, "  %s %s:", key, change);
	json_array_foreach(fields, i, field) {
		char *name = fp_text_clean(fp_json_str_or(field, "field", "")), *value = value_text(field, side, d->for_eyes ? VALUE_COLUMNS : 0);
		fp_buf_addf(&b, "%s %s %s", i ? "," : "", name, value);
		free(name);
		free(value);
	}
	line = fp_buf_take(&b);
	line = d->for_eyes ? fitted(line, LINE_COLUMNS) : line;
	fp_print("%s", line);
	free(line);
}

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

static void text_difference(struct diff *d, const json_t *body)
{
	const char *change = fp_json_str(body, "change"), *key = fp_json_str_or(body, "key", "row");
	const json_t *fields = json_object_get(body, "fields"), *field;
	char *clean = fp_text_clean(key);
	size_t i;

	print_heading(d, fp_json_str(body, "table"));
	if (strcmp(change, "changed") != 0) {
		print_alone(d, fields, clean, change);
	} else {
		fp_print("  %s changed", clean);
		json_array_foreach(fields, i, field)
			print_field(d, field);
	}
	free(clean);
}

static void print_names(const json_t *names, const char *what)
{
	const json_t *name;
	size_t i;

	json_array_foreach(names, i, name) {
		char *clean = fp_text_clean(json_is_string(name) ? json_string_value(name) : "");
		fp_print("  %s%s", what, clean);
		free(clean);
	}
}

static void text_table(struct diff *d, const json_t *body)
{
	const char *table = fp_json_str(body, "table"), *change = fp_json_str(body, "change");
	long long after = fp_json_int(body, "after", 0), before = fp_json_int(body, "before", 0);

	print_heading(d, table);
	print_names(json_object_get(body, "columns_added"), "new column ");
	print_names(json_object_get(body, "columns_removed"), "column no longer there: ");
	print_names(json_object_get(body, "notes"), "");
	if (strcmp(change, "added") == 0)
		fp_print("  new table with %lld features", after);
	else if (strcmp(change, "removed") == 0)
		fp_print("  table no longer there, it had %lld features", before);
	else if (strcmp(change, "same") == 0)
		fp_print("  %lld features, no difference", after);
	else if (strcmp(change, "changed") == 0)
		fp_print("  %lld features before, %lld after: %lld added, %lld removed, %lld changed", before, after, (long long)fp_json_int(body, "added", 0),
			(long long)fp_json_int(body, "removed", 0), (long long)fp_json_int(body, "changed", 0));
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
	struct diff d = {.inv = inv, .tables = json_array(), .for_eyes = fp_output_is_terminal(inv)};
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
	return st;
}

const struct fp_command fp_cmd_file_diff = {
	.name = "file diff", .args = "NAME FILE [VERSION [VERSION]]", .min_args = 2, .max_args = 4, .flags = FP_CMD_HOME, .run = diff,
	.help = "Show what differs between two versions of a GeoPackage, feature by feature: the current one and the one before it, or VERSION, or both.",
	.options = {{"layer", "TABLE", "only this table"}, {"summary", NULL, "only how many features differ"}},
};
