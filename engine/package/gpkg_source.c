#include "engine/package/gpkg_source.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/changes/geometry.h"
#include "engine/changes/gpkg_blob.h"
#include "engine/layers/sqlite.h"
#include "engine/package/wkb.h"

#define TICK 1024 /* rows */
#define HEADER 8

/* ---- the geometry ---- */

/* A GeoPackage's blob of WKB (its specification, 2.1.3), with an envelope for all but points, as GDAL writes it. */
static void make_blob(struct fp_buf *b, const struct fp_wkb *look, const unsigned char *prefix, size_t n_prefix, const unsigned char *wkb, size_t n, int srs_id)
{
	int with = !look->empty && look->type != 1;
	unsigned char head[HEADER] = {'G', 'P', 0, (unsigned char)(1 | (with ? 1 << 1 : 0) | (look->empty ? 1 << 4 : 0))};
	int32_t srs = srs_id;

	memcpy(head + 4, &srs, sizeof srs);
	fp_buf_clear(b);
	fp_buf_add(b, head, sizeof head);
	if (with)
		fp_buf_add(b, look->envelope, sizeof look->envelope);
	fp_buf_add(b, prefix, n_prefix);
	fp_buf_add(b, wkb, n);
}

/* Through GDAL: what is one part, or triangles. FP_E_REFUSED: it does not become what the table holds. */
static enum fp_status fit(struct fp_gpkg_source *s, const unsigned char *wkb, size_t n, OGRwkbGeometryType flat, struct fp_wkb *look)
{
	struct fp_geom_type want = {.flat = flat, .z = FP_DIM_MAY, .m = FP_DIM_MAY};
	OGRGeometryH g = fp_geom_from_wkb(wkb, n);
	enum fp_status st = g ? fp_geom_fit(&g, &want, NULL) : FP_E_REFUSED;
	unsigned char *made;
	size_t n_made;

	if (st == FP_OK) {
		made = fp_geom_wkb(g, &n_made);
		fp_wkb_look(look, made, n_made);
		make_blob(&s->blob, look, NULL, 0, made, n_made, s->srs_id);
		free(made);
	}
	if (g)
		OGR_G_DestroyGeometry(g);
	return st;
}

/* A single geometry becomes one of several parts by what stands in front of it. */
static size_t multi_prefix(unsigned char prefix[9], const unsigned char *wkb)
{
	uint32_t type, one = 1;

	memcpy(&type, wkb + 1, 4);
	type = wkb[0] ? type + 3 : __builtin_bswap32(__builtin_bswap32(type) + 3);
	if (!wkb[0])
		one = __builtin_bswap32(one);
	prefix[0] = wkb[0];
	memcpy(prefix + 1, &type, 4);
	memcpy(prefix + 5, &one, 4);
	return 9;
}

static int is_of(unsigned type, OGRwkbGeometryType want)
{
	return want == wkbUnknown || type == (unsigned)want || OGR_GT_IsSubClassOf((OGRwkbGeometryType)type, want);
}

enum way { AS_IT_IS, PREFIXED, FITTED, OTHERWISE };

/* How it gets into the table. What is not of the table's type and does not become it without change stays what it is, as it was in the source: no row is
 * left behind for that. */
static enum way way_of(const struct fp_wkb *look, OGRwkbGeometryType want)
{
	if (is_of(look->type, want))
		return look->foreign ? OTHERWISE : AS_IT_IS;
	if (want >= wkbMultiPoint && want <= wkbMultiPolygon && look->type + 3 == (unsigned)want)
		return look->foreign || look->empty ? FITTED : PREFIXED;
	return FITTED;
}

/* 1 for the types of which one becomes the other and stays the same to everybody who looks at it. */
static int are_alike(unsigned type, OGRwkbGeometryType want)
{
	return type + 3 == (unsigned)want || type == (unsigned)want + 3 || type >= (unsigned)wkbPolyhedralSurface;
}

/* Sets BLOB. -1: it is no geometry that anybody could read. */
static int set_geometry(struct fp_gpkg_source *s, const unsigned char *wkb, size_t n, struct fp_wkb *look)
{
	OGRwkbGeometryType want = OGR_GT_Flatten(s->table->geometry);
	unsigned char prefix[9];
	size_t n_prefix = 0;
	enum way way;

	if (fp_wkb_look(look, wkb, n) != 0)
		return -1;
	if (look->arcs && !look->empty && !fp_gpkg_wkb_envelope(look->envelope, wkb, n))
		return -1;
	way = way_of(look, want);
	if (way == FITTED && are_alike(look->type, want) && fit(s, wkb, n, want, look) == FP_OK)
		return 0;
	if (way == FITTED)
		s->out->misfits++;
	if (way != PREFIXED && look->foreign)
		return fit(s, wkb, n, wkbUnknown, look) == FP_OK ? 0 : -1;
	if (way == PREFIXED) {
		n_prefix = multi_prefix(prefix, wkb);
		look->type = (unsigned)want;
	}
	make_blob(&s->blob, look, prefix, n_prefix, wkb, n, s->srs_id);
	return 0;
}

static void take_geometry(struct fp_gpkg_source *s, struct fp_wkb *look)
{
	struct fp_gpkg_blob b = {.wkb = s->row.geometry, .wkb_len = s->row.geometry_len};
	int bad = 0;

	*look = (struct fp_wkb){.empty = 1};
	s->has_geometry = s->index && s->row.form != FP_ROW_NO_GEOMETRY;
	if (!s->has_geometry)
		return;
	if (s->row.form == FP_ROW_GPKG)
		bad = fp_gpkg_blob_read(&b, s->row.geometry, s->row.geometry_len, 0);
	if (bad || set_geometry(s, b.wkb, b.wkb_len, look) != 0) {
		s->has_geometry = 0;
		s->out->damaged++;
	}
}

/* ---- the rows ---- */

static void widen(double extent[4], const double e[4])
{
	for (int i = 0; i < 2; i++) {
		if (e[2 * i] < extent[i])
			extent[i] = e[2 * i];
		if (e[2 * i + 1] > extent[i + 2])
			extent[i + 2] = e[2 * i + 1];
	}
}

/* The type of the row's geometry as it stands in its blob, Z and M with it. */
static OGRwkbGeometryType type_in(const struct fp_gpkg_source *s, const struct fp_wkb *look)
{
	const unsigned char *p = (const unsigned char *)s->blob.data + HEADER + (look->empty || look->type == 1 ? 0 : sizeof look->envelope);
	uint32_t type;

	memcpy(&type, p + 1, 4);
	return (OGRwkbGeometryType)(p[0] ? type : __builtin_bswap32(type));
}

static void number(struct fp_gpkg_source *s, const struct fp_wkb *look)
{
	if (s->lead_open && s->has_geometry && type_in(s, look) == s->table->lead) {
		s->lead_open = 0;
		s->fid = 1;
	} else {
		s->fid = ++s->last_fid;
	}
}

static int fail(struct fp_gpkg_source *s, enum fp_status st)
{
	s->status = st;
	return SQLITE_ERROR;
}

/* ROW has been read, and will be written. */
static int take_row(struct fp_gpkg_source *s)
{
	struct fp_wkb look;
	enum fp_status st;

	if (++s->out->read % TICK == 0 && s->out->tick)
		s->out->tick(s->out->arg, s->out->read);
	take_geometry(s, &look);
	number(s, &look);
	if (s->has_geometry && !look.empty) {
		st = fp_rtree_add(s->index, s->fid, look.envelope, s->err);
		if (st != FP_OK)
			return fail(s, st);
		widen(s->out->extent, look.envelope);
	}
	return SQLITE_OK;
}

static int step(struct fp_gpkg_source *s)
{
	int more = 0;
	enum fp_status st = s->rows->ops->next(s->rows, &s->row, &more, s->err);

	if (st != FP_OK)
		return fail(s, st);
	s->at_end = !more;
	return more ? take_row(s) : SQLITE_OK;
}

/* ---- the table, as SQLite asks for it ---- */

struct table {
	sqlite3_vtab base;
	struct fp_gpkg_source *s;
};

static int connect(sqlite3 *db, void *arg, int argc, const char *const *argv, sqlite3_vtab **out, char **message)
{
	struct fp_gpkg_source *s = arg;
	struct fp_buf sql = FP_BUF_INIT;
	struct table *t;
	int rc;

	(void)argc;
	(void)argv;
	(void)message;
	fp_buf_adds(&sql, "CREATE TABLE x (fid, geometry");
	for (size_t i = 0; i < s->table->n_columns; i++)
		fp_buf_addf(&sql, ", c%zu", i);
	fp_buf_adds(&sql, ")");
	rc = sqlite3_declare_vtab(db, sql.data);
	fp_buf_free(&sql);
	if (rc != SQLITE_OK)
		return rc;
	t = fp_alloc(sizeof *t);
	t->s = s;
	*out = &t->base;
	return SQLITE_OK;
}

static int disconnect(sqlite3_vtab *t)
{
	free(t);
	return SQLITE_OK;
}

static int best_index(sqlite3_vtab *t, sqlite3_index_info *info)
{
	(void)t;
	(void)info;
	return SQLITE_OK;
}

static int open_cursor(sqlite3_vtab *t, sqlite3_vtab_cursor **out)
{
	(void)t;
	*out = fp_alloc(sizeof **out);
	return SQLITE_OK;
}

static int close_cursor(sqlite3_vtab_cursor *c)
{
	free(c);
	return SQLITE_OK;
}

static struct fp_gpkg_source *source_of(sqlite3_vtab_cursor *c)
{
	return ((struct table *)c->pVtab)->s;
}

static int filter(sqlite3_vtab_cursor *c, int number_of, const char *text, int argc, sqlite3_value **argv)
{
	(void)number_of;
	(void)text;
	(void)argc;
	(void)argv;
	return step(source_of(c));
}

static int next(sqlite3_vtab_cursor *c)
{
	return step(source_of(c));
}

static int at_end(sqlite3_vtab_cursor *c)
{
	return source_of(c)->at_end;
}

static int column(sqlite3_vtab_cursor *c, sqlite3_context *x, int i)
{
	const struct fp_gpkg_source *s = source_of(c);
	const struct fp_row_value *v;

	if (i == 0) {
		sqlite3_result_int64(x, s->fid);
		return SQLITE_OK;
	}
	if (i == 1) {
		if (s->has_geometry)
			sqlite3_result_blob64(x, s->blob.data, s->blob.len, SQLITE_STATIC);
		return SQLITE_OK;
	}
	v = &s->row.values[i - 2];
	switch (v->type) {
	case FP_NULL:
		break;
	case FP_INT:
		sqlite3_result_int64(x, v->i);
		break;
	case FP_REAL:
		sqlite3_result_double(x, v->r);
		break;
	case FP_TEXT:
		sqlite3_result_text64(x, v->text, v->len, SQLITE_STATIC, SQLITE_UTF8);
		break;
	case FP_BLOB:
		if (v->len > 0)
			sqlite3_result_blob64(x, v->text, v->len, SQLITE_STATIC);
		else
			sqlite3_result_zeroblob(x, 0);
		break;
	}
	return SQLITE_OK;
}

static int row_id(sqlite3_vtab_cursor *c, sqlite3_int64 *out)
{
	*out = source_of(c)->fid;
	return SQLITE_OK;
}

static const sqlite3_module module = {
	.xConnect = connect, .xBestIndex = best_index, .xDisconnect = disconnect, .xOpen = open_cursor, .xClose = close_cursor, .xFilter = filter,
	.xNext = next, .xEof = at_end, .xColumn = column, .xRowid = row_id,
};

/* ---- the source's own table ---- */

/* Takes the row with this geometry, and is true; the other two speak of the same row then. */
static void take_function(sqlite3_context *x, int n, sqlite3_value **v)
{
	struct fp_gpkg_source *s = sqlite3_user_data(x);

	(void)n;
	s->row.form = sqlite3_value_type(v[0]) == SQLITE_NULL ? FP_ROW_NO_GEOMETRY : FP_ROW_GPKG;
	s->row.geometry = sqlite3_value_blob(v[0]);
	s->row.geometry_len = (size_t)sqlite3_value_bytes(v[0]);
	if (take_row(s) != SQLITE_OK)
		sqlite3_result_error(x, s->err->msg, -1);
	else
		sqlite3_result_int(x, 1);
}

static void fid_function(sqlite3_context *x, int n, sqlite3_value **v)
{
	(void)n;
	(void)v;
	sqlite3_result_int64(x, ((struct fp_gpkg_source *)sqlite3_user_data(x))->fid);
}

static void geometry_function(sqlite3_context *x, int n, sqlite3_value **v)
{
	const struct fp_gpkg_source *s = sqlite3_user_data(x);

	(void)n;
	(void)v;
	if (s->has_geometry)
		sqlite3_result_blob64(x, s->blob.data, s->blob.len, SQLITE_STATIC);
}

/* SQLite numbers rows as they come faster than by numbers that it is given. */
static int is_numbered(const struct fp_gpkg_source *s)
{
	return s->table->lead != wkbUnknown || (!s->index && s->table->n_columns == 0);
}

/* Column TO gets FROM. */
static void add_pair(struct fp_buf *into, struct fp_buf *query, const char *to, const char *from)
{
	char *name = fp_sqlite_quote(to);

	fp_buf_addf(into, "%s%s", into->len ? ", " : "", name);
	fp_buf_addf(query, "%s%s", query->len ? ", " : "", from);
	free(name);
}

static void add_columns(struct fp_buf *into, struct fp_buf *query, const struct fp_gpkg_source *s)
{
	const struct fp_gpkg_table *t = s->table;
	int direct = s->rows->direct != NULL;

	if (is_numbered(s))
		add_pair(into, query, t->local_key, direct ? "fp_fid()" : "fid");
	if (s->index)
		add_pair(into, query, t->geometry_name, direct ? "fp_geometry()" : "geometry");
	for (size_t i = 0; i < t->n_columns; i++) {
		char *from = direct ? fp_sqlite_quote(s->rows->columns[i].name) : fp_asprintf("c%zu", i);
		add_pair(into, query, t->columns[i].name, from);
		free(from);
	}
}

char *fp_gpkg_source_insert(const struct fp_gpkg_source *s)
{
	const struct fp_rows_direct *d = s->rows->direct;
	struct fp_buf into = FP_BUF_INIT, query = FP_BUF_INIT;
	char *table = fp_sqlite_quote(s->table->name), *sql;

	add_columns(&into, &query, s);
	if (d)
		fp_buf_addf(&query, " FROM %s WHERE %s%s%sfp_take(%s)", d->from, d->where ? "(" : "", d->where ? d->where : "", d->where ? ") AND " : "",
			d->geometry ? d->geometry : "NULL");
	else
		fp_buf_adds(&query, " FROM fp_rows");
	sql = fp_asprintf("INSERT INTO main.%s (%s) SELECT %s", table, into.data, query.data);
	free(table);
	fp_buf_free(&into);
	fp_buf_free(&query);
	return sql;
}

int fp_gpkg_source_register(sqlite3 *db, struct fp_gpkg_source *s)
{
	static const struct {
		const char *name;
		int n;
		void (*f)(sqlite3_context *, int, sqlite3_value **);
	} functions[] = {{"fp_take", 1, take_function}, {"fp_fid", 0, fid_function}, {"fp_geometry", 0, geometry_function}};
	int rc;

	s->lead_open = s->table->lead != wkbUnknown;
	s->last_fid = s->lead_open;
	rc = sqlite3_create_module_v2(db, "fp_rows", &module, s, NULL);
	for (size_t i = 0; rc == SQLITE_OK && i < sizeof functions / sizeof *functions; i++)
		rc = sqlite3_create_function(db, functions[i].name, functions[i].n, SQLITE_UTF8, s, functions[i].f, NULL, NULL);
	return rc;
}
