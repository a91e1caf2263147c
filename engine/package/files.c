/* What lies in a package beside data.gpkg and the project (section 2): first all of it gets its name, then it is copied. */
#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/base/path.h"
#include "engine/base/text.h"
#include "engine/layers/gate.h"
#include "engine/package/plan.h"
#include "engine/project/source.h"

/* Plans FROM, a file of the project's folder, as TO. */
static void plan_home_file(struct fp_pack_plan *plan, const char *from, const char *to)
{
	char *path = fp_path_join(plan->p->project->home, from);

	fp_plan_file(plan, path, to, 0);
	free(path);
}

/* The language of "trees_fr.qm" when STEM is "trees"; NULL: it is no such file. */
static const char *language_of(const char *name, const char *stem)
{
	size_t n = strlen(stem);
	const char *p = name + n;

	if (strncmp(name, stem, n) != 0 || p[0] != '_' || !isalpha((unsigned char)p[1]) || !isalpha((unsigned char)p[2]) || strcmp(p + 3, ".qm") != 0)
		return NULL;
	return p + 1;
}

/* The project's plugin and its translations follow the project's new name. */
static void plan_plugin(struct fp_pack_plan *plan)
{
	const struct fp_package *p = plan->p;
	char *from = fp_asprintf("%s.qml", p->stem), *to = fp_asprintf("%s_qfield.qml", p->stem);
	struct dirent **list = NULL;
	int n = scandir(p->project->home, &list, NULL, alphasort);

	plan_home_file(plan, from, to);
	for (int i = 0; i < n; i++) {
		const char *language = language_of(list[i]->d_name, p->stem);
		if (language) {
			char *name = fp_asprintf("%s_qfield_%s", p->stem, language);
			plan_home_file(plan, list[i]->d_name, name);
			free(name);
		}
		free(list[i]);
	}
	free(list);
	free(from);
	free(to);
}

static void plan_decoration(struct fp_pack_plan *plan)
{
	const struct fp_package *p = plan->p;
	char *path, *folded;
	const char *relative;

	if (!*p->project->image)
		return;
	path = fp_source_resolve(p->project->home, p->project->image);
	folded = *path == '/' ? fp_path_fold(path) : fp_path_join(p->project->home, path);
	relative = fp_plan_relative(plan, folded);
	if (relative && fp_plan_file(plan, folded, relative, 0) != FP_PLAN_NO && *p->project->image == '/') {
		char *to = fp_asprintf("./%s", relative);
		json_object_set_new(p->replaced, p->project->image, json_string(to));
		free(to);
	}
	free(path);
	free(folded);
}

/* A layer whose rows are in data.gpkg and whose file is shipped for the sake of another. */
static void warn_of_whole_file(struct fp_package *p, struct fp_pack_layer *copied, const struct fp_pack_source *s)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n_layers; i++) {
		struct fp_pack_source other;
		if (p->layers[i].action != FP_PACK_OFFLINE || !fp_pack_source_find(&other, p->layers[i].def))
			continue;
		n += strcmp(other.path, s->path) == 0;
		fp_pack_source_clear(&other);
	}
	if (n)
		fp_package_warn(p, copied, "ships_whole_file", (int64_t)n, "all of \"%s\" is in the package, with the table%s of %zu layer%s offline",
			fp_path_base(s->path), fp_text_s((int64_t)n), n, n == 1 ? " that is" : "s that are");
}

/* 1 when PATH leaves the folder that it is relative to, be it only to come back: in the package that folder has another name. */
static int leaves(const char *path)
{
	int depth = 0;

	for (const char *p = path; *p && depth >= 0; p += strcspn(p, "/"), p += strspn(p, "/")) {
		size_t n = strcspn(p, "/");
		if (n == 2 && strncmp(p, "..", 2) == 0)
			depth--;
		else if (n > 1 || *p != '.')
			depth++;
	}
	return depth < 0;
}

/* 1 when a source that says WRITTEN finds NAME in the package. */
static int leads_to(const char *written, const char *name)
{
	char *joined = fp_path_join("/", written), *folded = fp_path_fold(joined);
	int does = *written != '/' && !leaves(written) && strcmp(folded + 1, name) == 0;

	free(joined);
	free(folded);
	return does;
}

static enum fp_status plan_layer(struct fp_pack_plan *plan, struct fp_pack_layer *l, struct fp_error *err)
{
	struct fp_pack_source s;
	enum fp_status st;
	char *name = NULL;

	if (!fp_pack_source_find(&s, l->def))
		return FP_OK;
	st = fp_plan_layer(&name, plan, l, &s, err);
	if (st == FP_OK) {
		if (!leads_to(s.written, name))
			l->datasource = fp_pack_source_with(&s, l->def->datasource, name);
		warn_of_whole_file(plan->p, l, &s);
	}
	free(name);
	fp_pack_source_clear(&s);
	return st;
}

static enum fp_status plan_layers(struct fp_pack_plan *plan, struct fp_error *err)
{
	enum fp_status st = FP_OK;

	for (size_t i = 0; i < plan->p->n_layers && st == FP_OK; i++)
		if (plan->p->layers[i].action == FP_PACK_COPY)
			st = plan_layer(plan, &plan->p->layers[i], err);
	return st;
}

/* A folder below the project's, if it is there. */
static enum fp_status plan_dir(struct fp_pack_plan *plan, const char *dir, int attachment, struct fp_error *err)
{
	char *joined = fp_path_join(plan->p->project->home, dir), *path = fp_path_fold(joined), *real = NULL;
	const char *relative = *dir == '/' ? NULL : fp_plan_relative(plan, path);
	enum fp_status st = FP_OK;
	struct stat sb;

	if (!relative)
		fp_package_warn(plan->p, NULL, "not_copied", 1, "the folder \"%s\" is not below the project's and is not in the package", dir);
	else if (fp_gate(&real, plan->p->project->root, path) == FP_GATE_PASS && stat(real, &sb) == 0 && S_ISDIR(sb.st_mode))
		st = fp_plan_tree(plan, path, relative, attachment, err);
	free(real);
	free(joined);
	free(path);
	return st;
}

static enum fp_status plan_dirs(struct fp_pack_plan *plan, struct fp_error *err)
{
	static const char *const fonts[] = {"fonts", ".fonts"};
	const struct fp_project *project = plan->p->project;
	enum fp_status st = FP_OK;

	for (size_t i = 0; i < sizeof fonts / sizeof *fonts && st == FP_OK; i++)
		st = plan_dir(plan, fonts[i], 0, err);
	for (size_t i = 0; i < project->attachment_dirs.n && st == FP_OK && !plan->p->skip_attachments; i++)
		st = plan_dir(plan, project->attachment_dirs.items[i], 1, err);
	for (size_t i = 0; i < project->data_dirs.n && st == FP_OK; i++)
		st = plan_dir(plan, project->data_dirs.items[i], 0, err);
	return st;
}

enum fp_status fp_package_copy(struct fp_package *p, struct fp_error *err)
{
	struct fp_pack_plan plan;
	enum fp_status st;

	fp_plan_init(&plan, p);
	plan_plugin(&plan);
	plan_decoration(&plan);
	st = plan_layers(&plan, err);
	if (st == FP_OK)
		st = fp_plan_symbols(&plan, err);
	if (st == FP_OK)
		st = plan_dirs(&plan, err);
	if (st == FP_OK)
		st = fp_plan_copy(&plan, err);
	fp_plan_clear(&plan);
	return st;
}
