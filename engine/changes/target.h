/* What changes are applied to: one open file and the layers in it, behind one small set of operations. GeoPackages, SpatiaLite and
 * other SQLite files are written through SQLite itself (target_sqlite.c), other files through OGR (target_ogr.c). Worker only. */
#ifndef FP_CHANGES_TARGET_H
#define FP_CHANGES_TARGET_H

#include <stdint.h>

#include "engine/base/error.h"
#include "engine/base/fs.h"
#include "engine/changes/geometry.h"
#include "engine/changes/value.h"

/* One feature: a value a column, and its geometry as ISO WKB (NULL: none). */
struct fp_feature {
	struct fp_value *values;
	size_t n;
	unsigned char *wkb;
	size_t wkb_len;
};
void fp_feature_init(struct fp_feature *f, size_t n);
void fp_feature_copy(struct fp_feature *to, const struct fp_feature *from); /* TO is cleared first */
void fp_feature_clear(struct fp_feature *f);
void fp_feature_set_wkb(struct fp_feature *f, unsigned char *wkb, size_t n);   /* takes WKB over */

/* SHA-256 over the geometry's WKB and the typed values, in hex. */
void fp_feature_hash(char out[FP_SHA256_HEX], const struct fp_feature *f);

/* Statuses of the operations below. FP_E_REFUSED: this change is impossible and the data are as before it (the message is the driver's own);
 * FP_E_NOTFOUND: no such feature; anything else: the job cannot go on. */

struct fp_target {
	const struct fp_target_ops *ops;
	struct fp_file *file;        /* borrowed: the file it lies in */
	struct fp_column *columns;   /* owned */
	size_t n_columns;
	int key;                     /* column by which changes name features, -1: none */
	char *key_fault;             /* why there is none: the reference's sentence */
	struct fp_geom_type geometry;
	int database;                /* what it holds after a change may be other than what was written: its triggers work at that */
	char *note;                  /* what a reader of the last change should know, a sentence; owned, taken by who tells it */
};

typedef enum fp_status fp_target_each(void *arg, int64_t fid, const struct fp_feature *f, struct fp_error *err);

struct fp_target_ops {
	/* The feature whose key equals TEXT (spec/deltas.md 3.3) and that the layer's filter does not hide. *N is how many match: 0, 1, 2 (or more);
	 * *HIDDEN: there is one, but the filter hides it. */
	enum fp_status (*find)(struct fp_target *t, const char *text, int64_t *fid, int *n, int *hidden, struct fp_error *err);
	/* OUT has been initialised with n_columns. */
	enum fp_status (*read)(struct fp_target *t, int64_t fid, struct fp_feature *out, struct fp_error *err);
	/* Writes the columns that SET marks (one byte a column) and, when GEOMETRY, the geometry. */
	enum fp_status (*update)(struct fp_target *t, int64_t fid, const struct fp_feature *f, const char *set, int geometry, struct fp_error *err);
	/* Columns not in SET get the table's default. A key in SET must be free, else FP_E_REFUSED. */
	enum fp_status (*insert)(struct fp_target *t, const struct fp_feature *f, const char *set, int geometry, int64_t *fid, struct fp_error *err);
	enum fp_status (*remove)(struct fp_target *t, int64_t fid, struct fp_error *err);
	/* Every feature that the filter does not hide, in any order, until EACH returns another status than FP_OK. F is borrowed. */
	enum fp_status (*each)(struct fp_target *t, fp_target_each *each, void *arg, struct fp_error *err);
	void (*free)(struct fp_target *t);
};

struct fp_file {
	const struct fp_file_ops *ops;
	char *name;     /* within the project */
	char *path;     /* the copy that is worked on */
	int written;    /* some change has reached it */
};

/* A transaction in a database, as fp_apply_finish() tells of it. */
struct fp_transaction {
	char database[160];  /* which database, as it says itself: "parks on 7309…" */
	char txid[24];       /* txid_current(), "" when nothing was written */
};

struct fp_file_ops {
	/* The layer named LAYER, or the one at INDEX when it is NULL. FILTER is "" or the layer's subset. NULL: a database, see target_pg.h. */
	enum fp_status (*open_layer)(struct fp_file *f, struct fp_target **out, const char *layer, int index, const char *filter, struct fp_error *err);
	/* A mark before each change; back to it when the change failed, or on from it. */
	enum fp_status (*mark)(struct fp_file *f, struct fp_error *err);
	enum fp_status (*back)(struct fp_file *f, struct fp_error *err);
	enum fp_status (*on)(struct fp_file *f, struct fp_error *err);
	/* Everything since the file was opened becomes part of it, and it is closed. Of a database: FP_E_REFUSED when it took all of it back, FP_E_IO when
	 * the connection broke before (nothing of it is there), FP_E_UNKNOWN when it cannot be said (it broke while it committed). */
	enum fp_status (*commit)(struct fp_file *f, struct fp_error *err);
	/* Databases; NULL: it is a file. */
	enum fp_status (*transaction)(struct fp_file *f, struct fp_transaction *out, struct fp_error *err);
	void (*free)(struct fp_file *f); /* what was not committed is gone */
};

enum fp_status fp_sqlfile_open(struct fp_file **out, const char *path, struct fp_error *err);
/* The same for reading only, where it lies: nothing is written, and no trigger runs. FP_E_INVALID: it is no database. */
enum fp_status fp_sqlfile_open_reading(struct fp_file **out, const char *path, struct fp_error *err);
/* 1: an SQLite file, by its first bytes. */
int fp_sqlfile_is(const char *path);
enum fp_status fp_ogr_open(struct fp_file **out, const char *path, struct fp_error *err);

/* What the implementations share. */
struct fp_column *fp_target_add_column(struct fp_target *t, const char *name, enum fp_kind kind);
int fp_target_column(const struct fp_target *t, const char *name); /* exact name; -1 when there is none */
void fp_target_find_key(struct fp_target *t, const char *layer);   /* falls back to a column named fid, else sets key_fault */
void fp_target_clear(struct fp_target *t);

#endif
