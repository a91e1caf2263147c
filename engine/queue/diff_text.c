#include "engine/queue/diff_text.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/base/text.h"

#define NAME_COLUMNS 16
#define AROUND 25 /* columns of a field's line that are not values: indent, name, arrow */
#define VALUE_MIN 8

/* TEXT (taken over) in at most COLUMNS columns, 0: as it is. Caller frees. */
static char *fitted(char *text, int columns)
{
	char *cut;

	if (columns == 0 || !text[fp_text_fit(text, columns, NULL)])
		return text;
	cut = fp_asprintf("%.*s...", (int)fp_text_fit(text, columns - 3, NULL), text);
	free(text);
	return cut;
}

static char *plain(const json_t *v)
{
	char real[FP_REAL_SIZE];

	if (json_is_real(v))
		return fp_strdup(fp_text_real(real, json_real_value(v)));
	return json_is_string(v) ? fp_text_clean(json_string_value(v)) : !v || json_is_null(v) ? fp_strdup("-") : fp_json_dump(v);
}

static char *value(const json_t *field, const char *side, int columns)
{
	char *text = plain(json_object_get(field, side)), *marked;

	if (json_is_true(json_object_get(field, "cut"))) {
		marked = fp_asprintf("%s (cut)", text);
		free(text);
		text = marked;
	}
	return fitted(text, columns);
}

static char *member(const json_t *object, const char *key, const char *fallback)
{
	return fp_text_clean(fp_json_str_or(object, key, fallback));
}

static void changed_field(struct fp_buf *b, const json_t *field, int columns)
{
	int room = columns ? (columns - AROUND) / 2 : 0, each = room && room < VALUE_MIN ? VALUE_MIN : room;
	char *name = fitted(member(field, "field", ""), columns ? NAME_COLUMNS : 0), *before = value(field, "before", each), *after = value(field, "after", each);
	const json_t *moved = json_object_get(field, "moved"), *vertices = json_object_get(field, "vertices");
	long long n = json_integer_value(json_array_get(vertices, 0)), m = json_integer_value(json_array_get(vertices, 1));
	char real[FP_REAL_SIZE];

	fp_buf_addf(b, "    %-*s %s -> %s\n", NAME_COLUMNS, name, before, after);
	if (moved)
		fp_buf_addf(b, "    %-*s moved by %s\n", NAME_COLUMNS, "", fp_text_real(real, json_real_value(moved)));
	else if (n > 1 || m > 1)
		fp_buf_addf(b, "    %-*s %lld vertices -> %lld\n", NAME_COLUMNS, "", n, m);
	free(name);
	free(before);
	free(after);
}

/* All that a feature is which came or went, on one line. */
static void alone(struct fp_buf *b, const json_t *difference, const char *key, int columns)
{
	const char *change = fp_json_str_or(difference, "change", ""), *side = strcmp(change, "added") == 0 ? "after" : "before";
	struct fp_buf line = FP_BUF_INIT;
	const json_t *field;
	char *text;
	size_t i;

	fp_buf_addf(&line, "  %s %s:", key, change);
	json_array_foreach(json_object_get(difference, "fields"), i, field) {
		char *name = member(field, "field", ""), *v = value(field, side, columns);
		fp_buf_addf(&line, "%s %s %s", i ? "," : "", name, v);
		free(name);
		free(v);
		if (columns && line.len > (size_t)columns * 8) /* more is cut away anyhow */
			break;
	}
	text = fitted(fp_buf_take(&line), columns);
	fp_buf_addf(b, "%s\n", text);
	free(text);
}

void fp_difference_text(struct fp_buf *b, const json_t *difference, int columns)
{
	const char *change = fp_json_str_or(difference, "change", "");
	char *key = member(difference, "key", "row");
	const json_t *field;
	size_t i;

	if (strcmp(change, "changed") != 0) {
		alone(b, difference, key, columns);
	} else {
		fp_buf_addf(b, "  %s changed\n", key);
		json_array_foreach(json_object_get(difference, "fields"), i, field)
			changed_field(b, field, columns);
	}
	free(key);
}

static void names(struct fp_buf *b, const json_t *array, const char *before)
{
	const json_t *name;
	size_t i;

	json_array_foreach(array, i, name) {
		char *text = plain(name);
		fp_buf_addf(b, "  %s%s\n", before, text);
		free(text);
	}
}

void fp_table_text(struct fp_buf *b, const json_t *table)
{
	const char *change = fp_json_str_or(table, "change", "");
	long long before = fp_json_int(table, "before", 0), after = fp_json_int(table, "after", 0);

	names(b, json_object_get(table, "columns_added"), "new column ");
	names(b, json_object_get(table, "columns_removed"), "column that is gone: ");
	names(b, json_object_get(table, "notes"), "");
	if (strcmp(change, "added") == 0)
		fp_buf_addf(b, "  new table, features: %lld\n", after);
	else if (strcmp(change, "removed") == 0)
		fp_buf_addf(b, "  table that is gone, features: %lld\n", before);
	else if (strcmp(change, "same") == 0)
		fp_buf_addf(b, "  features: %lld, no difference\n", after);
	else if (strcmp(change, "changed") == 0)
		fp_buf_addf(b, "  features: %lld, then %lld; added %lld, removed %lld, changed %lld\n", before, after, (long long)fp_json_int(table, "added", 0),
			(long long)fp_json_int(table, "removed", 0), (long long)fp_json_int(table, "changed", 0));
}
