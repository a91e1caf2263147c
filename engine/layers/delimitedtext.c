/* delimitedtext (spec/layers.md 2.3): QGIS' own reader of text tables, which GDAL has no equivalent of. The layer is valid when the columns are there that
 * the geometry is made of; its type is what the records hold, so they are read until that is settled. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/base/buf.h"
#include "engine/layers/delimited_point.h"
#include "engine/layers/delimited_reader.h"
#include "engine/layers/diagnose.h"
#include "engine/layers/url_query.h"
#include "engine/layers/wkt.h"
#include "engine/project/source.h"

#define LOOK_AT 50 /* records whose fields are counted when the names of columns are asked for and there is no header */

enum { NO_GEOMETRY = 100, POINT = 1 };

/* QGIS takes a source for Latin-1, whatever it is. What becomes of raw letters beyond ASCII differs from version to version. */
static int has_raw_letters(const char *source)
{
	const char *p = strncmp(source, "file:", 5) == 0 ? source : strchr(source, '?');

	for (; p && *p; p++)
		if ((unsigned char)*p >= 0x80)
			return 1;
	return 0;
}

struct table {
	struct fp_check *c;
	struct fp_delimited *reader;
	struct fp_query query;
};

static const char *option(const struct table *t, const char *key)
{
	return fp_query_get(&t->query, key);
}

static void no_column(const struct table *t, const char *wanted)
{
	const struct fp_strv *names;
	struct fp_strv fields = {0};
	char *list;

	if (fp_delimited_names(t->reader)->n == 0)
		for (int i = 0; i < LOOK_AT && fp_delimited_next(t->reader, &fields); i++)
			;
	fp_strv_free(&fields);
	names = fp_delimited_names(t->reader);
	list = fp_name_list(names, 12);
	fp_verdict_detail(t->c, "no column \"%s\"; columns are: %s", wanted, list);
	fp_verdict_cause(t->c, "column_missing", FP_SLOTS({"COLUMN", wanted}, {"LIST", list}));
	fp_verdict_instead_of(t->c, wanted, names);
	free(list);
}

/* The position of the column that option KEY names. 0: there is none, and the verdict is given. */
static int find_column(const struct table *t, const char *key, long *position)
{
	*position = fp_delimited_column(t->reader, option(t, key));
	if (*position < 0)
		no_column(t, option(t, key));
	return *position >= 0;
}

/* A third or fourth coordinate is optional, and so is a name for it; a name that is no column is not. */
static int find_optional(const struct table *t, const char *key, long *position)
{
	*position = -1;
	return !option(t, key) || !*option(t, key) || find_column(t, key, position);
}

static const char *field_at(const struct fp_strv *fields, long position)
{
	return position < (long)fields->n ? fields->items[position] : "";
}

/* The first record with two numbers makes it a layer of points; without one it is valid and has no geometry. */
static int judge_points(const struct table *t)
{
	const char *dms = option(t, "xyDms");
	struct fp_delimited_point how = {.decimal_point = option(t, "decimalPoint"), .dms = dms && *dms != 'n' && *dms != 'N'};
	struct fp_strv fields = {0};
	long x, y, z, m;
	double value;
	int found = 0;

	if (!find_column(t, "xField", &x) || !find_column(t, "yField", &y) || !find_optional(t, "zField", &z) || !find_optional(t, "mField", &m))
		return 0;
	while (!found && fp_delimited_next(t->reader, &fields))
		found = fp_delimited_coordinate(&value, &how, field_at(&fields, x)) && fp_delimited_coordinate(&value, &how, field_at(&fields, y));
	if (found)
		t->c->v->wkb_type = POINT + (z >= 0 ? 1000 : 0) + (m >= 0 ? 2000 : 0);
	else if (fp_delimited_complete(t->reader))
		t->c->v->wkb_type = NO_GEOMETRY;
	fp_strv_free(&fields);
	return 1;
}

/* What the records have told of their geometries so far. */
struct seen {
	int class; /* the only one that counts, given or found; 0: any, until the first that has one */
	int wkb;   /* of the layer, FP_WKB_UNKNOWN: no geometry yet */
	int doubt; /* there was one of which only QGIS can tell what it is */
};

/* The first geometry gives the type, a later one only when it has several parts. */
static void see(struct seen *s, const char *text)
{
	enum fp_wkt is;
	int wkb;

	if (!*text)
		return;
	is = fp_wkt_type(&wkb, text);
	s->doubt |= is == FP_WKT_DOUBTFUL;
	if (is != FP_WKT_GOOD || (s->class != 0 && fp_wkb_class(wkb) != s->class))
		return;
	s->class = fp_wkb_class(wkb);
	if (s->wkb == FP_WKB_UNKNOWN || fp_wkb_is_multi(wkb))
		s->wkb = wkb;
}

/* The type of the layer as far as it is sure: what was not read, and what only QGIS understands, could change it. */
static int sure_type(const struct seen *s, int complete)
{
	if (s->doubt || (!complete && (s->wkb == FP_WKB_UNKNOWN || !fp_wkb_is_multi(s->wkb))))
		return FP_WKB_UNKNOWN;
	return s->wkb == FP_WKB_UNKNOWN ? NO_GEOMETRY : s->wkb;
}

/* Without a class, given or found, QGIS has no use for the table. */
static int judge_wkt(const struct table *t)
{
	int none, complete;
	struct seen s = {.class = fp_delimited_class(&t->query, &none), .wkb = FP_WKB_UNKNOWN};
	struct fp_strv fields = {0};
	long at;

	if (!find_column(t, "wktField", &at))
		return 0;
	while (fp_delimited_next(t->reader, &fields))
		see(&s, field_at(&fields, at));
	fp_strv_free(&fields);
	complete = fp_delimited_complete(t->reader);
	if (s.class == 0 && !s.doubt && complete) {
		fp_verdict_detail(t->c, "no record has a geometry in column \"%s\"", option(t, "wktField"));
		fp_verdict_cause(t->c, "text_table_no_geometry", FP_SLOTS({"COLUMN", option(t, "wktField")}));
		return 0;
	}
	if (s.class == 0 && s.doubt)
		fp_verdict_not_checked(t->c, "wkt_doubtful", FP_SLOTS({"COLUMN", option(t, "wktField")}));
	t->c->v->wkb_type = sure_type(&s, complete);
	return 1;
}

static int judge(const struct table *t)
{
	int none;

	fp_delimited_class(&t->query, &none);
	if (!none && option(t, "wktField"))
		return judge_wkt(t);
	if (!none && option(t, "xField") && option(t, "yField"))
		return judge_points(t);
	t->c->v->wkb_type = NO_GEOMETRY;
	return 1;
}

static void check_table(const struct table *t)
{
	struct fp_check *c = t->c;
	long fid = fp_delimited_column(t->reader, "fid");
	int is_wkt = option(t, "wktField") && fp_delimited_column(t->reader, option(t, "wktField")) == fid;

	fp_verdict_ok(c, FP_BY_CHECKED);
	if (!judge(t)) {
		fp_verdict_invalid(c);
		return;
	}
	if (c->v->status != FP_LAYER_OK)
		return;
	fp_stage(c, FP_STAGE_LAYER, FP_MARK_OK, "%zu columns", fp_delimited_names(t->reader)->n);
	if (fid >= 0 && !is_wkt) /* the geometry is no field */
		c->v->pk = fp_strdup(fp_delimited_names(t->reader)->items[fid]);
}

static void check_file(struct fp_check *c, const char *real)
{
	struct table t = {.c = c};
	struct fp_error err;
	enum fp_status st;

	fp_url_query_parse(&t.query, c->layer->datasource);
	st = fp_delimited_open(&t.reader, real, &t.query, FP_DELIMITED_CHECK, &err);
	if (st == FP_OK) {
		check_table(&t);
	} else if (st == FP_E_REFUSED) {
		fp_verdict_not_checked(c, "foreign_format", FP_SLOTS({"REASON", err.msg}));
	} else {
		fp_verdict_invalid(c);
		fp_stage(c, FP_STAGE_DRIVER, FP_MARK_FAIL, "%s", err.msg);
		fp_verdict_detail(c, "%s", err.msg);
		fp_verdict_cause(c, "text_table_unreadable", FP_SLOTS({"REASON", err.msg}));
	}
	fp_delimited_free(t.reader);
	fp_query_clear(&t.query);
}

void fp_check_delimitedtext(struct fp_check *c)
{
	const char *source = c->layer->datasource;
	char *written = fp_delimited_path(source), *path = fp_source_resolve(c->layer->home, written), *real = NULL;

	if (!*path)
		fp_verdict_error(c, "File \"NULL\" missing."); /* the reference, to the letter */
	if (has_raw_letters(source))
		fp_verdict_not_checked(c, "raw_letters", FP_NOSLOTS);
	else if (strncmp(path, "http", 4) == 0) /* QGIS does not fetch here */
		fp_diagnose_gate(c, FP_GATE_MISSING, written, path);
	else
		real = fp_layer_file(c, written, path);
	if (real)
		check_file(c, real);
	free(written);
	free(path);
	free(real);
}
