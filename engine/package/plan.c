#include "engine/package/plan.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/base/fs.h"
#include "engine/base/path.h"
#include "engine/base/text.h"
#include "engine/layers/gate.h"

static void take(struct fp_pack_plan *plan, const char *name, const char *from)
{
	char *folded = fp_text_fold(name);

	json_object_set_new(plan->taken, folded, json_string_nocheck(from));
	free(folded);
}

void fp_plan_init(struct fp_pack_plan *plan, struct fp_package *p)
{
	char *project = fp_asprintf("%s_qfield.qgz", p->stem);

	*plan = (struct fp_pack_plan){.p = p, .taken = json_object(), .groups = json_object()};
	take(plan, FP_PACKAGE_DATA, "");
	take(plan, project, "");
	free(project);
}

void fp_plan_clear(struct fp_pack_plan *plan)
{
	json_decref(plan->taken);
	json_decref(plan->groups);
	free(plan->seen);
}

/* Who has the name, NULL: nobody. A folder has it too. */
static const char *holder(const struct fp_pack_plan *plan, const char *name)
{
	char *folded = fp_text_fold(name);
	const char *from = json_string_value(json_object_get(plan->taken, folded));

	free(folded);
	return from;
}

int fp_plan_is_free(const struct fp_pack_plan *plan, const char *name, const char *from)
{
	const char *has = holder(plan, name);

	if (has && strcmp(has, from) != 0)
		return 0;
	for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
		char *folder = fp_strndup(name, (size_t)(slash - name));
		has = holder(plan, folder);
		free(folder);
		if (has && strcmp(has, "/") != 0) /* a file is called like the folder */
			return 0;
	}
	return 1;
}

/* Two projects in one folder, and QField takes the one that it finds first. */
static int is_other_project(const char *name)
{
	static const char *const ends[] = {".qgs", ".qgz", ".qgs~", ".qgz~"};

	for (size_t i = 0; i < sizeof ends / sizeof *ends && !strchr(name, '/'); i++)
		if (fp_path_has_suffix(name, ends[i]))
			return 1;
	return 0;
}

static int is_exact(const struct fp_package *p, const char *name)
{
	for (size_t i = 0; i < p->n_files; i++)
		if (strcmp(p->files[i].to, name) == 0)
			return 1;
	return 0;
}

static void add(struct fp_pack_plan *plan, const char *real, const char *name, int attachment, const struct stat *sb)
{
	struct fp_package *p = plan->p;

	if (p->n_files == plan->cap_seen) {
		plan->cap_seen = plan->cap_seen ? plan->cap_seen * 2 : 64;
		plan->seen = fp_realloc(plan->seen, plan->cap_seen, sizeof *plan->seen);
	}
	plan->seen[p->n_files] = (struct fp_pack_seen){sb->st_size, sb->st_mtim};
	FP_GROW(p->files, p->n_files, p->cap_files);
	p->files[p->n_files++] = (struct fp_pack_file){fp_strdup(real), fp_strdup(name), attachment};
	plan->total += sb->st_size;
	for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
		char *folder = fp_strndup(name, (size_t)(slash - name));
		take(plan, folder, "/");
		free(folder);
	}
}

enum fp_plan_answer fp_plan_file(struct fp_pack_plan *plan, const char *path, const char *name, int attachment)
{
	enum fp_plan_answer answer = FP_PLAN_YES;
	const char *has = fp_text_valid(name, strlen(name)) ? holder(plan, name) : NULL;
	char *real = NULL;
	struct stat sb;

	if (fp_name_check(name, NULL) != FP_OK || is_other_project(name) || fp_gate(&real, plan->p->project->root, path) != FP_GATE_PASS ||
			stat(real, &sb) != 0 || !S_ISREG(sb.st_mode)) {
		answer = FP_PLAN_NO;
	} else if (!has && fp_plan_is_free(plan, name, real)) {
		add(plan, real, name, attachment, &sb);
		take(plan, name, real);
	} else if (has && strcmp(has, real) == 0) {
		answer = FP_PLAN_YES; /* it is planned already */
	} else if (!has || !*has || strcmp(has, "/") == 0 || is_exact(plan->p, name)) {
		answer = FP_PLAN_NO;
	} else {
		add(plan, real, name, attachment, &sb);
		answer = FP_PLAN_SPELLING;
	}
	free(real);
	return answer;
}

const char *fp_plan_relative(const struct fp_pack_plan *plan, const char *path)
{
	const char *home = plan->p->project->home;
	size_t n = strlen(home);

	if (!fp_path_below(path, home) || strcmp(path, home) == 0)
		return NULL;
	return n == 1 ? path + 1 : path + n + 1;
}

struct tree {
	struct fp_pack_plan *plan;
	const char *path, *name;
	int attachment;
};

/* Its rows come with the database that it lies beside. */
static int is_journal(const char *path)
{
	static const char *const tails[] = {"-wal", "-shm", "-journal"};

	for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
		size_t n = strlen(path), k = strlen(tails[i]);
		if (n > k && strcmp(path + n - k, tails[i]) == 0)
			return 1;
	}
	return 0;
}

static enum fp_status plan_one(void *arg, const char *name, int regular, int64_t size, struct fp_error *err)
{
	struct tree *t = arg;
	char *from, *to;

	(void)regular; /* the gate follows links as far as they stay inside */
	(void)size;
	(void)err;
	if (fp_name_hidden(name) || is_journal(name))
		return FP_OK;
	from = fp_path_join(t->path, name);
	to = *t->name ? fp_path_join(t->name, name) : fp_strdup(name);
	if (fp_plan_file(t->plan, from, to, t->attachment) == FP_PLAN_SPELLING)
		fp_package_warn(t->plan->p, NULL, "case_clash", 1, "\"%s\" differs from another file only in case: a device may keep one of them", to);
	free(from);
	free(to);
	return FP_OK;
}

enum fp_status fp_plan_tree(struct fp_pack_plan *plan, const char *path, const char *name, int attachment, struct fp_error *err)
{
	struct tree t = {plan, path, name, attachment};

	return fp_fs_walk(path, plan_one, &t, err);
}
