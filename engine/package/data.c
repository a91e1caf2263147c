/* data.gpkg (section 3.4): one table for each source of offline layers. */
#include <ctype.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/fs.h"
#include "engine/base/json.h"
#include "engine/base/path.h"
#include "engine/layers/gdal_gate.h"
#include "engine/layers/kept.h"
#include "engine/package/gpkg_writer.h"
#include "engine/package/group.h"
#include "engine/project/source.h"

#define PART ".data-part.gpkg" /* what it is called until it is whole */
#define TRIES 999
#define SLUG_MAX 40
#define TICK_MS 100

/* ---- names ---- */

static int has_column(const struct fp_group *g, const char *name)
{
	for (size_t i = 0; i < g->n_columns; i++)
		if (sqlite3_stricmp(g->columns[i].name, name) == 0)
			return 1;
	return 0;
}

/* STEM, or STEM_1, STEM_2 ... : the first that is no column. NULL: all are. Caller frees. */
static char *free_name(const struct fp_group *g, const char *stem)
{
	for (int i = 0; i <= TRIES; i++) {
		char *name = i ? fp_asprintf("%s_%d", stem, i) : fp_strdup(stem);
		if (!has_column(g, name))
			return name;
		free(name);
	}
	return NULL;
}

/* 1: column K needs another name, as another column has a claim to it: the key, or else the first. */
static int must_go(const struct fp_group *g, size_t k)
{
	const char *name = g->columns[k].name, *pk = g->layers[0]->pk ? g->layers[0]->pk : "";
	int is_key = strcmp(name, pk) == 0;

	for (size_t i = 0; i < g->n_columns; i++) {
		int other_is_key = strcmp(g->columns[i].name, pk) == 0;
		if (i != k && sqlite3_stricmp(g->columns[i].name, name) == 0 && (is_key ? i < k && other_is_key : i < k || other_is_key))
			return 1;
	}
	return !*name;
}

/* Two columns whose names differ in case only are one in SQLite. */
static enum fp_status tell_columns_apart(struct fp_package *p, struct fp_group *g, struct fp_error *err)
{
	for (size_t k = 0; k < g->n_columns; k++) {
		struct fp_row_column *c = &g->columns[k];
		char *name;

		if (!must_go(g, k))
			continue;
		name = free_name(g, *c->name ? c->name : "field");
		if (!name)
			return fp_fail(err, FP_E_INVALID, "it has too many columns called \"%s\"", c->name);
		for (size_t i = 0; i < g->n_layers; i++)
			fp_package_warn(p, g->layers[i], "renamed", 1, "column \"%s\" is called \"%s\" in the package: a GeoPackage cannot tell names apart by case",
				c->name, name);
		free(c->name);
		c->name = name;
	}
	return FP_OK;
}

static void add_slug(struct fp_buf *b, const char *name)
{
	for (const char *c = name; *c && b->len < SLUG_MAX; c++) {
		if (isascii((unsigned char)*c) && isalnum((unsigned char)*c))
			fp_buf_addc(b, (char)tolower((unsigned char)*c));
		else if (b->len > 0 && b->data[b->len - 1] != '_')
			fp_buf_addc(b, '_');
	}
	while (b->len > 0 && b->data[b->len - 1] == '_')
		b->data[--b->len] = '\0';
	if (b->len == 0)
		fp_buf_adds(b, "layer");
}

static int is_taken(const struct fp_groups *gs, const char *name)
{
	for (size_t i = 0; i < gs->n; i++)
		if ((gs->items[i].name && strcmp(gs->items[i].name, name) == 0) || (gs->items[i].called && sqlite3_stricmp(gs->items[i].called, name) == 0))
			return 1;
	return 0;
}

/* What its filters call it; else the layer's name as far as it is plain letters, and a digest of where the rows come from, which stays the same
 * from package to package. */
static char *table_name(const struct fp_groups *gs, const struct fp_group *g, const struct fp_package *p)
{
	const char *key = g->key, *root = strstr(key, p->project->root);
	unsigned char digest[crypto_hash_sha256_BYTES];
	struct fp_buf b = FP_BUF_INIT;
	crypto_hash_sha256_state s;
	char *name;

	if (g->called)
		return fp_strdup(g->called);
	crypto_hash_sha256_init(&s);
	if (root) {
		crypto_hash_sha256_update(&s, (const unsigned char *)key, (size_t)(root - key));
		key = root + strlen(p->project->root);
	}
	crypto_hash_sha256_update(&s, (const unsigned char *)key, strlen(key));
	crypto_hash_sha256_final(&s, digest);
	add_slug(&b, g->layers[0]->def->name);
	fp_buf_addf(&b, "_%02x%02x%02x%02x", digest[0], digest[1], digest[2], digest[3]);
	name = fp_group_is_reserved(b.data) ? fp_asprintf("layer_%s", b.data) : fp_strdup(b.data);
	fp_buf_free(&b);
	for (int i = 2; is_taken(gs, name); i++) {
		char *other = fp_asprintf("%s_%d", name, i);
		free(name);
		name = other;
	}
	return name;
}

/* ---- tables ---- */

static struct fp_gpkg_table definition(const struct fp_group *g)
{
	return (struct fp_gpkg_table){
		.name = g->name, .local_key = g->local_key, .geometry_name = g->geometry_name, .geometry = g->geometry, .srs = g->srs,
		.columns = g->columns, .n_columns = g->n_columns, .comment = g->comment,
	};
}

static void add_table(struct fp_package *p, struct fp_group *g)
{
	struct fp_pack_table *t;

	FP_GROW(p->tables, p->n_tables, p->cap_tables);
	g->table = p->n_tables++;
	t = &p->tables[g->table];
	*t = (struct fp_pack_table){.name = fp_strdup(g->name), .local_key = fp_strdup(g->local_key), .spatial = g->geometry != wkbNone,
		.geometry = fp_strdup(g->geometry_name)};
	for (size_t i = 0; i < g->n_columns; i++) {
		const struct fp_row_column *c = &g->columns[i];
		FP_GROW(t->fields, t->n_fields, t->cap_fields);
		t->fields[t->n_fields++] = (struct fp_pack_field){fp_strdup(c->name), c->has_default, c->not_null, c->unique};
	}
}

static void point_layer(const struct fp_group *g, struct fp_pack_layer *l)
{
	char *filter = g->drop ? fp_strdup("") : fp_group_filter(l->def), *only = g->geometry == wkbUnknown ? fp_group_restriction(l->def) : fp_strdup("");

	l->table = (int64_t)g->table;
	l->query = fp_group_is_query(l->def);
	l->provider = fp_strdup("ogr");
	l->datasource = fp_asprintf("./" FP_PACKAGE_DATA "|layername=%s%s%s%s%s", g->name, *only ? "|geometrytype=" : "", only, *filter ? "|subset=" : "", filter);
	free(filter);
	free(only);
}

static enum fp_status declare(struct fp_gpkg *w, struct fp_package *p, const struct fp_groups *gs, struct fp_group *g, struct fp_error *err)
{
	struct fp_gpkg_table t;
	enum fp_status st = tell_columns_apart(p, g, err);

	if (st == FP_OK) {
		g->name = table_name(gs, g, p);
		g->local_key = free_name(g, "fid");
		g->geometry_name = free_name(g, "geom");
		if (!g->local_key || !g->geometry_name)
			st = fp_fail(err, FP_E_INVALID, "it has too many columns called \"fid\" or \"geom\"");
	}
	if (st == FP_OK) {
		t = definition(g);
		st = fp_gpkg_declare(w, &t, err);
	}
	if (st != FP_OK) {
		fp_group_name_error(err, g);
		return st;
	}
	add_table(p, g);
	for (size_t i = 0; i < g->n_layers; i++)
		point_layer(g, g->layers[i]);
	return FP_OK;
}

/* ---- rows ---- */

struct progress {
	struct fp_package *p;
	int64_t before, total, last_ms;
};

static void tick(void *arg, int64_t read)
{
	struct progress *g = arg;
	int64_t now = fp_monotonic_ms(), done = g->before + read;

	if (!g->p->progress || now - g->last_ms < TICK_MS)
		return;
	g->last_ms = now;
	if (done > g->total)
		g->total = done;
	g->p->progress(g->p->arg, done, g->total);
}

/* The rectangle of the area of interest for the group; 0: none. A layer's own idea of its coordinates comes before the table's, as in QGIS. */
static int area_of(double rect[4], struct fp_package *p, const struct fp_group *g)
{
	const struct fp_pack_layer *l = g->layers[0];
	OGRSpatialReferenceH own = NULL;
	int64_t seen = fp_json_int(l->verdict, "wkb_type", 0);
	int has;

	if (!p->project->area_only || g->geometry == wkbNone || (g->geometry == wkbUnknown && (seen == 0 || seen == wkbNone)))
		return 0;
	own = *l->def->crs ? fp_rows_srs(l->def->crs) : NULL;
	has = fp_rows_area(rect, p, own ? own : g->srs);
	if (own)
		OSRRelease(own);
	for (size_t i = 0; has < 0 && i < g->n_layers; i++)
		fp_package_warn(p, g->layers[i], "area_not_applied", 0, "the area of interest cannot be brought into its coordinates: all rows are packaged");
	return has > 0;
}

/* QGIS takes the type of a table of any type from its first row, which may be one that the area of interest leaves out. */
static OGRwkbGeometryType leading_type(const struct fp_package *p, const struct fp_group *g)
{
	int64_t seen = fp_json_int(g->layers[0]->verdict, "wkb_type", 0);
	int filtered = !g->all && g->filters.n > 0;

	return g->geometry == wkbUnknown && p->project->area_only && !filtered && seen > 0 && seen != wkbNone ? (OGRwkbGeometryType)seen : wkbUnknown;
}

static enum fp_status open_again(struct fp_rows **out, struct fp_package *p, struct fp_group *g, struct fp_error *err)
{
	struct fp_rows_wanted wanted = {.filters = g->all || g->filters.n == 0 ? NULL : &g->filters};
	enum fp_status st;

	wanted.has_rect = area_of(wanted.rect, p, g);
	st = fp_rows_open(out, p, g->layers[0], &wanted, err);
	if (st == FP_E_INVALID && wanted.filters) { /* filters that are none for this source hide everything there, and stay */
		for (size_t i = 0; i < g->n_layers; i++)
			fp_package_warn(p, g->layers[i], "filter_kept", 0, "its filter is none for this source: all rows are packaged, and the filter stays");
		wanted.filters = NULL;
		st = fp_rows_open(out, p, g->layers[0], &wanted, err);
	}
	if (st == FP_OK && (*out)->n_columns != g->n_columns)
		st = fp_fail(err, FP_E_CONFLICT, "its columns changed while it was packaged");
	return st;
}

static int64_t count_of(const json_t *skipped)
{
	const json_t *entry;
	int64_t n = 0;
	size_t i;

	json_array_foreach(skipped, i, entry)
		n += fp_json_int(entry, "count", 0);
	return n;
}

static void warn_of_rows(struct fp_package *p, const struct fp_group *g, const struct fp_pack_table *t, const struct fp_gpkg_loaded *got)
{
	const json_t *entry;
	size_t i;

	for (size_t k = 0; k < g->n_layers; k++) {
		json_array_foreach(t->skipped, i, entry)
			fp_package_warn(p, g->layers[k], "skipped_rows", fp_json_int(entry, "count", 0), "%s", fp_json_str_or(entry, "reason", ""));
		if (got->damaged > 0)
			fp_package_warn(p, g->layers[k], "damaged_geometry", got->damaged, "geometries that nobody can read are left out, their rows are not");
		if (got->misfits > 0)
			fp_package_warn(p, g->layers[k], "mixed_geometry", got->misfits, "geometries are of another type than the layer: they are packaged as they are");
	}
}

/* The table of a group with DROP has the matching rows only. A filter that all of them pass here stays for the rows to come; any other goes. */
static void settle_filter(struct fp_gpkg *w, struct fp_package *p, const struct fp_group *g)
{
	int stays = g->try_filter && fp_gpkg_passes(w, g->name, g->filters.items[0]);

	for (size_t i = 0; i < g->n_layers; i++) {
		struct fp_pack_layer *l = g->layers[i];
		char *bare = l->datasource, *filter;
		if (!stays) {
			fp_package_warn(p, l, "filter_dropped", 0, "its filter works in the source only: the package has the matching rows, and no filter");
			continue;
		}
		filter = fp_group_filter(l->def);
		l->datasource = fp_asprintf("%s|subset=%s", bare, filter);
		free(filter);
		free(bare);
	}
}

/* Every row that was read is either written or told of. */
static enum fp_status settle(struct fp_package *p, const struct fp_group *g, struct fp_gpkg_loaded *got, const json_t *not_given, struct fp_error *err)
{
	struct fp_pack_table *t = &p->tables[g->table];
	const json_t *entry;
	int64_t skipped;
	size_t i;

	json_array_foreach(not_given, i, entry)
		fp_rows_skip(&got->skipped, fp_json_str_or(entry, "reason", ""), fp_json_int(entry, "count", 0));
	skipped = count_of(got->skipped);
	t->read = got->read + count_of(not_given);
	t->written = got->written;
	t->skipped = got->skipped;
	got->skipped = NULL;
	memcpy(t->extent, got->extent, sizeof t->extent);
	if (t->read != t->written + skipped)
		return fp_fail(err, FP_E_INVALID, "%lld of its %lld rows vanished on the way into the package", (long long)(t->read - t->written - skipped),
			(long long)t->read);
	if (t->read > 0 && t->written == 0)
		return fp_fail(err, FP_E_INVALID, "none of its %lld rows could be written: %s", (long long)t->read,
			fp_json_str_or(json_array_get(t->skipped, 0), "reason", "no reason is known"));
	warn_of_rows(p, g, t, got);
	return FP_OK;
}

static enum fp_status load(struct fp_gpkg *w, struct fp_package *p, struct fp_group *g, struct progress *progress, struct fp_error *err)
{
	struct fp_gpkg_loaded got = {.tick = tick, .arg = progress};
	struct fp_gpkg_table t = definition(g);
	struct fp_rows *rows = NULL;
	enum fp_status st = open_again(&rows, p, g, err);

	t.lead = leading_type(p, g);
	if (st == FP_OK)
		st = fp_gpkg_load(w, &t, rows, &got, err);
	if (st == FP_OK)
		st = settle(p, g, &got, rows->skipped, err);
	if (st == FP_OK && g->drop)
		settle_filter(w, p, g);
	if (st != FP_OK)
		fp_group_name_error(err, g);
	progress->before += got.read;
	json_decref(got.skipped);
	fp_rows_free(rows);
	return st;
}

static int is_wanted(const struct fp_group *g)
{
	return !g->refused && g->n_layers > 0;
}

static enum fp_status write_all(struct fp_gpkg *w, struct fp_package *p, struct fp_groups *gs, int64_t about, struct fp_error *err)
{
	struct progress progress = {.p = p, .total = about, .last_ms = fp_monotonic_ms()};
	enum fp_status st = FP_OK;

	for (size_t i = 0; st == FP_OK && i < gs->n; i++)
		if (is_wanted(&gs->items[i]))
			st = declare(w, p, gs, &gs->items[i], err);
	if (st == FP_OK)
		st = fp_gpkg_begin(w, err);
	for (size_t i = 0; st == FP_OK && i < gs->n; i++)
		if (is_wanted(&gs->items[i]))
			st = load(w, p, &gs->items[i], &progress, err);
	if (st == FP_OK && p->progress)
		p->progress(p->arg, progress.before, progress.before);
	return st == FP_OK ? fp_gpkg_finish(w, err) : st;
}

static enum fp_status write_file(struct fp_package *p, struct fp_groups *gs, struct fp_error *err)
{
	char *part = fp_path_join(p->output, PART), *path = fp_path_join(p->output, FP_PACKAGE_DATA);
	struct fp_gpkg *w = NULL;
	int64_t about = 0;
	enum fp_status st;

	for (size_t i = 0; i < gs->n; i++)
		about += is_wanted(&gs->items[i]) ? gs->items[i].about : 0;
	st = fp_gpkg_new(&w, part, p->scratch, about, err);
	if (st == FP_OK)
		st = write_all(w, p, gs, about, err);
	fp_gpkg_free(w);
	if (st == FP_OK && rename(part, path) != 0)
		st = fp_fail_errno(err, errno, "cannot write " FP_PACKAGE_DATA);
	if (st == FP_OK) /* whoever publishes it waits for the disk */
		fp_fs_sync_soon(path);
	else
		unlink(part);
	free(part);
	free(path);
	return st;
}

enum fp_status fp_package_data(struct fp_package *p, struct fp_error *err)
{
	struct fp_gdal_messages messages;
	struct fp_groups gs;
	enum fp_status st;
	int any = 0;

	fp_gdal_collect(&messages, p->project->root);
	fp_groups_make(&gs, p);
	st = fp_groups_describe(&gs, p, err);
	for (size_t i = 0; i < gs.n; i++)
		any |= is_wanted(&gs.items[i]);
	if (st == FP_OK && any)
		st = write_file(p, &gs, err);
	fp_groups_clear(&gs);
	fp_kept_forget();
	fp_gdal_collect_end();
	fp_strv_free(&messages.texts);
	return st;
}
