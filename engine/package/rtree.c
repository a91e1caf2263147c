#include "engine/package/rtree.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/package/gpkg_writer.h"
#include "engine/package/sorter.h"

#define ORDER 24      /* bits of either coordinate that take part in the order */
#define CELL 24       /* bytes: an id and four coordinates */
#define NODE_HEAD 4   /* bytes: height (of the root) and number of cells */
#define LEVELS 16
#define ROOT 1

/* Nine of ten cells are used, so that features added on the device find room before a node must be split. */
#define FULL(cells) ((cells) * 9 / 10)

struct entry {
	uint64_t key;
	int64_t id;
	float box[4];
};

struct place {
	uint64_t id;
	int64_t node;
};

/* The node of a level that is being filled; children are spread over the level's nodes as evenly as can be. */
struct level {
	uint64_t children, nodes; /* of the whole level */
	uint64_t given, flushed;
	unsigned n;
	struct entry *cells;
};

struct fp_rtree {
	struct fp_sorter *entries, *places;
	double extent[4];
	int counted; /* the ids are 1, 2, 3 ...: SQLite gives these itself, and faster */
	struct level levels[LEVELS];
	int n_levels;
	int64_t last_node;
	unsigned char *node;
	int node_size;
	sqlite3 *db;
	sqlite3_stmt *put_node, *put_parent;
	enum fp_status status; /* of what SQLite asks of us */
	struct fp_error *err;
};

void fp_rtree_new(struct fp_rtree **out, const char *scratch, size_t run)
{
	struct fp_rtree *t = fp_alloc(sizeof *t);

	fp_sorter_new(&t->entries, sizeof(struct entry), scratch, run);
	fp_sorter_new(&t->places, sizeof(struct place), scratch, run);
	t->extent[0] = t->extent[2] = INFINITY;
	t->extent[1] = t->extent[3] = -INFINITY;
	t->counted = 1;
	*out = t;
}

/* Coordinates are floats in an R*Tree: rounded so that the box does not shrink. */
static float down(double d)
{
	float f = (float)d;

	return (double)f > d ? nextafterf(f, -INFINITY) : f;
}

static float up(double d)
{
	float f = (float)d;

	return (double)f < d ? nextafterf(f, INFINITY) : f;
}

enum fp_status fp_rtree_add(struct fp_rtree *t, int64_t id, const double box[4], struct fp_error *err)
{
	struct entry e = {0, id, {down(box[0]), up(box[1]), down(box[2]), up(box[3])}};

	t->counted &= (uint64_t)id == fp_sorter_count(t->entries) + 1;
	for (int i = 0; i < 4; i += 2) {
		t->extent[i] = fmin(t->extent[i], box[i]);
		t->extent[i + 1] = fmax(t->extent[i + 1], box[i + 1]);
	}
	return fp_sorter_add(t->entries, &e, err);
}

/* ---- the order ---- */

/* The distance along the curve at which cell (X, Y) of a grid of 2^ORDER by 2^ORDER lies; without a branch, as no processor can guess these. */
static uint64_t hilbert(uint32_t x, uint32_t y)
{
	uint64_t d = 0;

	for (int bit = ORDER - 1; bit >= 0; bit--) {
		uint32_t rx = x >> bit & 1, ry = y >> bit & 1, flip = -(rx & ~ry & 1), swap = (x ^ y) & -(ry ^ 1);
		d = d << 2 | ((3 * rx) ^ ry);
		x ^= swap ^ flip;
		y ^= swap ^ flip;
	}
	return d;
}

static uint32_t grid(double low, double high, double min, double width)
{
	double at = width > 0 ? ((low + high) / 2 - min) / width * ((1u << ORDER) - 1) : 0;

	return at > 0 ? at < (1u << ORDER) - 1 ? (uint32_t)at : (1u << ORDER) - 1 : 0;
}

static uint64_t key_of(const void *arg, const void *record)
{
	const struct fp_rtree *t = arg;
	const struct entry *e = record;
	double width = fmax(t->extent[1] - t->extent[0], t->extent[3] - t->extent[2]);

	return hilbert(grid(e->box[0], e->box[1], t->extent[0], width), grid(e->box[2], e->box[3], t->extent[2], width));
}

/* ---- the nodes ---- */

static unsigned char *put16(unsigned char *p, unsigned value)
{
	uint16_t v = __builtin_bswap16((uint16_t)value);

	return (unsigned char *)memcpy(p, &v, sizeof v) + sizeof v;
}

static unsigned char *put_cell(unsigned char *p, const struct entry *e)
{
	uint64_t id = __builtin_bswap64((uint64_t)e->id);
	uint32_t box[4];

	memcpy(box, e->box, sizeof box);
	for (int i = 0; i < 4; i++)
		box[i] = __builtin_bswap32(box[i]);
	memcpy(p, &id, sizeof id);
	memcpy(p + sizeof id, box, sizeof box);
	return p + CELL;
}

static enum fp_status run(struct fp_rtree *t, sqlite3_stmt *s, struct fp_error *err)
{
	int rc = sqlite3_step(s);

	sqlite3_reset(s);
	if (t->status != FP_OK)
		return t->status;
	return rc == SQLITE_DONE ? FP_OK : fp_gpkg_fail(t->db, rc, "cannot write the spatial index", err);
}

static enum fp_status write_node(struct fp_rtree *t, const struct level *l, int64_t number, int height, struct fp_error *err)
{
	unsigned char *p = t->node;

	memset(t->node, 0, (size_t)t->node_size);
	p = put16(p, number == ROOT ? (unsigned)height : 0);
	p = put16(p, l->n);
	for (unsigned i = 0; i < l->n; i++)
		p = put_cell(p, &l->cells[i]);
	sqlite3_bind_int64(t->put_node, 1, number);
	sqlite3_bind_blob(t->put_node, 2, t->node, t->node_size, SQLITE_STATIC);
	return run(t, t->put_node, err);
}

/* Whose children they are: rows of the table by a sort of their own, nodes at once. */
static enum fp_status write_parents(struct fp_rtree *t, const struct level *l, int64_t number, int height, struct fp_error *err)
{
	enum fp_status st = FP_OK;

	for (unsigned i = 0; st == FP_OK && i < l->n; i++) {
		if (height == 0) {
			st = fp_sorter_add(t->places, &(struct place){(uint64_t)l->cells[i].id ^ 1ull << 63, number}, err);
			continue;
		}
		sqlite3_bind_int64(t->put_parent, 1, l->cells[i].id);
		sqlite3_bind_int64(t->put_parent, 2, number);
		st = run(t, t->put_parent, err);
	}
	return st;
}

static struct entry around(const struct level *l, int64_t id)
{
	struct entry e = l->cells[0];

	e.id = id;
	for (unsigned i = 1; i < l->n; i++)
		for (int k = 0; k < 4; k += 2) {
			e.box[k] = fminf(e.box[k], l->cells[i].box[k]);
			e.box[k + 1] = fmaxf(e.box[k + 1], l->cells[i].box[k + 1]);
		}
	return e;
}

/* Puts E into LEVEL's open node; a node that has its share is written and goes into the level above. */
static enum fp_status add_cell(struct fp_rtree *t, struct entry e, struct fp_error *err)
{
	enum fp_status st = FP_OK;

	for (int height = 0; st == FP_OK; height++) {
		struct level *l = &t->levels[height];
		int64_t number;

		l->cells[l->n++] = e;
		l->given++;
		if (l->given < l->children * (l->flushed + 1) / l->nodes)
			return FP_OK;
		number = height == t->n_levels - 1 ? ROOT : ++t->last_node;
		st = write_node(t, l, number, height, err);
		if (st == FP_OK)
			st = write_parents(t, l, number, height, err);
		if (number == ROOT)
			return st;
		e = around(l, number);
		l->n = 0;
		l->flushed++;
	}
	return st;
}

static void plan_levels(struct fp_rtree *t, uint64_t n, unsigned most)
{
	do {
		struct level *l = &t->levels[t->n_levels++];
		l->children = n;
		l->nodes = n <= most ? 1 : (n + FULL(most) - 1) / FULL(most);
		l->cells = fp_alloc((size_t)(most + 1) * sizeof *l->cells);
		n = l->nodes;
	} while (n > 1 && t->n_levels < LEVELS);
}

static enum fp_status prepare(sqlite3_stmt **out, sqlite3 *db, const char *format, const char *name, struct fp_error *err)
{
	char *sql = sqlite3_mprintf(format, name);
	int rc = sqlite3_prepare_v2(db, sql, -1, out, NULL);

	sqlite3_free(sql);
	return rc == SQLITE_OK ? FP_OK : fp_gpkg_fail(db, rc, "cannot write the spatial index", err);
}

/* How large SQLite made the nodes when it made the table. */
static enum fp_status find_node_size(struct fp_rtree *t, const char *name, struct fp_error *err)
{
	sqlite3_stmt *s = NULL;
	enum fp_status st = prepare(&s, t->db, "SELECT length(data) FROM \"%w_node\" WHERE nodeno = 1", name, err);

	if (st == FP_OK && sqlite3_step(s) == SQLITE_ROW)
		t->node_size = sqlite3_column_int(s, 0);
	sqlite3_finalize(s);
	if (st == FP_OK && t->node_size < NODE_HEAD + 4 * CELL)
		st = fp_fail(err, FP_E_INTERNAL, "the spatial index %s has no root", name);
	return st;
}

/* ---- in which leaf each row is, as a table that is inserted at once ---- */

struct places_cursor {
	sqlite3_vtab_cursor base;
	struct fp_rtree *t;
	const struct place *at; /* NULL: the end */
};

struct places_table {
	sqlite3_vtab base;
	struct fp_rtree *t;
};

static int places_connect(sqlite3 *db, void *arg, int argc, const char *const *argv, sqlite3_vtab **out, char **message)
{
	struct places_table *p = fp_alloc(sizeof *p);

	(void)argc;
	(void)argv;
	(void)message;
	p->t = arg;
	*out = &p->base;
	return sqlite3_declare_vtab(db, "CREATE TABLE x (id, node)");
}

static int places_disconnect(sqlite3_vtab *v)
{
	free(v);
	return SQLITE_OK;
}

static int places_best(sqlite3_vtab *v, sqlite3_index_info *info)
{
	(void)v;
	(void)info;
	return SQLITE_OK;
}

static int places_open(sqlite3_vtab *v, sqlite3_vtab_cursor **out)
{
	struct places_cursor *c = fp_alloc(sizeof *c);

	c->t = ((struct places_table *)v)->t;
	*out = &c->base;
	return SQLITE_OK;
}

static int places_close(sqlite3_vtab_cursor *v)
{
	free(v);
	return SQLITE_OK;
}

static int places_next(sqlite3_vtab_cursor *v)
{
	struct places_cursor *c = (struct places_cursor *)v;

	c->t->status = fp_sorter_next(c->t->places, (const void **)&c->at, c->t->err);
	return c->t->status == FP_OK ? SQLITE_OK : SQLITE_ERROR;
}

static int places_filter(sqlite3_vtab_cursor *v, int number, const char *text, int argc, sqlite3_value **argv)
{
	(void)number;
	(void)text;
	(void)argc;
	(void)argv;
	return places_next(v);
}

static int places_end(sqlite3_vtab_cursor *v)
{
	return !((struct places_cursor *)v)->at;
}

static int places_column(sqlite3_vtab_cursor *v, sqlite3_context *x, int i)
{
	const struct place *at = ((struct places_cursor *)v)->at;

	sqlite3_result_int64(x, i == 0 ? (int64_t)(at->id ^ 1ull << 63) : at->node);
	return SQLITE_OK;
}

static int places_rowid(sqlite3_vtab_cursor *v, sqlite3_int64 *out)
{
	*out = (int64_t)((struct places_cursor *)v)->at->id;
	return SQLITE_OK;
}

static const sqlite3_module places_module = {
	.xConnect = places_connect, .xBestIndex = places_best, .xDisconnect = places_disconnect, .xOpen = places_open, .xClose = places_close,
	.xFilter = places_filter, .xNext = places_next, .xEof = places_end, .xColumn = places_column, .xRowid = places_rowid,
};

static enum fp_status write_places(struct fp_rtree *t, const char *name, struct fp_error *err)
{
	sqlite3_stmt *s = NULL;
	enum fp_status st = fp_sorter_sort(t->places, NULL, NULL, err);

	if (st != FP_OK)
		return st;
	t->err = err;
	if (sqlite3_create_module_v2(t->db, "fp_rtree_places", &places_module, t, NULL) != SQLITE_OK)
		return fp_gpkg_fail(t->db, SQLITE_NOMEM, "cannot write the spatial index", err);
	st = prepare(&s, t->db, t->counted ? "INSERT INTO \"%w_rowid\" (nodeno) SELECT node FROM fp_rtree_places"
		: "INSERT INTO \"%w_rowid\" (rowid, nodeno) SELECT id, node FROM fp_rtree_places", name, err);
	if (st == FP_OK)
		st = run(t, s, err);
	sqlite3_finalize(s);
	return st;
}

static enum fp_status write_nodes(struct fp_rtree *t, struct fp_error *err)
{
	const struct entry *e = NULL;
	enum fp_status st = fp_sorter_sort(t->entries, key_of, t, err);

	while (st == FP_OK) {
		st = fp_sorter_next(t->entries, (const void **)&e, err);
		if (st != FP_OK || !e)
			break;
		st = add_cell(t, *e, err);
	}
	fp_sorter_free(t->entries);
	t->entries = NULL;
	return st;
}

enum fp_status fp_rtree_write(struct fp_rtree *t, sqlite3 *db, const char *name, struct fp_error *err)
{
	enum fp_status st;

	if (fp_sorter_count(t->entries) == 0)
		return FP_OK;
	t->db = db;
	st = find_node_size(t, name, err);
	if (st == FP_OK)
		st = prepare(&t->put_node, db, "REPLACE INTO \"%w_node\" VALUES (?1, ?2)", name, err);
	if (st == FP_OK)
		st = prepare(&t->put_parent, db, "INSERT INTO \"%w_parent\" VALUES (?1, ?2)", name, err);
	if (st != FP_OK)
		return st;
	t->node = fp_alloc((size_t)t->node_size);
	t->last_node = ROOT;
	plan_levels(t, fp_sorter_count(t->entries), (unsigned)(t->node_size - NODE_HEAD) / CELL);
	st = write_nodes(t, err);
	return st == FP_OK ? write_places(t, name, err) : st;
}

void fp_rtree_free(struct fp_rtree *t)
{
	if (!t)
		return;
	fp_sorter_free(t->entries);
	fp_sorter_free(t->places);
	for (int i = 0; i < t->n_levels; i++)
		free(t->levels[i].cells);
	sqlite3_finalize(t->put_node);
	sqlite3_finalize(t->put_parent);
	free(t->node);
	free(t);
}
