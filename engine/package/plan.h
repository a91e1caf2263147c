/* Between the files of this room that copy: what is to be copied, under names that clash nowhere. */
#ifndef FP_PACKAGE_PLAN_H
#define FP_PACKAGE_PLAN_H

#include <stdint.h>
#include <time.h>

#include "engine/package/package.h"
#include "engine/package/sources.h"

/* What a planned file was when it was planned. */
struct fp_pack_seen {
	int64_t size;
	struct timespec changed;
};

struct fp_pack_plan {
	struct fp_package *p;
	json_t *taken;              /* folded name in the package: where it comes from, "" for what others write and for folders; owned */
	json_t *groups;             /* absolute path of a data file or folder: its name in the package; owned */
	struct fp_pack_seen *seen;  /* parallel to p->files */
	size_t cap_seen;
	int64_t total;              /* bytes */
};
void fp_plan_init(struct fp_pack_plan *plan, struct fp_package *p);
void fp_plan_clear(struct fp_pack_plan *plan);

/* 1 when NAME can hold what is at FROM: nothing else has it, also on a device that does not tell "A" from "a". */
int fp_plan_is_free(const struct fp_pack_plan *plan, const char *name, const char *from);

/* Plans the file PATH as NAME. 0: it is not there, no file, outside the upload, or the name is somebody else's. FP_PLAN_SPELLING: only the case of the name
 * tells it from another, and it is planned all the same, for something else refers to it by that name. */
enum fp_plan_answer { FP_PLAN_NO, FP_PLAN_YES, FP_PLAN_SPELLING };
enum fp_plan_answer fp_plan_file(struct fp_pack_plan *plan, const char *path, const char *name, int attachment);

/* Plans every file below the folder PATH as NAME/..., without what is hidden, what SQLite left behind and other projects. */
enum fp_status fp_plan_tree(struct fp_pack_plan *plan, const char *path, const char *name, int attachment, struct fp_error *err);

/* 1 when the file or folder that L names lies in the upload; a folder that the project itself lies in is too much (decide.c). */
int fp_plan_is_ours(const struct fp_package *p, const struct fp_layer_def *l);

/* PATH relative to the project's folder; NULL: it is not below it. Borrowed from PATH. */
const char *fp_plan_relative(const struct fp_pack_plan *plan, const char *path);

/* Plans the file or folder that layer L names and all that goes with it. *NAME is where it is in the package; caller frees. */
enum fp_status fp_plan_layer(char **name, struct fp_pack_plan *plan, struct fp_pack_layer *l, const struct fp_pack_source *s, struct fp_error *err);

/* Adds, as keys, the absolute paths of the files that go with the file PATH: its side files, and of a VRT the files that it is made of, with theirs. */
void fp_sidecars(json_t *paths, const char *path, int raster);
/* The same of what GDAL says. */
void fp_sidecars_of_gdal(json_t *paths, const struct fp_package *p, const struct fp_pack_source *s, int raster);

/* Plans pictures that attributes of the project's XML name. */
enum fp_status fp_plan_symbols(struct fp_pack_plan *plan, struct fp_error *err);

/* Copies what is planned. */
enum fp_status fp_plan_copy(struct fp_pack_plan *plan, struct fp_error *err);

#endif
