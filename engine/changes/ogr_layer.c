#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/base/mem.h"
#include "engine/changes/target_ogr.h"

void RegisterOGRMEM(void); /* GDAL declares it for C++ only */

static struct fp_ogr_file *file_of(const struct fp_ogr_layer *l)
{
	return (struct fp_ogr_file *)l->target.file;
}

/* ---- finding ---- */

/* One pass over all features, a second over those that the filter shows. Only the key is kept. */
static enum fp_status index_pass(struct fp_ogr_layer *l, int hidden, struct fp_error *err)
{
	OGRFeatureH f;

	CPLErrorReset();
	OGR_L_ResetReading(l->work);
	while ((f = OGR_L_GetNextFeature(l->work))) {
		struct fp_value key = {0};
		fp_ogr_get(&key, f, l->target.key);
		fp_key_index_add(&l->index, &key, OGR_F_GetFID(f), hidden);
		if (OGR_F_GetFID(f) >= l->next_fid)
			l->next_fid = OGR_F_GetFID(f) + 1;
		fp_value_clear(&key);
		OGR_F_Destroy(f);
	}
	if (CPLGetLastErrorType() >= CE_Failure)
		return fp_fail(err, FP_E_REFUSED, "Cannot read layer: %s", fp_ogr_message(l->target.file, "unknown error"));
	return FP_OK;
}

static enum fp_status make_index(struct fp_ogr_layer *l, struct fp_error *err)
{
	enum fp_status st = index_pass(l, *l->filter != '\0', err);

	if (st == FP_OK && *l->filter) {
		CPLErrorReset();
		if (OGR_L_SetAttributeFilter(l->work, l->filter) != OGRERR_NONE)
			return fp_fail(err, FP_E_REFUSED, "Cannot start editing layer: its filter is broken: %s", fp_ogr_message(l->target.file, l->filter));
		st = index_pass(l, 0, err);
		OGR_L_SetAttributeFilter(l->work, NULL);
	}
	l->indexed = st == FP_OK;
	return st;
}

static enum fp_status find(struct fp_target *t, const char *text, int64_t *fid, int *n, int *hidden, struct fp_error *err)
{
	struct fp_ogr_layer *l = (struct fp_ogr_layer *)t;
	const struct fp_key_slot *s;
	size_t cursor = 0;
	int unseen = 0;

	*n = *hidden = 0;
	if (!l->indexed) {
		enum fp_status st = make_index(l, err);
		if (st != FP_OK)
			return st;
	}
	while (*n < 2 && (s = fp_key_index_next(&l->index, text, &cursor))) {
		OGRFeatureH f = OGR_L_GetFeature(l->work, s->fid);
		struct fp_value key = {0};

		if (!f)
			continue;
		fp_ogr_get(&key, f, t->key);
		if (fp_key_is(&key, text) && s->hidden) {
			unseen = 1;
		} else if (fp_key_is(&key, text)) {
			*fid = s->fid;
			(*n)++;
		}
		fp_value_clear(&key);
		OGR_F_Destroy(f);
	}
	*hidden = *n == 0 && unseen;
	return FP_OK;
}

static void take_feature(struct fp_feature *out, OGRFeatureH f)
{
	unsigned char *wkb;
	size_t n;

	for (size_t i = 0; i < out->n; i++)
		fp_ogr_get(&out->values[i], f, (int)i);
	wkb = fp_geom_wkb(OGR_F_GetGeometryRef(f), &n);
	fp_feature_set_wkb(out, wkb, n);
}

static enum fp_status read_feature(struct fp_target *t, int64_t fid, struct fp_feature *out, struct fp_error *err)
{
	struct fp_ogr_layer *l = (struct fp_ogr_layer *)t;
	OGRFeatureH f = OGR_L_GetFeature(l->work, fid);

	if (!f)
		return fp_fail(err, FP_E_NOTFOUND, "Unable to find feature");
	take_feature(out, f);
	OGR_F_Destroy(f);
	return FP_OK;
}

static enum fp_status each_feature(struct fp_target *t, fp_target_each *each, void *arg, struct fp_error *err)
{
	struct fp_ogr_layer *l = (struct fp_ogr_layer *)t;
	enum fp_status st = FP_OK;
	struct fp_feature out;
	OGRFeatureH f;

	if (*l->filter && OGR_L_SetAttributeFilter(l->work, l->filter) != OGRERR_NONE)
		return fp_fail(err, FP_E_REFUSED, "the layer's filter cannot be used: %s", fp_ogr_message(t->file, "the driver refused it"));
	fp_feature_init(&out, t->n_columns);
	OGR_L_ResetReading(l->work);
	while (st == FP_OK && (f = OGR_L_GetNextFeature(l->work))) {
		take_feature(&out, f);
		st = each(arg, OGR_F_GetFID(f), &out, err);
		OGR_F_Destroy(f);
	}
	fp_feature_clear(&out);
	OGR_L_SetAttributeFilter(l->work, NULL);
	return st;
}

/* ---- changing ---- */

static enum fp_status failed(struct fp_ogr_layer *l, struct fp_error *err)
{
	return fp_fail(err, FP_E_REFUSED, "Failed to commit changes: %s", fp_ogr_message(l->target.file, "the driver refused"));
}

/* Takes BEFORE over. */
static void remember(struct fp_ogr_layer *l, int64_t fid, OGRFeatureH before)
{
	struct fp_ogr_file *f = file_of(l);

	FP_GROW(f->undo, f->n_undo, f->cap_undo);
	f->undo[f->n_undo++] = (struct fp_ogr_undo){l, fid, before};
	if (f->format->overlay) {
		FP_GROW(l->touched, l->n_touched, l->cap_touched);
		l->touched[l->n_touched++] = fid;
	}
}

static void fill(struct fp_ogr_layer *l, OGRFeatureH o, const struct fp_feature *f, const char *set, int geometry)
{
	for (size_t i = 0; i < f->n; i++)
		if (set[i])
			fp_ogr_set(o, (int)i, &f->values[i], &l->target.columns[i]);
	if (geometry)
		OGR_F_SetGeometryDirectly(o, fp_geom_from_wkb(f->wkb, f->wkb_len));
}

static enum fp_status update(struct fp_target *t, int64_t fid, const struct fp_feature *f, const char *set, int geometry, struct fp_error *err)
{
	struct fp_ogr_layer *l = (struct fp_ogr_layer *)t;
	OGRFeatureH o = OGR_L_GetFeature(l->work, fid);
	OGRErr e;

	if (!o)
		return fp_fail(err, FP_E_NOTFOUND, "Unable to find feature");
	remember(l, fid, OGR_F_Clone(o));
	fill(l, o, f, set, geometry);
	CPLErrorReset();
	e = OGR_L_SetFeature(l->work, o);
	OGR_F_Destroy(o);
	if (e != OGRERR_NONE)
		return failed(l, err);
	if (set[t->key])
		fp_key_index_add(&l->index, &f->values[t->key], fid, 0);
	return FP_OK;
}

static enum fp_status insert(struct fp_target *t, const struct fp_feature *f, const char *set, int geometry, int64_t *fid, struct fp_error *err)
{
	struct fp_ogr_layer *l = (struct fp_ogr_layer *)t;
	OGRFeatureH o;
	OGRErr e;

	if (!l->indexed) {
		enum fp_status st = make_index(l, err);
		if (st != FP_OK)
			return st;
	}
	o = OGR_F_Create(OGR_L_GetLayerDefn(l->work));
	fill(l, o, f, set, geometry);
	for (int i = 0; i < OGR_F_GetFieldCount(o); i++)
		if (!OGR_F_IsFieldSet(o, i))
			OGR_F_SetFieldNull(o, i);
	if (!file_of(l)->format->numbers)
		OGR_F_SetFID(o, l->next_fid++); /* left to themselves, formats in memory begin at 0 and put the new one first */
	CPLErrorReset();
	e = OGR_L_CreateFeature(l->work, o);
	*fid = OGR_F_GetFID(o);
	OGR_F_Destroy(o);
	if (e != OGRERR_NONE)
		return failed(l, err);
	remember(l, *fid, NULL);
	fp_key_index_add(&l->index, &f->values[t->key], *fid, 0);
	return FP_OK;
}

static enum fp_status remove_feature(struct fp_target *t, int64_t fid, struct fp_error *err)
{
	struct fp_ogr_layer *l = (struct fp_ogr_layer *)t;
	OGRFeatureH before = OGR_L_GetFeature(l->work, fid);

	if (!before)
		return fp_fail(err, FP_E_NOTFOUND, "Unable to find feature");
	CPLErrorReset();
	if (OGR_L_DeleteFeature(l->work, fid) != OGRERR_NONE) {
		OGR_F_Destroy(before);
		return failed(l, err);
	}
	remember(l, fid, before);
	l->deleted = 1;
	return FP_OK;
}

enum fp_status fp_ogr_restore(const struct fp_ogr_undo *u, struct fp_error *err)
{
	struct fp_ogr_layer *l = u->layer;
	OGRErr e;

	CPLErrorReset();
	if (u->before) {
		e = OGR_L_SetFeature(l->work, u->before);
	} else {
		e = OGR_L_DeleteFeature(l->work, u->fid);
		l->deleted = 1;
	}
	return e == OGRERR_NONE ? FP_OK : fp_fail(err, FP_E_IO, "cannot take a change back: %s", fp_ogr_message(l->target.file, "unknown error"));
}

static void layer_free(struct fp_target *t)
{
	struct fp_ogr_layer *l = (struct fp_ogr_layer *)t;

	fp_key_index_free(&l->index);
	free(l->touched);
	free(l->filter);
	fp_target_clear(t);
	free(l);
}

static const struct fp_target_ops ops = {
	.find = find, .read = read_feature, .update = update, .insert = insert, .remove = remove_feature, .each = each_feature, .free = layer_free
};

/* ---- overlay ---- */

/* A copy in memory, feature numbers and all. */
static enum fp_status lay_over(struct fp_ogr_layer *l, struct fp_error *err)
{
	struct fp_ogr_file *file = file_of(l);
	OGRFeatureDefnH defn = OGR_L_GetLayerDefn(l->real);
	OGRFeatureH f;

	RegisterOGRMEM();
	if (!file->memory)
		file->memory = GDALCreate(GDALGetDriverByName("Memory"), "", 0, 0, 0, GDT_Unknown, NULL);
	l->work = file->memory ? GDALDatasetCreateLayer(file->memory, "work", NULL, OGR_L_GetGeomType(l->real), NULL) : NULL;
	if (!l->work)
		return fp_fail(err, FP_E_INTERNAL, "GDAL lacks its Memory driver");
	for (int i = 0; i < OGR_FD_GetFieldCount(defn); i++)
		OGR_L_CreateField(l->work, OGR_FD_GetFieldDefn(defn, i), 1);
	CPLErrorReset();
	OGR_L_ResetReading(l->real);
	while ((f = OGR_L_GetNextFeature(l->real))) {
		OGRFeatureH copy = OGR_F_Create(OGR_L_GetLayerDefn(l->work));
		OGR_F_SetFrom(copy, f, 1);
		OGR_F_SetFID(copy, OGR_F_GetFID(f));
		if (OGR_F_GetFID(f) > l->last_fid)
			l->last_fid = OGR_F_GetFID(f);
		if (OGR_L_CreateFeature(l->work, copy) != OGRERR_NONE)
			CPLError(CE_Failure, CPLE_AppDefined, "feature %lld is there twice", (long long)OGR_F_GetFID(f));
		OGR_F_Destroy(copy);
		OGR_F_Destroy(f);
	}
	if (CPLGetLastErrorType() >= CE_Failure)
		return fp_fail(err, FP_E_REFUSED, "Cannot start editing layer: %s", fp_ogr_message(l->target.file, "it cannot be read"));
	return FP_OK;
}

static int by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static OGRErr write_back(struct fp_ogr_layer *l, int64_t fid)
{
	OGRFeatureH now = OGR_L_GetFeature(l->work, fid), f;
	OGRErr e;

	if (!now)
		return fid > l->last_fid ? OGRERR_NONE : OGR_L_DeleteFeature(l->real, fid);
	f = OGR_F_Create(OGR_L_GetLayerDefn(l->real));
	OGR_F_SetFrom(f, now, 1);
	if (fid > l->last_fid) {
		e = OGR_L_CreateFeature(l->real, f);
	} else {
		OGR_F_SetFID(f, fid);
		e = OGR_L_SetFeature(l->real, f);
	}
	OGR_F_Destroy(f);
	OGR_F_Destroy(now);
	return e;
}

enum fp_status fp_ogr_layer_finish(struct fp_ogr_layer *l, struct fp_error *err)
{
	struct fp_ogr_file *file = file_of(l);

	CPLErrorReset();
	if (l->n_touched > 0)
		qsort(l->touched, l->n_touched, sizeof *l->touched, by_number);
	for (size_t i = 0; i < l->n_touched; i++) {
		if (i > 0 && l->touched[i] == l->touched[i - 1])
			continue;
		if (write_back(l, l->touched[i]) != OGRERR_NONE)
			return fp_fail(err, FP_E_IO, "cannot write %s: %s", file->file.name, fp_ogr_message(&file->file, "unknown error"));
	}
	if (file->format->repack && l->deleted) {
		char *sql = fp_asprintf("REPACK %s", OGR_L_GetName(l->real));
		GDALDatasetReleaseResultSet(file->ds, GDALDatasetExecuteSQL(file->ds, sql, NULL, NULL));
		free(sql);
		if (CPLGetLastErrorType() >= CE_Failure)
			return fp_fail(err, FP_E_IO, "cannot pack %s: %s", file->file.name, fp_ogr_message(&file->file, "unknown error"));
	}
	return FP_OK;
}

/* ---- opening ---- */

static void describe(struct fp_ogr_layer *l)
{
	OGRFeatureDefnH defn = OGR_L_GetLayerDefn(l->real);
	OGRwkbGeometryType type = OGR_L_GetGeomType(l->real);
	struct fp_geom_type *g = &l->target.geometry;

	for (int i = 0; i < OGR_FD_GetFieldCount(defn); i++)
		fp_ogr_column(&l->target, OGR_FD_GetFieldDefn(defn, i));
	g->flat = OGR_GT_Flatten(type);
	g->parts = file_of(l)->format->parts;
	g->grain = file_of(l)->format->grain;
	if (file_of(l)->format->plane) {
		g->z = g->m = FP_DIM_NO;
	} else if (g->parts) { /* the header says it for every shape; the others say what their features happen to have */
		g->z = OGR_GT_HasZ(type) ? FP_DIM_YES : FP_DIM_NO;
		g->m = OGR_GT_HasM(type) ? FP_DIM_YES : FP_DIM_NO;
	} else {
		g->z = g->m = FP_DIM_MAY;
	}
}

enum fp_status fp_ogr_open_layer(struct fp_file *f, struct fp_target **out, const char *layer, int index, const char *filter, struct fp_error *err)
{
	struct fp_ogr_file *file = (struct fp_ogr_file *)f;
	struct fp_ogr_layer *l;
	OGRLayerH real = layer ? GDALDatasetGetLayerByName(file->ds, layer) : GDALDatasetGetLayer(file->ds, index);
	enum fp_status st = FP_OK;

	if (!real)
		return layer ? fp_fail(err, FP_E_REFUSED, "Cannot start editing layer: the file has no layer \"%s\"", layer)
			: fp_fail(err, FP_E_REFUSED, "Cannot start editing layer: the file has no layer number %d", index);
	if (!OGR_L_TestCapability(real, OLCRandomWrite) || !OGR_L_TestCapability(real, OLCSequentialWrite) ||
			!OGR_L_TestCapability(real, OLCDeleteFeature))
		return fp_fail(err, FP_E_REFUSED, "Cannot start editing layer: GDAL can only read this %s file", file->format->driver);
	if (strncasecmp(filter, "SELECT ", 7) == 0)
		return fp_fail(err, FP_E_REFUSED, "Cannot start editing layer: its filter is a query of its own");
	l = fp_alloc(sizeof *l);
	l->target = (struct fp_target){.ops = &ops, .file = f, .key = -1};
	l->last_fid = -1;
	l->filter = fp_strdup(filter);
	l->real = l->work = real;
	describe(l);
	fp_target_find_key(&l->target, OGR_L_GetName(real));
	/* GeoJSON features without an id are numbered by reading, and otherwise by the memory layer that the first change makes of the file. A change
	 * that cannot be (no feature has that number) makes it now, so that numbers mean one thing from here on. */
	if (file->format->ingest && OGR_L_DeleteFeature(real, OGRNullFID) == OGRERR_NONE)
		st = fp_fail(err, FP_E_INTERNAL, "GDAL deleted a feature that cannot be");
	if (st == FP_OK && file->format->overlay)
		st = lay_over(l, err);
	if (st != FP_OK) {
		layer_free(&l->target);
		return st;
	}
	FP_GROW(file->layers, file->n_layers, file->cap_layers);
	file->layers[file->n_layers++] = l;
	*out = &l->target;
	return FP_OK;
}
