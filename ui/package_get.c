#include "ui/package_get.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/base/clock.h"
#include "engine/base/mem.h"
#include "engine/base/text.h"
#include "engine/store/packages.h"
#include "ui/actions.h"
#include "ui/app.h"
#include "ui/format.h"

#define BYTES_A_PIECE (1 << 20)
#define PIECES_MS 8 /* a key waits no longer than this and one piece */

void fp_get_clear(struct fp_getting *g)
{
	fp_package_copy_free(g->copy);
	*g = (struct fp_getting){0};
}

static int percent(const struct fp_package_copied *at)
{
	return at->all_bytes > 0 ? (int)((double)at->bytes * 100 / (double)at->all_bytes) : 0;
}

void fp_get_badge(struct fp_buf *to, const struct fp_console *c)
{
	struct fp_package_copied at;

	if (!c->getting.copy)
		return;
	at = fp_package_copy_state(c->getting.copy);
	fp_buf_addf(to, "package %lld: %d %% copied", (long long)at.package, percent(&at));
}

static unsigned ended(struct fp_console *c)
{
	struct fp_package_copied at = fp_package_copy_state(c->getting.copy);
	char count[FP_FORMAT_SIZE], bytes[FP_FORMAT_SIZE];

	fp_note(c, "Package %lld is in %s: %s file%s, %s.", (long long)at.package, at.to, fp_format_count(count, at.files), fp_text_s(at.files),
		fp_format_bytes(bytes, at.bytes));
	fp_get_clear(&c->getting);
	return FP_DO_PAINT;
}

unsigned fp_get_step(struct fp_console *c)
{
	int64_t until = fp_monotonic_ms() + PIECES_MS;
	struct fp_package_copied at;
	struct fp_error err;
	int done = 0;

	do {
		if (fp_package_copy_step(c->getting.copy, BYTES_A_PIECE, &done, &err)) {
			fp_get_clear(&c->getting);
			return fp_show_error(c, &err);
		}
	} while (!done && fp_monotonic_ms() < until);
	if (done)
		return ended(c);
	at = fp_package_copy_state(c->getting.copy);
	if (percent(&at) == c->getting.shown)
		return FP_DO_NOTHING;
	c->getting.shown = percent(&at);
	return FP_DO_PAINT;
}

/* ---- asking ---- */

static unsigned stop_now(struct fp_console *c, int64_t package)
{
	if (!c->getting.copy || fp_package_copy_state(c->getting.copy).package != package)
		return fp_note(c, "It is copied already.");
	fp_get_clear(&c->getting);
	return fp_note(c, "Package %lld is not copied: nothing was left behind.", (long long)package);
}

/* The package that the cursor or the view is about, 0: none. */
static int64_t which(const struct fp_view *v)
{
	return strtoll(v->ops->columns ? v->key ? v->key : "0" : v->arg, NULL, 10);
}

static unsigned begin(struct fp_console *c, const char *folder)
{
	struct fp_error err;

	if (fp_package_copy_new(&c->getting.copy, c->store, c->wish_project, c->wish_package, folder, &err)) {
		c->getting.copy = NULL;
		return fp_show_error(c, &err);
	}
	c->getting.shown = 0;
	*c->message = '\0'; /* how far it is is said there */
	return FP_DO_PAINT;
}

/* "trees-12", as the command calls it. */
static char *proposal(const struct fp_view *v, int64_t package)
{
	return fp_asprintf("%s-%lld", v->ops->columns ? fp_view_cell(v, "project") : v->project_name, (long long)package);
}

unsigned fp_act_get(struct fp_console *c, const char *arg)
{
	static const struct fp_prompt ask = { .label = "Copy the package into folder: ", .enter = begin, .path = 1 };
	const struct fp_view *v = fp_top(c);
	int64_t package = which(v);
	char *name;
	unsigned todo;

	if (c->getting.copy) {
		package = fp_package_copy_state(c->getting.copy).package;
		return fp_ask_open(c, 0, stop_now, package, "Package %lld is being copied. Stop that?", (long long)package);
	}
	if (!package)
		return fp_complain(c, "There is no package here.");
	c->wish_package = package;
	snprintf(c->wish_project, sizeof c->wish_project, "%s", v->ops->columns ? fp_view_cell(v, "project_id") : v->project);
	if (*arg)
		return begin(c, arg);
	name = proposal(v, package);
	todo = fp_prompt_open(c, &ask, name);
	free(name);
	return todo;
}
