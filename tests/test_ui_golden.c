/* Scripted runs of the console against kept screens in tests/console. FIELDPOST_UPDATE=1 writes them anew; look at the difference before it is kept. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/fs.h"
#include "engine/base/mem.h"
#include "engine/base/path.h"
#include "tests/ui_home.h"
#include "ui/console.h"

struct variant { char script[16], lines[4], columns[4]; int ascii, mono; };

/* Keeps what the script saved, in its order, in one text. */
static void collect(struct fp_buf *to, const char *script)
{
	char *text = fp_strdup(script), *rest = text, *line;

	while ((line = strsep(&rest, "\n"))) {
		struct fp_error err;
		char *name = strncmp(line, ":save-", 6) == 0 ? strchr(line, ' ') : NULL;
		if (!name)
			continue;
		fp_buf_addf(to, "==== %s\n", name + 1);
		cr_assert_eq(fp_fs_read(to, name + 1, 1 << 20, &err), FP_OK, "%s", err.msg);
	}
	free(text);
}

static void compare(const char *path, const struct fp_buf *now)
{
	struct fp_buf kept = FP_BUF_INIT;
	struct fp_error err;

	if (getenv("FIELDPOST_UPDATE")) {
		cr_assert_eq(fp_fs_write_atomic(path, now->data, now->len, &err), FP_OK, "%s", err.msg);
		return;
	}
	cr_assert_eq(fp_fs_read(&kept, path, 1 << 22, &err), FP_OK, "%s", err.msg);
	for (const char *a = kept.data, *b = now->data, *title = ""; *a || *b;) {
		size_t la = strcspn(a, "\n"), lb = strcspn(b, "\n");
		if (strncmp(a, "====", 4) == 0)
			title = a + 5;
		cr_assert(la == lb && memcmp(a, b, la) == 0, "%s, \"%.*s\":\nkept: %.*s\nnow:  %.*s", path, (int)strcspn(title, "\n"), title, (int)la, a,
			(int)lb, b);
		a += la + (a[la] == '\n');
		b += lb + (b[lb] == '\n');
	}
	fp_buf_free(&kept);
}

static void run(const struct variant *v)
{
	char folder[] = "/tmp/fieldpost-golden-XXXXXX";
	struct fp_store *home = strcmp(v->script, "packages") == 0 ? ui_home_packages() : ui_home_small();
	char *source = fp_strdup(getenv("FIELDPOST_SOURCE") ? getenv("FIELDPOST_SOURCE") : ".");
	char *script = fp_asprintf("%s/tests/console/%s.script", source, v->script);
	char *kept = fp_asprintf("%s/tests/console/%s.%sx%s-%s%s", source, v->script, v->columns, v->lines, v->ascii ? "ascii" : "utf8", v->mono ? "-mono" : "");
	struct fp_console_options o = { .ascii = v->ascii, .no_engine = 1, .script = script, .who = "tester" };
	struct fp_buf text = FP_BUF_INIT, all = FP_BUF_INIT;
	struct fp_config conf;
	struct fp_error err = {0};

	char *fake = fp_asprintf("%s/tests/fake", getenv("FIELDPOST_BUILD"));

	setenv("FIELDPOST_LIBEXEC", fake, 1); /* plans ask a worker: everything can be applied */
	free(fake);
	setenv("LINES", v->lines, 1);
	setenv("COLUMNS", v->columns, 1);
	setenv("FIELDPOST_NOW_MS", "1795435200000", 1);
	setenv("NO_COLOR", v->mono ? "1" : "", 1);
	cr_assert(freopen("/dev/null", "w", stdout)); /* a script on a terminal would be shown on it */
	cr_assert_not_null(mkdtemp(folder));
	cr_assert_eq(fp_config_read(&conf, NULL, &err), FP_OK, "%s", err.msg);
	cr_assert_eq(fp_fs_read(&text, script, 1 << 20, &err), FP_OK, "%s", err.msg);
	cr_assert_eq(chdir(folder), 0);
	cr_assert_eq(fp_console_run(home, &conf, &o, &err), FP_OK, "%s", err.msg);
	collect(&all, text.data);
	compare(kept, &all);
	cr_assert_eq(chdir("/"), 0);
	fp_fs_remove_tree(folder, NULL);
	ui_home_remove(home);
	fp_buf_free(&text);
	fp_buf_free(&all);
	free(source);
	free(script);
	free(kept);
}

ParameterizedTestParameters(ui_golden, screens_are_as_they_were)
{
	static struct variant variants[] = {
		{ "views", "24", "80", 0, 0 }, { "views", "40", "120", 0, 0 }, { "views", "15", "40", 0, 0 },
		{ "views", "24", "80", 1, 0 }, { "views", "40", "120", 1, 0 }, { "views", "15", "40", 1, 0 },
		{ "reapply", "24", "80", 0, 0 }, { "reapply", "40", "120", 0, 0 }, { "reapply", "15", "40", 0, 0 }, { "reapply", "24", "80", 1, 0 },
		{ "packages", "24", "80", 0, 0 }, { "packages", "40", "120", 0, 0 }, { "packages", "15", "40", 0, 0 }, { "packages", "24", "80", 1, 0 },
		{ "looks", "24", "80", 0, 0 }, { "looks", "24", "80", 0, 1 },
	};

	return cr_make_param_array(struct variant, variants, sizeof variants / sizeof *variants);
}

ParameterizedTest(struct variant *v, ui_golden, screens_are_as_they_were, .timeout = 30)
{
	run(v);
}

Test(ui_golden, a_script_that_fails_names_its_line, .timeout = 30)
{
	char path[] = "/tmp/fieldpost-script-XXXXXX";
	int fd = mkstemp(path);
	struct fp_store *home = ui_home_empty();
	struct fp_console_options o = { .no_engine = 1, .script = path };
	struct fp_config conf;
	struct fp_error err = {0};

	cr_assert(freopen("/dev/null", "w", stdout));
	cr_assert_eq(write(fd, "jj\n<NoKey>\n:save-display x\n", 27), 27);
	close(fd);
	cr_assert_eq(fp_config_read(&conf, NULL, &err), FP_OK);
	cr_expect_eq(fp_console_run(home, &conf, &o, &err), FP_E_INVALID);
	cr_expect_not_null(strstr(err.msg, ":2: no key is named there"), "%s", err.msg);
	unlink(path);
	ui_home_remove(home);
}
