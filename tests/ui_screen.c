#include "tests/ui_screen.h"

#include <curses.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/queue/plan.h"
#include "engine/queue/question.h"
#include "tests/ui_home.h"
#include "ui/keys.h"
#include "ui/term.h"

static void set_number(const char *name, long long n)
{
	char text[32];

	snprintf(text, sizeof text, "%lld", n);
	setenv(name, text, 1);
}

void ui_open(struct ui *u, struct fp_store *home, int lines, int columns, const struct fp_console_options *options)
{
	struct fp_console_options o = options ? *options : (struct fp_console_options){0};
	struct fp_term_options t = { .ascii = o.ascii, .memory = 1 };
	struct fp_error err = {0};

	char *fake = fp_asprintf("%s/tests/fake", getenv("FIELDPOST_BUILD"));

	setenv("FIELDPOST_LIBEXEC", fake, 1); /* plans ask a worker: everything can be applied */
	free(fake);
	set_number("LINES", lines);
	set_number("COLUMNS", columns);
	set_number("FIELDPOST_NOW_MS", UI_NOW);
	*u = (struct ui){ .store = home };
	o.no_engine = 1;
	o.who = o.who ? o.who : "tester";
	if (fp_config_read(&u->conf, NULL, &err) || fp_term_open(&t, &err)) {
		fprintf(stderr, "ui_open: %s\n", err.msg);
		abort();
	}
	fp_console_init(&u->c, home, &u->conf, &o);
	fp_store_changed(home);
	fp_console_do(&u->c, FP_DO_PAINT);
}

void ui_close(struct ui *u)
{
	fp_console_fini(&u->c);
	fp_term_close();
	ui_home_remove(u->store);
	free(u->screen);
}

/* What the loop does until the answer or the plan that the view waits for is there. */
static void settle(struct ui *u)
{
	for (struct fp_question *q; (q = fp_console_question(&u->c));) {
		struct pollfd fd = { .fd = fp_question_fd(q), .events = POLLIN };

		poll(&fd, 1, (int)fp_question_left(q));
		fp_console_do(&u->c, fp_console_step_question(&u->c));
	}
	for (struct fp_plan *p; (p = fp_console_plan(&u->c));) {
		struct pollfd fd = { .fd = fp_plan_fd(p), .events = POLLIN };

		poll(&fd, 1, (int)fp_plan_left(p));
		fp_console_do(&u->c, fp_console_step_plan(&u->c));
	}
}

void ui_do(struct ui *u, const char *keys)
{
	unsigned todo = FP_DO_NOTHING;

	if (*keys == ':' && keys[1]) {
		fp_console_do(&u->c, FP_DO_PAINT | fp_console_command(&u->c, keys));
		settle(u);
		return;
	}
	while (*keys) {
		int key = fp_key_next(&keys);
		if (key == FP_KEY_NONE)
			abort();
		todo = fp_console_key(&u->c, key, NULL);
		fp_console_do(&u->c, todo);
		settle(u);
	}
}

void ui_tick(struct ui *u)
{
	fp_console_do(&u->c, fp_console_changed(&u->c, fp_store_changed(u->store)));
}

void ui_resize(struct ui *u, int lines, int columns)
{
	resizeterm(lines, columns);
	fp_console_do(&u->c, FP_DO_PAINT);
}

const char *ui_screen(struct ui *u)
{
	struct fp_buf b = FP_BUF_INIT;

	fp_draw_dump(&b, 0);
	free(u->screen);
	u->screen = fp_buf_take(&b);
	return u->screen;
}

int ui_shows(struct ui *u, const char *text)
{
	if (strstr(ui_screen(u), text))
		return 1;
	fprintf(stderr, "not on the screen: %s\n%s", text, u->screen);
	return 0;
}

const char *ui_row(struct ui *u)
{
	struct fp_view *v = fp_top(&u->c);
	const char *line = ui_screen(u);
	char *end;

	for (int64_t y = fp_body_top() + v->cursor - v->top; y > 0; y--)
		line = strchr(line, '\n') + 1;
	end = strchr(line, '\n');
	*end = '\0';
	return line;
}
