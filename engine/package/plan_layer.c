/* Where the files of one layer come to lie (section 3.6): at their place below the project's folder; what lies outside it comes flat, with all that goes with
 * it under one name. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/path.h"
#include "engine/layers/gate.h"
#include "engine/package/plan.h"

#define TRIES_MAX 1000

struct group {
	struct fp_pack_plan *plan;
	const char *path;        /* the file that the layer names */
	json_t *paths;           /* it and what goes with it, as keys */
	char *dir;               /* where it lies */
	size_t stem;             /* bytes of its base name that all of its side files begin with */
	const char *relative;    /* to the project's folder, NULL: outside */
};

/* Its name begins like the group's, in the same folder. */
static int shares_stem(const struct group *g, const char *path)
{
	const char *base = fp_path_base(path);
	size_t n = strlen(g->dir);

	return strncmp(path, g->dir, n) == 0 && path + n + 1 == base && strncmp(base, fp_path_base(g->path), g->stem) == 0;
}

/* The name of PATH, one of the group, with "_K" behind the common stem (K 0: nothing). NULL: it can have none. Caller frees. */
static char *name_of(const struct group *g, const char *path, int k)
{
	const char *base = fp_path_base(path), *relative = fp_plan_relative(g->plan, path);
	int folder = g->relative ? (int)(fp_path_base(g->relative) - g->relative) : 0;

	if (shares_stem(g, path)) {
		if (!k)
			return fp_asprintf("%.*s%s", folder, g->relative ? g->relative : "", base);
		return fp_asprintf("%.*s%.*s_%d%s", folder, g->relative ? g->relative : "", (int)g->stem, base, k, base + g->stem);
	}
	if (g->relative)
		return fp_strdup_null(relative);
	return fp_path_below(path, g->dir) ? fp_strdup(path + strlen(g->dir) + 1) : NULL;
}

/* 1 when all that shares the stem can have its name. */
static int fits(const struct group *g, int k)
{
	const char *path;
	json_t *any;
	int good = 1;

	json_object_foreach (g->paths, path, any) {
		char *real = NULL, *name;
		if (!good || !shares_stem(g, path) || fp_gate(&real, g->plan->p->project->root, path) != FP_GATE_PASS)
			continue;
		name = name_of(g, path, k);
		good = fp_plan_is_free(g->plan, name, real);
		free(name);
		free(real);
	}
	return good;
}

static void plan_group(const struct group *g, struct fp_pack_layer *l, int k)
{
	struct fp_package *p = g->plan->p;
	const char *path;
	json_t *any;

	json_object_foreach (g->paths, path, any) {
		const char *relative = fp_plan_relative(g->plan, path);
		char *name = name_of(g, path, k);
		enum fp_plan_answer answer = name ? fp_plan_file(g->plan, path, name, 0) : FP_PLAN_NO;
		if (!relative)
			relative = fp_path_base(path);
		if (answer == FP_PLAN_NO && access(path, F_OK) == 0)
			fp_package_warn(p, l, "not_copied", 1, "\"%s\" belongs to it and is not in the package: it lies where it cannot be copied from",
				relative);
		else if (answer == FP_PLAN_SPELLING)
			fp_package_warn(p, l, "case_clash", 1, "\"%s\" differs from another file only in case: a device may keep one of them", relative);
		free(name);
	}
}

static void plan_file(char **name, struct fp_pack_plan *plan, struct fp_pack_layer *l, const struct fp_pack_source *s)
{
	int raster = strcmp(l->def->type, "raster") == 0, k = 0;
	struct group g = {.plan = plan, .path = s->path, .dir = fp_path_dir(s->path), .relative = fp_plan_relative(plan, s->path), .paths = json_object()};
	const char *base = fp_path_base(s->path), *dot = strrchr(base, '.');

	g.stem = dot && dot > base ? (size_t)(dot - base) : strlen(base);
	json_object_set_new_nocheck(g.paths, s->path, json_true());
	fp_sidecars(g.paths, s->path, raster);
	fp_sidecars_of_gdal(g.paths, plan->p, s, raster);
	while (k < TRIES_MAX && !fits(&g, k))
		k++;
	*name = name_of(&g, s->path, k);
	plan_group(&g, l, k);
	if (k)
		fp_package_warn(plan->p, l, "renamed", 1, "\"%s\" is called \"%s\" in the package", base, *name);
	if (!g.relative)
		fp_package_warn(plan->p, l, "outside_copied", 1, "its file lies outside the project's folder: it comes into the package as \"%s\"", *name);
	json_decref(g.paths);
	free(g.dir);
}

static enum fp_status plan_folder(char **name, struct fp_pack_plan *plan, struct fp_pack_layer *l, const char *path, struct fp_error *err)
{
	const char *relative = fp_plan_relative(plan, path), *base = fp_path_base(path), *dot = strrchr(base, '.');
	int stem = (int)(dot && dot > base ? (size_t)(dot - base) : strlen(base));

	*name = fp_strdup(relative ? relative : base);
	for (int k = 1; !relative && k < TRIES_MAX && !fp_plan_is_free(plan, *name, ""); k++) {
		free(*name);
		*name = fp_asprintf("%.*s_%d%s", stem, base, k, base + stem);
	}
	if (!relative)
		fp_package_warn(plan->p, l, "outside_copied", 1, "its folder lies outside the project's: it comes into the package as \"%s\"", *name);
	return fp_plan_tree(plan, path, *name, 0, err);
}

/* The folder that is to be copied for S, NULL: its file alone. Caller frees. */
static char *folder_of(const struct fp_pack_plan *plan, const struct fp_pack_source *s, int is_folder)
{
	char *dir = is_folder ? fp_strdup(s->path) : fp_path_dir(s->path);

	if (is_folder || (s->whole_folder && !fp_path_below(plan->p->project->home, dir)))
		return dir;
	free(dir);
	return NULL;
}

static enum fp_status plan_what(char **name, struct fp_pack_plan *plan, struct fp_pack_layer *l, const struct fp_pack_source *s, struct fp_error *err)
{
	char *folder, *as = NULL;
	enum fp_status st;
	struct stat sb;

	if (stat(s->path, &sb) != 0)
		return fp_fail(err, FP_E_CONFLICT, "the file \"%s\" of layer \"%s\" has vanished while the project was packaged", fp_path_base(s->path),
			l->def->name);
	folder = folder_of(plan, s, S_ISDIR(sb.st_mode));
	if (!folder) {
		plan_file(name, plan, l, s);
		return FP_OK;
	}
	st = plan_folder(&as, plan, l, folder, err);
	*name = S_ISDIR(sb.st_mode) ? fp_strdup(as) : fp_path_join(as, fp_path_base(s->path));
	free(as);
	free(folder);
	return st;
}

enum fp_status fp_plan_layer(char **name, struct fp_pack_plan *plan, struct fp_pack_layer *l, const struct fp_pack_source *s, struct fp_error *err)
{
	const char *known = json_string_value(json_object_get(plan->groups, s->path));
	enum fp_status st;

	*name = fp_strdup_null(known);
	if (known)
		return FP_OK;
	st = plan_what(name, plan, l, s, err);
	if (st == FP_OK && *name)
		json_object_set_new(plan->groups, s->path, json_string(*name));
	return st;
}
