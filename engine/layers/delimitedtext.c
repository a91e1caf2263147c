/* delimitedtext (spec/layers.md 2.3): QGIS' own reader of text tables, which GDAL has no equivalent of. Only the beginning of the file is needed:
 * are the columns there that the geometry is made of? */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "engine/base/text.h"
#include "engine/layers/delimited_reader.h"
#include "engine/layers/diagnose.h"
#include "engine/project/source.h"

/* The path and the query of the source. "file:" paths are percent-encoded; a host in one ("file://host/x") is part of the path, as in QGIS. */
static void take_apart(const char *source, char **path, const char **query)
{
	static const char scheme[] = "file:";
	int is_url = strncmp(source, scheme, sizeof scheme - 1) == 0;
	const char *p = is_url ? source + sizeof scheme - 1 : source;
	size_t n = strcspn(p, "?");

	*query = p[n] ? p + n + 1 : "";
	if (is_url && strncmp(p, "///", 3) == 0) {
		p += 2;
		n -= 2;
	}
	*path = is_url ? fp_percent_decode(p, n) : fp_strndup(p, n);
}

static const char *option(const struct fp_query *q, const char *key, const char *fallback)
{
	const char *v = fp_query_get(q, key);

	return v ? v : fallback;
}

static int has_column(const struct fp_strv *names, const char *wanted)
{
	char *w = fp_text_fold(wanted);
	int found = *wanted && strspn(wanted, "0123456789") == strlen(wanted); /* QGIS takes a number as a position */

	for (size_t i = 0; i < names->n && !found; i++) {
		char *name = fp_text_fold(names->items[i]);
		found = strcmp(name, w) == 0;
		free(name);
	}
	free(w);
	return found;
}

static int need_column(struct fp_check *c, const struct fp_strv *names, const char *wanted)
{
	char *list;

	if (has_column(names, wanted))
		return 1;
	list = fp_name_list(names, 12);
	fp_verdict_detail(c, "no column \"%s\"; columns are: %s", wanted, list);
	fp_verdict_cause(c, "column_missing", FP_SLOTS({"COLUMN", wanted}, {"LIST", list}));
	for (size_t i = 0; i < names->n; i++)
		fp_verdict_instead(c, "%s", names->items[i]);
	free(list);
	return 0;
}

/* The type of geometry, and whether the columns for it are there. */
static int check_geometry(struct fp_check *c, const struct fp_query *q, const struct fp_strv *names)
{
	const char *type = option(q, "geomType", ""), *wkt = fp_query_get(q, "wktField"), *x = fp_query_get(q, "xField"), *y = fp_query_get(q, "yField");
	int z = *option(q, "zField", "") != '\0', m = *option(q, "mField", "") != '\0';

	c->v->wkb_type = 100;
	if (strcasecmp(type, "none") == 0)
		return 1;
	if (wkt) {
		c->v->wkb_type = fp_wkb_type(type);
		return need_column(c, names, wkt);
	}
	if (!x || !y)
		return 1;
	c->v->wkb_type = 1 + 1000 * z + 2000 * m;
	return need_column(c, names, x) && need_column(c, names, y);
}

static void check_file(struct fp_check *c, const char *real, const char *query)
{
	struct fp_strv names = {0};
	struct fp_error err;
	struct fp_query q;
	enum fp_status st;

	fp_query_parse(&q, query);
	fp_verdict_invalid(c);
	st = fp_delimited_columns(&names, real, &q, &err);
	if (st == FP_E_REFUSED) {
		fp_verdict_not_checked(c, "foreign_format", FP_SLOTS({"REASON", err.msg}));
	} else if (st != FP_OK) {
		fp_stage(c, FP_STAGE_DRIVER, FP_MARK_FAIL, "%s", err.msg);
		fp_verdict_detail(c, "%s", err.msg);
		fp_verdict_cause(c, "text_table_unreadable", FP_SLOTS({"REASON", err.msg}));
	} else if (check_geometry(c, &q, &names)) {
		fp_verdict_ok(c, FP_BY_CHECKED);
		fp_stage(c, FP_STAGE_LAYER, FP_MARK_OK, "%zu columns", names.n);
	} else {
		c->v->wkb_type = -1;
	}
	if (c->v->status == FP_LAYER_OK && has_column(&names, "fid"))
		c->v->pk = fp_strdup("fid");
	fp_strv_free(&names);
	fp_query_clear(&q);
}

void fp_check_delimitedtext(struct fp_check *c)
{
	char *written, *path, *real = NULL;
	const char *query;

	take_apart(c->layer->datasource, &written, &query);
	path = fp_source_resolve(c->layer->home, written);
	if (strncmp(path, "http", 4) == 0) /* QGIS does not fetch here */
		fp_diagnose_gate(c, FP_GATE_MISSING, written, path);
	else
		real = fp_layer_file(c, written, path);
	if (real)
		check_file(c, real, query);
	free(written);
	free(path);
	free(real);
}
