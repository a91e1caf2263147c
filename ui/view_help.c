#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"
#include "ui/actions.h"
#include "ui/app.h"
#include "ui/views.h"
#include "ui/wrap.h"

static void add_act(struct fp_view *v, const struct fp_act *a, const char *label)
{
	int off = a->writes && v->console->read_only;
	char *line = fp_asprintf("  %-16s %s%s", label, a->help, off ? " (off: the console is read-only)" : "");

	fp_wrap(&v->lines, off ? FP_STYLE_DIM : FP_STYLE_NORMAL, v->width, 19, line);
	free(line);
}

static void add_keys(struct fp_view *v, unsigned context)
{
	for (const struct fp_act *a = fp_acts; a->name; a++) {
		struct fp_buf keys = FP_BUF_INIT;
		if (!(a->where & context) || !*a->keys)
			continue;
		fp_act_all_keys(a, &keys);
		add_act(v, a, keys.data);
		fp_buf_free(&keys);
	}
}

static void add_commands(struct fp_view *v, unsigned context)
{
	for (const struct fp_act *a = fp_acts; a->name; a++) {
		char *label;
		if (!(a->where & context) || (*a->keys && !a->args))
			continue;
		label = fp_asprintf(":%s %s", a->name, a->args ? a->args : "");
		add_act(v, a, label);
		free(label);
	}
}

static void add_grammar(struct fp_view *v, const struct fp_view_ops *ops)
{
	struct fp_buf b = FP_BUF_INIT;

	if (!ops->filter_words)
		return;
	fp_rows_line(&v->lines, FP_STYLE_HEADER, "The filter");
	fp_wrap(&v->lines, FP_STYLE_NORMAL, v->width, 2, "  Words have to occur; key:value has to hold; the same key twice means either; - before one turns it round; "
		"quotes keep blanks together. Tab completes. Here:");
	fp_buf_adds(&b, " ");
	for (const char *const *w = ops->filter_words; *w; w++)
		fp_buf_addf(&b, " %s", *w);
	fp_wrap(&v->lines, FP_STYLE_DIM, v->width, 2, b.data);
	fp_buf_free(&b);
}

static enum fp_status load(struct fp_view *v, struct fp_error *err)
{
	struct fp_console *c = v->console;
	const struct fp_view *about = fp_top(c) == v ? c->stack[c->depth - 2] : fp_top(c);

	(void)err;
	free(v->head);
	v->head = fp_asprintf("What the keys do in %s", about->ops->title);
	fp_rows_line(&v->lines, FP_STYLE_HEADER, "Keys");
	add_keys(v, about->ops->context);
	fp_rows_line(&v->lines, FP_STYLE_HEADER, "Commands");
	add_commands(v, about->ops->context);
	add_grammar(v, about->ops);
	return FP_OK;
}

const struct fp_view_ops fp_view_help = {
	.name = "help", .title = "Help", .context = FP_IN_TEXT | FP_IN_HELP, .load = load,
};
