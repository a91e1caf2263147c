#include "ui/secret_acts.h"

#include <ctype.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/fs.h"
#include "engine/queue/queue.h"
#include "engine/queue/secret_test.h"
#include "engine/store/secrets.h"
#include "ui/app.h"

void fp_secret_form_clear(struct fp_secret_form *f)
{
	if (f->text.cap > 0)
		sodium_memzero(f->text.data, f->text.cap);
	fp_buf_free(&f->text);
	free(f->name);
	free(f->service);
	*f = (struct fp_secret_form)FP_SECRET_FORM_INIT;
}

static void begin(struct fp_console *c, const char *project_id, const char *name, const char *service)
{
	fp_secret_form_clear(&c->secret);
	snprintf(c->secret.project, sizeof c->secret.project, "%s", project_id);
	c->secret.name = fp_strdup(name);
	c->secret.service = *service ? fp_strdup(service) : NULL;
}

static unsigned give_up(struct fp_console *c)
{
	fp_secret_form_clear(&c->secret);
	return fp_note(c, "Nothing was done.");
}

/* ---- setting: the value is complete ---- */

static unsigned set(struct fp_console *c, const char *type, const char *value, size_t len)
{
	struct fp_secret_form *f = &c->secret;
	struct fp_trigger t;
	struct fp_error err;

	if (fp_queue_secret_set(c->store, &t, f->project, f->name, type, value, len, c->who, &err))
		fp_show_error(c, &err);
	else
		fp_note(c, "Secret %s is set. %s", f->name, t.sentence);
	fp_secret_form_clear(f);
	return FP_DO_RELOAD;
}

static unsigned value_entered(struct fp_console *c, const char *text)
{
	return set(c, "envvar", text, strlen(text));
}

static unsigned file_entered(struct fp_console *c, const char *path)
{
	int line = strcmp(c->secret.type, "envvar") == 0;
	struct fp_buf *text = &c->secret.text;
	struct fp_error err;
	size_t len;

	if (fp_fs_read(text, path, FP_SECRET_VALUE_MAX + 2, &err)) {
		fp_secret_form_clear(&c->secret);
		if (err.code == FP_E_FULL)
			return fp_complain(c, "%s holds more than %d bytes, which no secret may have.", path, FP_SECRET_VALUE_MAX);
		return fp_show_error(c, &err);
	}
	len = text->len;
	len -= line && len > 0 && text->data[len - 1] == '\n';
	len -= line && len > 0 && text->data[len - 1] == '\r';
	return set(c, c->secret.type, text->data, len);
}

/* ---- a pgservice, part by part ---- */

static const struct {
	const char *label, *key, *usual;
	int hidden;
} fields[] = {
	{ "1/7 Service, as layers call it: ", NULL, "", 0 }, { "2/7 Host: ", "host", "", 0 }, { "3/7 Port: ", "port", "5432", 0 },
	{ "4/7 Database: ", "dbname", "", 0 }, { "5/7 User: ", "user", "", 0 }, { "6/7 Password (not shown): ", "password", "", 1 },
	{ "7/7 sslmode (disable, prefer, require, verify-full): ", "sslmode", "prefer", 0 },
};
#define N_FIELDS (sizeof fields / sizeof *fields)

static unsigned field_entered(struct fp_console *c, const char *text);

static unsigned ask_field(struct fp_console *c)
{
	const struct fp_secret_form *f = &c->secret;
	struct fp_prompt p = {
		.label = fields[f->field].label, .enter = field_entered, .cancelled = give_up, .hidden = fields[f->field].hidden,
	};

	return fp_prompt_open(c, &p, f->field == 0 && f->service ? f->service : fields[f->field].usual);
}

static unsigned field_entered(struct fp_console *c, const char *text)
{
	struct fp_secret_form *f = &c->secret;

	if (f->field == 0 && !*text) /* without its name there is no service */
		return ask_field(c);
	if (f->field == 0)
		fp_buf_addf(&f->text, "[%s]\n", text);
	else if (*text)
		fp_buf_addf(&f->text, "%s=%s\n", fields[f->field].key, text);
	if (++f->field < N_FIELDS)
		return ask_field(c);
	return set(c, "pgservice", f->text.data, f->text.len);
}

/* ---- which kind, from where ---- */

enum { TYPE_VALUE, TYPE_FILE, SERVICE_PARTS, SERVICE_FILE };

static unsigned kind_chosen(struct fp_console *c, int item)
{
	static const struct fp_prompt value = { .label = "Value (not shown): ", .enter = value_entered, .cancelled = give_up, .hidden = 1 };
	static const struct fp_prompt file = { .label = "File that holds it: ", .enter = file_entered, .cancelled = give_up, .path = 1 };

	c->secret.type = item == TYPE_VALUE || item == TYPE_FILE ? "envvar" : "pgservice";
	fp_buf_reserve(&c->secret.text, FP_SECRET_VALUE_MAX + 2);
	if (item == SERVICE_PARTS)
		return ask_field(c);
	return fp_prompt_open(c, item == TYPE_VALUE ? &value : &file, "");
}

static unsigned ask_kind(struct fp_console *c)
{
	static const struct { int item; const char *label; } kinds[] = {
		{ SERVICE_PARTS, "PostgreSQL service, part by part" }, { SERVICE_FILE, "PostgreSQL service from a pg_service.conf" },
		{ TYPE_VALUE, "Variable of the environment" }, { TYPE_FILE, "Variable of the environment from a file" },
	};
	struct fp_menu m = { .chosen = kind_chosen, .title = fp_asprintf(" %s ", c->secret.name) };

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		fp_menu_add(&m, kinds[i].item, kinds[i].label, NULL);
	return fp_menu_open(c, &m);
}

static unsigned replace(struct fp_console *c, int64_t arg)
{
	(void)arg;
	return ask_kind(c);
}

static void take_type(void *arg, const struct fp_secret_row *r)
{
	(void)r;
	*(int *)arg = 1;
}

static unsigned name_entered(struct fp_console *c, const char *name)
{
	struct fp_error err;
	int known = 0;

	if (fp_secret_name_check(name, &err)) {
		fp_secret_form_clear(&c->secret);
		return fp_show_error(c, &err);
	}
	free(c->secret.name);
	c->secret.name = fp_strdup(name);
	fp_secret_get(c->store, c->secret.project, name, take_type, &known, NULL);
	if (known) /* asked before the new value is typed: a no then leaves nothing behind */
		return fp_ask_open(c, 0, replace, 0, "Secret %s is set already. Replace it?", name);
	return ask_kind(c);
}

/* "geo-db" of the layers may be called GEO_DB here. */
static char *name_for(const char *service)
{
	struct fp_buf b = FP_BUF_INIT;

	for (const char *s = service; *s; s++)
		fp_buf_addc(&b, (char)(isalnum((unsigned char)*s) ? toupper((unsigned char)*s) : '_'));
	if (b.len > 0 && fp_secret_name_check(b.data, NULL))
		fp_buf_clear(&b);
	return fp_buf_take(&b);
}

unsigned fp_secret_ask(struct fp_console *c, const char *project_id, const char *name, const char *service)
{
	static const struct fp_prompt prompt = { .label = "Name of the secret (CAPITALS_AND_DIGITS_1): ", .enter = name_entered, .cancelled = give_up };
	char *proposal;
	unsigned todo;

	begin(c, project_id, name, service);
	if (*name)
		return name_entered(c, name);
	proposal = name_for(service);
	todo = fp_prompt_open(c, &prompt, proposal);
	free(proposal);
	return todo;
}

/* ---- removing ---- */

static unsigned remove_it(struct fp_console *c, int64_t arg)
{
	struct fp_secret_form *f = &c->secret;
	struct fp_trigger t;
	struct fp_error err;

	(void)arg;
	if (fp_queue_secret_remove(c->store, &t, f->project, f->name, c->who, &err))
		fp_show_error(c, &err);
	else
		fp_note(c, "Secret %s is removed. %s", f->name, t.sentence);
	fp_secret_form_clear(f);
	return FP_DO_RELOAD;
}

unsigned fp_secret_ask_remove(struct fp_console *c, const char *project_id, const char *name, size_t layers)
{
	begin(c, project_id, name, "");
	return fp_ask_open(c, 0, remove_it, 0, "Remove secret %s, which %zu layer%s? There is no way back to its value.", name, layers,
		layers == 1 ? " uses" : "s use");
}

/* ---- testing ---- */

int fp_secret_tests(const struct fp_console *c, const char *project_id, const char *name)
{
	return c->test && strcmp(fp_secret_test_project(c->test), project_id) == 0 && strcmp(fp_secret_test_name(c->test), name) == 0;
}

static void tell(struct fp_console *c)
{
	const struct fp_strv *lines = fp_secret_test_lines(c->test);
	struct fp_buf b = FP_BUF_INIT;

	for (size_t i = 0; i < lines->n; i++)
		fp_buf_addf(&b, "%s%s", i ? "; " : "", lines->items[i]);
	if (fp_secret_test_ok(c->test) == 0)
		fp_complain(c, "%s: %s.", fp_secret_test_name(c->test), b.data);
	else
		fp_note(c, "%s: %s.", fp_secret_test_name(c->test), b.data);
	fp_buf_free(&b);
}

unsigned fp_secret_step_test(struct fp_console *c)
{
	struct fp_error err;
	int done = 0;

	if (!c->test)
		return FP_DO_NOTHING;
	if (fp_secret_test_step(c->test, &done, &err))
		fp_show_error(c, &err);
	else if (done)
		tell(c);
	else
		return FP_DO_NOTHING;
	fp_secret_test_free(c->test);
	c->test = NULL;
	return FP_DO_RELOAD;
}

unsigned fp_secret_begin_test(struct fp_console *c, const char *project_id, const char *name)
{
	struct fp_error err;

	if (c->test)
		return fp_complain(c, "Secret %s is being tested: one after the other.", fp_secret_test_name(c->test));
	if (fp_secret_test_start(&c->test, c->store, c->conf, project_id, name, c->who, &err)) {
		c->test = NULL;
		return fp_show_error(c, &err);
	}
	if (fp_secret_test_fd(c->test) < 0) /* nothing to wait for */
		return fp_secret_step_test(c);
	fp_note(c, "Secret %s is being tested...", name);
	return FP_DO_RELOAD;
}
