#include "src/listing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/ids.h"
#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/base/text.h"
#include "engine/store/projects.h"
#include "src/output.h"

#define COLUMNS_MAX 16
#define TAIL 6

void fp_row_text(json_t *row, const char *key, const char *text)
{
	json_object_set_new(row, key, fp_json_text(text));
}

void fp_row_int(json_t *row, const char *key, int64_t n)
{
	json_object_set_new(row, key, json_integer(n));
}

void fp_row_time(json_t *row, const char *key, int64_t ms)
{
	char iso[FP_TIME_ISO_SIZE];

	json_object_set_new(row, key, ms ? json_string(fp_time_iso(iso, ms)) : json_null());
}

void fp_row_json(json_t *row, const char *key, const char *text)
{
	json_t *value = NULL;

	if (!*text || fp_json_parse(&value, text, strlen(text), NULL) != FP_OK)
		value = json_null();
	json_object_set_new(row, key, value);
}

static char *time_cell(const char *iso, int for_eyes)
{
	char text[32];
	struct tm tm;
	int64_t ms;
	time_t t;

	if (!for_eyes || fp_time_parse(&ms, iso) != 0)
		return fp_strdup(iso);
	t = (time_t)(ms / 1000);
	if (!localtime_r(&t, &tm) || strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		return fp_strdup(iso);
	return fp_strdup(text);
}

static char *bytes_cell(int64_t n)
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
	double v = (double)n;
	size_t u = 0;

	for (; v >= 1000 && u + 1 < sizeof units / sizeof *units; u++)
		v /= 1000;
	return u ? fp_asprintf("%.1f %s", v, units[u]) : fp_asprintf("%lld B", (long long)n);
}

static char *list_cell(const json_t *list)
{
	struct fp_buf b = FP_BUF_INIT;
	const json_t *v;
	size_t i;

	json_array_foreach(list, i, v)
		fp_buf_addf(&b, "%s%s", i ? ", " : "", json_is_string(v) ? json_string_value(v) : "");
	return fp_buf_take(&b);
}

/* Caller frees. */
static char *cell(const json_t *row, const struct fp_column *c, int for_eyes)
{
	const json_t *v = json_object_get(row, c->key);

	if (c->kind == FP_CELL_VALID)
		return fp_strdup(json_is_true(v) ? "True" : json_is_false(v) ? "False" : "?");
	if (c->kind == FP_CELL_LIST)
		return list_cell(v);
	if (json_is_string(v)) {
		const char *text = json_string_value(v);
		size_t n = json_string_length(v);
		if (c->kind == FP_CELL_TIME)
			return time_cell(text, for_eyes);
		if (c->kind == FP_CELL_TAIL && fp_text_width(text) > TAIL)
			return fp_asprintf("...%s", text + fp_text_floor(text, n - TAIL));
		return fp_strdup(text);
	}
	if (json_is_integer(v) && c->kind == FP_CELL_BYTES && for_eyes)
		return bytes_cell(json_integer_value(v));
	return fp_json_words(v);
}

void fp_print_table(const struct fp_invocation *inv, const json_t *rows, const struct fp_column *columns)
{
	const char *titles[COLUMNS_MAX], *shown[COLUMNS_MAX];
	char *cells[COLUMNS_MAX];
	int for_eyes = fp_output_is_terminal(inv);
	struct fp_table *t;
	const json_t *row;
	size_t n = 0, i;

	for (; columns[n].title; n++) {
		fp_assert(n < COLUMNS_MAX);
		titles[n] = columns[n].title;
	}
	t = fp_table_new(titles, n);
	json_array_foreach(rows, i, row) {
		for (size_t k = 0; k < n; k++)
			shown[k] = cells[k] = cell(row, &columns[k], for_eyes);
		fp_table_row(t, shown);
		for (size_t k = 0; k < n; k++)
			free(cells[k]);
	}
	fp_table_print(t, inv);
	fp_table_free(t);
}

void fp_print_rows(const struct fp_invocation *inv, const char *name, json_t *rows, const struct fp_column *columns, const char *empty)
{
	if (inv->json) {
		fp_print_json(json_pack("{s:o}", name, rows));
		return;
	}
	fp_print_table(inv, rows, columns);
	if (json_array_size(rows) == 0)
		fp_say("no %s\n", empty);
	json_decref(rows);
}

void fp_print_row(const struct fp_invocation *inv, json_t *row, const struct fp_column *columns)
{
	int for_eyes = fp_output_is_terminal(inv);

	if (inv->json) {
		fp_print_json(row);
		return;
	}
	for (; columns->title; columns++) {
		char *text = cell(row, columns, for_eyes);
		if (*text)
			fp_print("%-14s %s", columns->title, text);
		free(text);
	}
	json_decref(row);
}

enum fp_status fp_parse_number(int64_t *n, const char *text, const char *what, struct fp_error *err)
{
	char *end;
	long long v;

	errno = 0;
	v = strtoll(text, &end, 10);
	if (errno || end == text || *end || v <= 0)
		return fp_fail(err, FP_E_USAGE, "%s is a number from 1 on, not \"%s\"", what, text);
	*n = v;
	return FP_OK;
}

enum fp_status fp_list_query(struct fp_query *q, int64_t *limit, const struct fp_invocation *inv, int first, struct fp_error *err)
{
	struct fp_buf b = FP_BUF_INIT;
	const char *n = fp_opt(inv, "limit"), *filter = fp_opt(inv, "filter");

	*limit = INT64_MAX;
	q->sort = fp_opt(inv, "sort");
	q->reverse = fp_opt(inv, "reverse") != NULL;
	q->filter = NULL;
	if (n) {
		enum fp_status st = fp_parse_number(limit, n, "--limit", err);
		if (st != FP_OK)
			return st;
	}
	for (int i = first; i < inv->argc; i++)
		fp_buf_addf(&b, "%s%s", b.len ? " " : "", inv->argv[i]);
	if (filter)
		fp_buf_addf(&b, "%s%s", b.len ? " " : "", filter);
	q->filter = b.len ? fp_buf_take(&b) : NULL;
	fp_buf_free(&b);
	return FP_OK;
}

void fp_list_query_clear(struct fp_query *q)
{
	free((char *)(size_t)q->filter);
	q->filter = NULL;
}

enum fp_status fp_list_print(struct fp_invocation *inv, const struct fp_listing *l, struct fp_error *err)
{
	char id[FP_UUID_SIZE];
	struct fp_query q = {.project_id = l->of_project ? id : NULL};
	int64_t limit;
	json_t *rows = json_array();
	char *empty;
	enum fp_status st = fp_list_query(&q, &limit, inv, l->of_project, err);

	if (st == FP_OK && l->of_project)
		st = fp_project_find(inv->store, id, inv->argv[0], err);
	if (st == FP_OK)
		st = l->fetch(inv->store, &q, limit, rows, err);
	if (q.filter)
		empty = fp_asprintf("%s that the filter takes", l->empty);
	else
		empty = l->make ? fp_asprintf("%s yet (%s)", l->empty, l->make) : fp_strdup(l->empty);
	fp_list_query_clear(&q);
	if (st != FP_OK)
		json_decref(rows);
	else
		fp_print_rows(inv, l->name, rows, l->columns, empty);
	free(empty);
	return st;
}
