/* Rows of text tables, as QGIS' own provider reads them: GDAL has no equivalent. What the columns are is what all records hold, so the table is read twice. */
#include <errno.h>
#include <ogr_api.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/base/path.h"
#include "engine/layers/delimited_point.h"
#include "engine/layers/delimited_reader.h"
#include "engine/layers/gate.h"
#include "engine/layers/url_query.h"
#include "engine/layers/wkt.h"
#include "engine/package/row_filter.h"
#include "engine/package/text_values.h"
#include "engine/project/source.h"

struct column {
	long at;                 /* in a record */
	enum fp_text_type type;
	struct fp_buf text;      /* of its last value, when that had to be made */
};

struct rows {
	struct fp_rows rows;
	struct fp_query query;
	char *path;
	struct stat before;      /* the file when it was opened */
	struct fp_delimited *reader;
	long x, y, z, m, wkt;    /* positions, -1: none */
	struct fp_delimited_point how;
	int class;               /* the only one that counts (engine/layers/wkt.h) */
	struct fp_strv fields;
	struct column *columns;
	struct fp_row_value *values;
	struct fp_buf wkb;
	double box[4];           /* of the geometry in WKB */
	struct fp_rows_wanted wanted;
	struct fp_row_filter *filter; /* NULL: every row */
};

static const char *option(const struct rows *r, const char *key)
{
	return fp_query_get(&r->query, key);
}

static const char *field(const struct rows *r, long at)
{
	return at >= 0 && at < (long)r->fields.n ? r->fields.items[at] : "";
}

/* ---- geometries ---- */

enum fate { FINE, NO_GEOMETRY, UNREADABLE, OF_ANOTHER_KIND };

static void add_point(struct fp_buf *b, const double *xyzm, int z, int m)
{
	uint32_t type = 1 + (z ? 1000 : 0) + (m ? 2000 : 0);

	fp_buf_addc(b, 1); /* little endian, as this machine's numbers are made to be */
	for (int i = 0; i < 4; i++)
		fp_buf_addc(b, (char)(type >> 8 * i));
	for (int k = 0; k < 4; k++) {
		uint64_t bits;
		memcpy(&bits, &xyzm[k], sizeof bits);
		for (int i = 0; (k < 2 || (k == 2 && z) || (k == 3 && m)) && i < 8; i++)
			fp_buf_addc(b, (char)(bits >> 8 * i));
	}
}

/* One coordinate that is missing makes both none; a third or fourth that is no number is not there. */
static enum fate take_point(struct rows *r)
{
	double p[4] = {0};
	int z, m;

	if (!*field(r, r->x) && !*field(r, r->y))
		return NO_GEOMETRY;
	if (!fp_delimited_coordinate(&p[0], &r->how, field(r, r->x)) || !fp_delimited_coordinate(&p[1], &r->how, field(r, r->y)))
		return UNREADABLE;
	z = r->z >= 0 && fp_delimited_number(&p[2], r->how.decimal_point, field(r, r->z));
	m = r->m >= 0 && fp_delimited_number(&p[3], r->how.decimal_point, field(r, r->m));
	add_point(&r->wkb, p, z, m);
	r->box[0] = r->box[2] = p[0];
	r->box[1] = r->box[3] = p[1];
	return FINE;
}

static enum fate take_wkt(struct rows *r)
{
	OGRGeometryH g = NULL;
	OGREnvelope e;
	enum fate fate = FINE;
	int wkb, size;

	if (!*field(r, r->wkt))
		return NO_GEOMETRY;
	if (fp_wkt_geometry(&g, &wkb, field(r, r->wkt)) == FP_WKT_NONE || !g)
		return UNREADABLE;
	if (r->class == 0)
		r->class = fp_wkb_class(wkb);
	if (fp_wkb_class(wkb) != r->class)
		fate = OF_ANOTHER_KIND;
	if (fate == FINE) {
		OGR_G_GetEnvelope(g, &e);
		memcpy(r->box, (double[]){e.MinX, e.MinY, e.MaxX, e.MaxY}, sizeof r->box);
		size = OGR_G_WkbSize(g);
		fp_buf_reserve(&r->wkb, (size_t)size);
		if (OGR_G_ExportToIsoWkb(g, wkbNDR, (unsigned char *)r->wkb.data) == OGRERR_NONE)
			r->wkb.len = (size_t)size;
		else
			fate = UNREADABLE;
	}
	OGR_G_DestroyGeometry(g);
	return fate;
}

static enum fate take_geometry(struct rows *r)
{
	fp_buf_clear(&r->wkb);
	return r->wkt >= 0 ? take_wkt(r) : r->x >= 0 ? take_point(r) : NO_GEOMETRY;
}

/* QGIS shows no record whose geometry it has no use for. */
static int is_shown(struct rows *r, enum fate fate)
{
	static const char *const reasons[] = {
		[UNREADABLE] = "its coordinates are none, so QGIS does not show it either",
		[OF_ANOTHER_KIND] = "its geometry is of another kind than the layer's, so QGIS does not show it either",
	};

	if (fate != UNREADABLE && fate != OF_ANOTHER_KIND)
		return 1;
	fp_rows_skip(&r->rows.skipped, reasons[fate], 1);
	return 0;
}

/* ---- opening ---- */

static enum fp_status find_column(struct rows *r, const char *key, long *at, struct fp_error *err)
{
	const char *name = option(r, key);

	*at = -1;
	if (!name || !*name)
		return FP_OK;
	*at = fp_delimited_column(r->reader, name);
	return *at >= 0 ? FP_OK : fp_fail(err, FP_E_INVALID, "%s has no column \"%s\"", fp_path_base(r->path), name);
}

static enum fp_status find_columns(struct rows *r, struct fp_error *err)
{
	const char *dms = option(r, "xyDms");
	enum fp_status st = FP_OK;
	int none;

	r->x = r->y = r->z = r->m = r->wkt = -1;
	r->class = fp_delimited_class(&r->query, &none);
	r->how = (struct fp_delimited_point){.decimal_point = option(r, "decimalPoint"), .dms = dms && *dms != 'n' && *dms != 'N'};
	if (none)
		return FP_OK;
	if (option(r, "wktField"))
		return find_column(r, "wktField", &r->wkt, err);
	if (option(r, "xField") && option(r, "yField"))
		st = find_column(r, "xField", &r->x, err);
	if (st == FP_OK && r->x >= 0)
		st = find_column(r, "yField", &r->y, err);
	if (st == FP_OK && r->x >= 0)
		st = find_column(r, "zField", &r->z, err);
	if (st == FP_OK && r->x >= 0)
		st = find_column(r, "mField", &r->m, err);
	return st;
}

static enum fp_status open_reader(struct rows *r, struct fp_error *err)
{
	struct fp_error why;
	enum fp_status st;

	fp_delimited_free(r->reader);
	r->reader = NULL;
	st = fp_delimited_open(&r->reader, r->path, &r->query, 0, &why);
	return st == FP_OK ? find_columns(r, err) : fp_fail(err, st, "%s cannot be read: %s", fp_path_base(r->path), why.msg);
}

static enum fp_status unchanged(const struct rows *r, struct fp_error *err)
{
	struct stat now;

	if (stat(r->path, &now) == 0 && now.st_size == r->before.st_size && now.st_mtim.tv_sec == r->before.st_mtim.tv_sec &&
			now.st_mtim.tv_nsec == r->before.st_mtim.tv_nsec)
		return FP_OK;
	fp_fail(err, FP_E_CONFLICT, "%s was written to while it was read", fp_path_base(r->path));
	fp_error_hint(err, "package again when nobody works on it");
	return FP_E_CONFLICT;
}

static enum fp_status complete(const struct rows *r, struct fp_error *err)
{
	if (fp_delimited_complete(r->reader))
		return FP_OK;
	return fp_fail(err, FP_E_INVALID, "%s cannot be read to its end: a line, an encoding or a regular expression is beyond what can be read here",
		fp_path_base(r->path));
}

/* What the columns are, and how many rows there are. */
static enum fp_status look(struct rows *r, struct fp_error *err)
{
	const char *detect = option(r, "detectTypes");
	int detects = !detect || (*detect != 'n' && *detect != 'N');
	struct fp_text_guess *guesses = fp_alloc(FP_DELIMITED_COLUMNS * sizeof *guesses);
	enum fp_text_type told[FP_DELIMITED_COLUMNS];
	size_t n_told = fp_text_told(told, FP_DELIMITED_COLUMNS, r->path);
	const struct fp_strv *names;

	while (fp_delimited_next(r->reader, &r->fields)) {
		if (!is_shown(r, take_geometry(r)))
			continue;
		r->rows.about++;
		for (size_t i = 0; detects && i < r->fields.n; i++)
			fp_text_look(&guesses[i], r->fields.items[i], r->how.decimal_point);
	}
	names = fp_delimited_names(r->reader);
	r->columns = fp_alloc((names->n + 1) * sizeof *r->columns);
	r->rows.columns = fp_alloc((names->n + 1) * sizeof *r->rows.columns);
	for (size_t i = 0; i < names->n; i++) {
		size_t k = r->rows.n_columns;
		if ((long)i == r->wkt)
			continue;
		r->columns[k] = (struct column){(long)i, i < n_told ? told[i] : detects ? fp_text_guessed(&guesses[i]) : FP_TEXT_STRING, FP_BUF_INIT};
		r->rows.columns[k] = (struct fp_row_column){.name = fp_strdup(names->items[i])};
		fp_text_column(&r->rows.columns[k], r->columns[k].type);
		r->rows.n_columns++;
	}
	free(guesses);
	return complete(r, err);
}

/* ---- rows ---- */

static int is_inside(const struct rows *r, enum fate fate)
{
	const double *want = r->wanted.rect, *box = r->box;

	if (!r->wanted.has_rect)
		return 1;
	return fate == FINE && box[0] <= want[2] && box[2] >= want[0] && box[1] <= want[3] && box[3] >= want[1];
}

static enum fp_status next(struct fp_rows *rows, struct fp_row *row, int *more, struct fp_error *err)
{
	struct rows *r = (struct rows *)rows;
	enum fp_status st;

	while ((*more = fp_delimited_next(r->reader, &r->fields))) {
		enum fate fate = take_geometry(r);
		if (!is_shown(r, fate) || !is_inside(r, fate))
			continue;
		for (size_t i = 0; i < r->rows.n_columns; i++)
			fp_text_value(&r->values[i], &r->columns[i].text, r->columns[i].type, field(r, r->columns[i].at), r->how.decimal_point);
		if (!fp_row_filter_passes(r->filter, r->values))
			continue;
		*row = (struct fp_row){.values = r->values, .form = fate == FINE ? FP_ROW_WKB : FP_ROW_NO_GEOMETRY,
			.geometry = (const unsigned char *)r->wkb.data, .geometry_len = r->wkb.len};
		return FP_OK;
	}
	if (fp_delimited_refused(r->reader) > 0)
		fp_rows_skip(&r->rows.skipped, "its line is not well-formed, so QGIS does not show it either", fp_delimited_refused(r->reader));
	st = complete(r, err);
	return st == FP_OK ? unchanged(r, err) : st;
}

static void rows_free(struct fp_rows *rows)
{
	struct rows *r = (struct rows *)rows;

	for (size_t i = 0; i < r->rows.n_columns; i++)
		fp_buf_free(&r->columns[i].text);
	fp_row_filter_free(r->filter);
	fp_delimited_free(r->reader);
	fp_query_clear(&r->query);
	fp_strv_free(&r->fields);
	fp_buf_free(&r->wkb);
	free(r->columns);
	free(r->values);
	free(r->path);
	free(r);
}

static const struct fp_rows_ops ops = {.next = next, .free = rows_free};

static enum fp_status pass_gate(struct rows *r, const struct fp_package *p, const struct fp_layer_def *layer, struct fp_error *err)
{
	char *written = fp_delimited_path(layer->datasource), *path = fp_source_resolve(layer->home, written);
	enum fp_gate gate = fp_gate(&r->path, p->project->root, path);
	enum fp_status st = FP_OK;

	if (gate == FP_GATE_MISSING)
		st = fp_fail(err, FP_E_NOTFOUND, "%s is missing", fp_path_base(path));
	else if (gate != FP_GATE_PASS)
		st = fp_fail(err, FP_E_REFUSED, "its source is no file of the project");
	else if (stat(r->path, &r->before) != 0)
		st = fp_fail_errno(err, errno, "cannot read %s", fp_path_base(path));
	free(written);
	free(path);
	return st;
}

static enum fp_status prepare(struct rows *r, const struct fp_pack_layer *layer, struct fp_error *err)
{
	const char *crs = option(r, "crs");
	enum fp_status st = open_reader(r, err);

	if (st == FP_OK)
		st = look(r, err);
	if (st == FP_OK)
		st = fp_row_filter_new(&r->filter, &r->rows, r->wanted.filters, err);
	if (st == FP_OK)
		st = open_reader(r, err);
	if (st != FP_OK)
		return st;
	json_decref(r->rows.skipped); /* the second time counts */
	r->rows.skipped = NULL;
	r->values = fp_alloc((r->rows.n_columns + 1) * sizeof *r->values);
	r->rows.geometry = r->wkt >= 0 || r->x >= 0 ? fp_rows_geometry(layer) : wkbNone;
	r->rows.srs = crs && r->rows.geometry != wkbNone ? fp_rows_srs(crs) : NULL;
	return FP_OK;
}

enum fp_status fp_rows_text(struct fp_rows **out, struct fp_package *p, const struct fp_pack_layer *layer, const struct fp_rows_wanted *wanted,
	struct fp_error *err)
{
	struct rows *r = fp_alloc(sizeof *r);
	enum fp_status st;

	*out = NULL;
	r->rows.ops = &ops;
	r->rows.language = FP_IN_QGIS;
	r->wanted = *wanted;
	r->wkb = (struct fp_buf)FP_BUF_INIT;
	fp_url_query_parse(&r->query, layer->def->datasource);
	st = pass_gate(r, p, layer->def, err);
	if (st == FP_OK)
		st = prepare(r, layer, err);
	if (st == FP_OK)
		*out = &r->rows;
	else
		fp_rows_free(&r->rows);
	return st;
}
