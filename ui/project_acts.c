#include "ui/project_acts.h"

#include <stdlib.h>
#include <string.h>

#include "engine/queue/queue.h"
#include "engine/store/projects.h"
#include "ui/actions.h"
#include "ui/app.h"

static const struct { enum fp_job_type type; const char *label, *trigger; } wishes[] = {
	{ FP_JOB_PROCESS_PROJECTFILE, "Check project layers now", "manual" }, { FP_JOB_DELTA_APPLY, "Apply pending changes", "apply pending" },
	{ FP_JOB_PACKAGE, "Make a package", "manual" },
};

void fp_project_menu(struct fp_console *c, struct fp_menu *m, const char *id, const char *name)
{
	snprintf(c->wish_project, sizeof c->wish_project, "%s", id);
	m->title = fp_asprintf(" %s ", name);
	for (size_t i = 0; i < sizeof wishes / sizeof *wishes; i++)
		fp_menu_add(m, (int)i, wishes[i].label, c->read_only ? "read-only" : NULL);
}

static unsigned wish(struct fp_console *c, const char *project_id, size_t i)
{
	struct fp_trigger t = {0};
	struct fp_error err;

	if (fp_queue_trigger(c->store, &t, project_id, wishes[i].type, wishes[i].trigger, c->who, &err))
		return fp_show_error(c, &err);
	if (t.job_id == 0)
		return fp_complain(c, "%s", t.sentence);
	fp_note(c, "Job %lld (%s) waits for its turn; 3 shows the jobs.", (long long)t.job_id, fp_job_type_word(wishes[i].type));
	return FP_DO_RELOAD;
}

void fp_project_menu_here(struct fp_console *c, struct fp_view *v, struct fp_menu *m)
{
	fp_project_menu(c, m, v->project, v->project_name);
}

unsigned fp_project_chosen(struct fp_console *c, struct fp_view *v, int item)
{
	(void)v;
	return wish(c, c->wish_project, (size_t)item);
}

/* The project that ARG names, else the one that is open or under the cursor. */
static unsigned wish_for(struct fp_console *c, const char *arg, size_t i)
{
	struct fp_view *v = fp_top(c);
	char id[FP_UUID_SIZE];
	struct fp_error err;

	if (*arg) {
		if (fp_project_find(c->store, id, arg, &err))
			return fp_show_error(c, &err);
		return wish(c, id, i);
	}
	if (*v->project)
		return wish(c, v->project, i);
	if ((v->ops->context & FP_IN_PROJECTS) && v->key)
		return wish(c, v->key, i);
	return fp_complain(c, "Of which project? Open it first, or name it.");
}

unsigned fp_act_check(struct fp_console *c, const char *arg)
{
	return wish_for(c, arg, 0);
}

unsigned fp_act_apply_pending(struct fp_console *c, const char *arg)
{
	return wish_for(c, arg, 1);
}

unsigned fp_act_make_package(struct fp_console *c, const char *arg)
{
	return wish_for(c, arg, 2);
}
