/* fieldpost secret ...: what a project's jobs get to know and nobody gets to see. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/ids.h"
#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/queue/queue.h"
#include "engine/queue/secret_test.h"
#include "engine/store/projects.h"
#include "engine/store/secrets.h"
#include "src/commands.h"
#include "src/listing.h"
#include "src/outcome.h"
#include "src/output.h"
#include "src/secret_input.h"

/* ---- list ---- */

static void text_or_null(json_t *o, const char *key, const char *text)
{
	fp_row_text(o, key, *text ? text : NULL);
}

static void add_row(void *arg, const struct fp_secret_row *r)
{
	json_t *o = json_object();

	text_or_null(o, "name", r->name);
	fp_row_text(o, "type", r->type);
	fp_row_text(o, "state", r->state);
	fp_row_json(o, "services", r->services);
	fp_row_json(o, "used_by", r->used_by);
	fp_row_time(o, "set_at", r->set_at);
	text_or_null(o, "set_by", r->set_by);
	fp_row_time(o, "tested_at", r->tested_at);
	json_object_set_new(o, "test_ok", r->test_ok < 0 ? json_null() : json_boolean(r->test_ok));
	text_or_null(o, "test_said", r->test_said);
	json_array_append_new(arg, o);
}

static enum fp_status fetch(struct fp_store *s, const struct fp_query *q, int64_t limit, json_t *rows, struct fp_error *err)
{
	return fp_secret_list(s, q, 0, limit, add_row, rows, err);
}

/* Arrays have no place in a table: the same, joined. */
static enum fp_status fetch_joined(struct fp_store *s, const struct fp_query *q, int64_t limit, json_t *rows, struct fp_error *err)
{
	static const char *const arrays[] = {"services", "used_by"};
	enum fp_status st = fetch(s, q, limit, rows, err);
	json_t *row, *item;
	size_t i, k;

	json_array_foreach(rows, i, row)
		for (size_t a = 0; a < 2; a++) {
			struct fp_buf b = FP_BUF_INIT;
			json_array_foreach(json_object_get(row, arrays[a]), k, item)
				fp_buf_addf(&b, "%s%s", k ? ", " : "", json_is_string(item) ? json_string_value(item) : fp_json_str_or(item, "name", ""));
			fp_row_text(row, arrays[a], b.data);
			fp_buf_free(&b);
		}
	return st;
}

static const struct fp_column columns[] = {
	{"Name", "name", FP_CELL_TEXT}, {"Type", "type", FP_CELL_TEXT}, {"State", "state", FP_CELL_TEXT}, {"Services", "services", FP_CELL_TEXT},
	{"Used by", "used_by", FP_CELL_TEXT}, {"Set", "set_at", FP_CELL_TIME}, {"By", "set_by", FP_CELL_TEXT}, {"Tested", "tested_at", FP_CELL_TIME},
	{"Good", "test_ok", FP_CELL_TEXT}, {"What the test said", "test_said", FP_CELL_TEXT}, {0},
};

static enum fp_status list(struct fp_invocation *inv, struct fp_error *err)
{
	return fp_list_print(inv, &(struct fp_listing){inv->json ? fetch : fetch_joined, 1, "secrets", "secret", NULL, columns}, err);
}

const struct fp_command fp_cmd_secret_list = {
	.name = "secret list", .args = "NAME [FILTER...]", .min_args = 1, .max_args = -1, .flags = FP_CMD_HOME, .run = list,
	.help = "List a project's secrets, never their values, and the services that its layers use and no secret defines (state missing).",
	.options = {FP_LIST_OPTIONS},
};

/* ---- set, rm ---- */

struct known {
	char type[16];
	int64_t layers;
};

static void take_known(void *arg, const struct fp_secret_row *r)
{
	struct known *k = arg;
	json_t *used = NULL;

	snprintf(k->type, sizeof k->type, "%s", r->type);
	fp_json_parse(&used, r->used_by, strlen(r->used_by), NULL);
	k->layers = (int64_t)json_array_size(used);
	json_decref(used);
}

/* What is known of the secret so far: an empty type when it is new. */
static enum fp_status look(struct fp_invocation *inv, const char *id, struct known *k, struct fp_error *err)
{
	struct fp_error why;
	enum fp_status st = fp_secret_get(inv->store, id, inv->argv[1], take_known, k, &why);

	if (st != FP_OK && st != FP_E_NOTFOUND && err)
		*err = why;
	return st == FP_E_NOTFOUND ? FP_OK : st;
}

static enum fp_status check_type(const char *type, struct fp_error *err)
{
	if (strcmp(type, "envvar") == 0 || strcmp(type, "pgservice") == 0)
		return FP_OK;
	return fp_fail(err, FP_E_USAGE, "--type is envvar or pgservice, not \"%s\"", type);
}

static json_t *answer_of(const char *name, const struct fp_trigger *t)
{
	json_t *answer = json_object();

	fp_row_text(answer, "name", name);
	fp_outcome_job(answer, t);
	return answer;
}

static enum fp_status set(struct fp_invocation *inv, struct fp_error *err)
{
	const char *name = inv->argv[1], *type = fp_opt(inv, "type");
	char id[FP_UUID_SIZE];
	struct fp_secret_input in = {0};
	struct known k = {"", 0};
	struct fp_trigger t;
	enum fp_status st = type ? check_type(type, err) : FP_OK;

	setvbuf(stdin, NULL, _IONBF, 0); /* the question must not read ahead into the value */
	if (st == FP_OK)
		st = fp_project_find(inv->store, id, inv->argv[0], err);
	if (st == FP_OK)
		st = fp_secret_name_check(name, err);
	if (st == FP_OK)
		st = look(inv, id, &k, err);
	if (st == FP_OK)
		st = *k.type ? fp_confirm(inv, err, "Replace secret %s of project \"%s\", which %lld layer%s?", name, inv->argv[0], (long long)k.layers,
			k.layers == 1 ? " uses" : "s use")
			: fp_confirm(inv, err, "Set secret %s of project \"%s\"?", name, inv->argv[0]);
	if (!type)
		type = *k.type ? k.type : "envvar";
	if (st == FP_OK)
		st = fp_secret_input(&in, fp_opt(inv, "file"), name, strcmp(type, "envvar") == 0, err);
	if (st == FP_OK)
		st = fp_queue_secret_set(inv->store, &t, id, name, type, in.text, in.len, fp_who(), err);
	fp_secret_input_clear(&in);
	if (st == FP_OK)
		fp_outcome_print(inv, answer_of(name, &t), "Set secret %s (%s).", name, type);
	return st;
}

const struct fp_command fp_cmd_secret_set = {
	.name = "secret set", .args = "NAME KEY", .min_args = 2, .max_args = 2, .flags = FP_CMD_HOME | FP_CMD_WRITES, .run = set,
	.help = "Set secret KEY of a project; its value comes from --file, from a terminal without echo, or from standard input, and is never shown again.",
	.options = {
		{"type", "TYPE", "envvar (a variable of the jobs' environment; the default) or pgservice (a pg_service.conf)"},
		{"file", "PATH", "the file that holds the value"},
	},
};

static enum fp_status rm(struct fp_invocation *inv, struct fp_error *err)
{
	const char *name = inv->argv[1];
	char id[FP_UUID_SIZE];
	struct known k = {"", 0};
	struct fp_trigger t;
	enum fp_status st = fp_project_find(inv->store, id, inv->argv[0], err);

	if (st == FP_OK)
		st = fp_secret_get(inv->store, id, name, take_known, &k, err);
	if (st == FP_OK)
		st = fp_confirm(inv, err, "Remove secret %s of project \"%s\", which %lld layer%s?", name, inv->argv[0], (long long)k.layers,
			k.layers == 1 ? " uses" : "s use");
	if (st == FP_OK)
		st = fp_queue_secret_remove(inv->store, &t, id, name, fp_who(), err);
	if (st == FP_OK)
		fp_outcome_print(inv, answer_of(name, &t), "Removed secret %s.", name);
	return st;
}

const struct fp_command fp_cmd_secret_rm = {
	.name = "secret rm", .args = "NAME KEY", .min_args = 2, .max_args = 2, .flags = FP_CMD_HOME | FP_CMD_WRITES, .run = rm,
	.help = "Remove a secret from a project.",
};

/* ---- test ---- */

static enum fp_status wait_for(struct fp_secret_test *t, struct fp_error *err)
{
	int done = 0;
	enum fp_status st = FP_OK;

	while (st == FP_OK && !done) {
		struct pollfd fd = {.fd = fp_secret_test_fd(t), .events = POLLIN};
		if (poll(&fd, 1, (int)fp_secret_test_left(t)) < 0 && errno != EINTR)
			return fp_fail_errno(err, errno, "cannot wait for the test");
		st = fp_secret_test_step(t, &done, err);
	}
	return st;
}

static enum fp_status test(struct fp_invocation *inv, struct fp_error *err)
{
	char id[FP_UUID_SIZE];
	struct fp_secret_test *t = NULL;
	enum fp_status st = fp_project_find(inv->store, id, inv->argv[0], err);

	if (st == FP_OK)
		st = fp_secret_test_start(&t, inv->store, &inv->config, id, inv->argv[1], fp_who(), err);
	if (st == FP_OK)
		st = wait_for(t, err);
	if (st == FP_OK) {
		const struct fp_strv *lines = fp_secret_test_lines(t);
		int ok = fp_secret_test_ok(t);
		json_t *said = json_array();

		inv->exit_code = ok == 0;
		for (size_t i = 0; i < lines->n; i++)
			if (inv->json)
				json_array_append_new(said, fp_json_text(lines->items[i]));
			else
				fp_print("%s", lines->items[i]);
		if (inv->json)
			fp_print_json(json_pack("{s:s,s:o,s:O}", "name", inv->argv[1], "ok", ok < 0 ? json_null() : json_boolean(ok), "said", said));
		json_decref(said);
	}
	fp_secret_test_free(t);
	return st;
}

const struct fp_command fp_cmd_secret_test = {
	.name = "secret test", .args = "NAME KEY", .min_args = 2, .max_args = 2, .flags = FP_CMD_HOME, .run = test,
	.help = "Connect to every service of a pgservice (exit code 1 when one fails; network checks must be on), or say which layers use an envvar.",
};
