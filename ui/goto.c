/* Going to a view by key or by name, and the `:` line with its completion. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/store/changes.h"
#include "engine/store/projects.h"
#include "ui/actions.h"
#include "ui/app.h"
#include "ui/views.h"

/* ---- main views: ":changes [PROJECT] [FILTER]" ---- */

struct named { char *name; };

static void keep_name(void *arg, const struct fp_project_row *r)
{
	((struct named *)arg)->name = fp_strdup(r->name);
}

/* Whether ARG begins with a project: quoted, or its first word. *REST then points behind it. */
static int leading_project(struct fp_console *c, const char *arg, char id[FP_UUID_SIZE], struct named *n, const char **rest)
{
	const char *end = *arg == '"' ? strchr(arg + 1, '"') : arg + strcspn(arg, " ");
	int quoted = *arg == '"' && end;
	char *word;
	int yes;

	if (*arg == '"' && !end)
		end = arg + strlen(arg);
	word = fp_strndup(arg + quoted, (size_t)(end - arg) - (size_t)quoted);
	yes = *word && fp_project_find(c->store, id, word, NULL) == FP_OK && fp_project_get(c->store, id, keep_name, n, NULL) == FP_OK && n->name;
	free(word);
	*rest = end + quoted;
	*rest += strspn(*rest, " ");
	return yes;
}

static unsigned filtered(struct fp_console *c, const char *filter)
{
	struct fp_error err;

	if (fp_view_filter(fp_top(c), filter, &err))
		return fp_show_error(c, &err);
	return FP_DO_RELOAD;
}

static unsigned go(struct fp_console *c, const struct fp_view_ops *ops, const char *arg)
{
	char id[FP_UUID_SIZE];
	struct named n = { NULL };
	const char *rest = arg;
	unsigned todo;

	if (ops != &fp_view_projects && leading_project(c, arg, id, &n, &rest)) {
		todo = fp_switch_to(c, ops, id, n.name);
	} else {
		rest = arg;
		todo = fp_switch(c, ops);
	}
	free(n.name);
	if (fp_top(c)->ops != ops || !*rest)
		return todo;
	return todo | filtered(c, rest);
}

unsigned fp_act_projects(struct fp_console *c, const char *arg) { return go(c, &fp_view_projects, arg); }
unsigned fp_act_changes(struct fp_console *c, const char *arg) { return go(c, &fp_view_changes, arg); }
unsigned fp_act_jobs(struct fp_console *c, const char *arg) { return go(c, &fp_view_jobs, arg); }
unsigned fp_act_layers(struct fp_console *c, const char *arg) { return go(c, &fp_view_layers, arg); }
unsigned fp_act_problems(struct fp_console *c, const char *arg) { return go(c, &fp_view_problems, arg); }
unsigned fp_act_files(struct fp_console *c, const char *arg) { return go(c, &fp_view_files, arg); }
unsigned fp_act_packages(struct fp_console *c, const char *arg) { return go(c, &fp_view_packages, arg); }
unsigned fp_act_secrets(struct fp_console *c, const char *arg) { return go(c, &fp_view_secrets, arg); }
unsigned fp_act_activity(struct fp_console *c, const char *arg) { return go(c, &fp_view_activity, arg); }

/* ---- single things ---- */

unsigned fp_act_project(struct fp_console *c, const char *arg)
{
	char id[FP_UUID_SIZE];
	struct named n = { NULL };
	struct fp_error err;
	unsigned todo;

	if (!*arg)
		return fp_complain(c, "Which project? :project NAME");
	if (fp_project_find(c->store, id, arg, &err) || fp_project_get(c->store, id, keep_name, &n, &err))
		return fp_show_error(c, &err);
	todo = fp_switch_to(c, &fp_view_project, id, n.name ? n.name : arg);
	free(n.name);
	return todo;
}

unsigned fp_act_job(struct fp_console *c, const char *arg)
{
	return *arg ? fp_push(c, &fp_view_job, NULL, NULL, arg) : fp_complain(c, "Which job? :job NUMBER");
}

unsigned fp_act_change(struct fp_console *c, const char *arg)
{
	return *arg ? fp_push(c, &fp_view_change, NULL, NULL, arg) : fp_complain(c, "Which change? :change UUID");
}

unsigned fp_act_layer(struct fp_console *c, const char *arg)
{
	struct fp_view *v = fp_top(c);

	if (!*arg || !*v->project)
		return fp_complain(c, "Which layer? Open its project, then :layer LAYER-ID");
	return fp_push(c, &fp_view_layer, v->project, v->project_name, arg);
}

unsigned fp_act_package(struct fp_console *c, const char *arg)
{
	return *arg ? fp_push(c, &fp_view_package, NULL, NULL, arg) : fp_complain(c, "Which package? :package NUMBER");
}

unsigned fp_act_package_layer(struct fp_console *c, const char *arg)
{
	struct fp_view *v = fp_top(c);

	if (!strchr(arg, ' ') || !*v->project)
		return fp_complain(c, "Which layer? Open a package of its project, then :package-layer NUMBER LAYER-ID");
	return fp_push(c, &fp_view_package_layer, v->project, v->project_name, arg);
}

unsigned fp_act_help(struct fp_console *c, const char *arg)
{
	(void)arg;
	if (fp_top(c)->ops == &fp_view_help)
		return fp_pop(c);
	return fp_push(c, &fp_view_help, NULL, NULL, NULL);
}

/* ---- the `:` line ---- */

struct projects { struct fp_strv *to; const char *command, *begin; };

static void complete_project(void *arg, const struct fp_project_row *r)
{
	struct projects *p = arg;
	int quote = strchr(r->name, ' ') != NULL;

	if (strncasecmp(r->name, p->begin, strlen(p->begin)) == 0)
		fp_strv_take(p->to, fp_asprintf("%s %s%s%s ", p->command, quote ? "\"" : "", r->name, quote ? "\"" : ""));
}

static void complete(struct fp_console *c, const char *text, struct fp_strv *to)
{
	const char *space = strchr(text, ' ');
	const struct fp_act *a;
	struct fp_query q = {0};
	char *command;

	if (!space) {
		for (a = fp_acts; a->name; a++)
			if ((a->where & fp_top(c)->ops->context) && strncmp(a->name, text, strlen(text)) == 0)
				fp_strv_take(to, fp_asprintf("%s%s", a->name, a->args ? " " : ""));
		return;
	}
	command = fp_strndup(text, (size_t)(space - text));
	a = fp_act_by_name(command, fp_top(c)->ops->context);
	if (a && a->args && strstr(a->args, "PROJECT") && !strchr(space + 1, ' ')) {
		struct projects p = { to, command, space + 1 + (space[1] == '"') };
		fp_project_list(c->store, &q, 0, 1000, complete_project, &p, NULL);
	}
	free(command);
}

unsigned fp_act_command(struct fp_console *c, const char *arg)
{
	static const struct fp_prompt colon = { .label = ":", .enter = fp_console_command, .complete = complete };

	return fp_prompt_open(c, &colon, arg);
}

unsigned fp_console_command(struct fp_console *c, const char *line)
{
	const struct fp_act *a;
	size_t len;
	char *name;

	line += strspn(line, " :");
	len = strcspn(line, " ");
	if (len == 0)
		return FP_DO_PAINT;
	name = fp_strndup(line, len);
	a = fp_act_by_name(name, fp_top(c)->ops->context);
	line += len;
	line += strspn(line, " ");
	if (!a) {
		unsigned todo = fp_complain(c, "There is no command :%s. Tab after : lists them, ? shows the keys.", name);
		free(name);
		return todo;
	}
	free(name);
	return fp_act_run(c, a, line);
}
