#include "engine/store/secrets.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/json.h"
#include "engine/base/pgservice.h"
#include "engine/base/text.h"
#include "engine/store/activity.h"
#include "engine/store/list.h"
#include "engine/store/secret_key.h"

#define SERVICE_MAX 100 /* bytes of a section's name */

/* ---- lists ---- */

/* What layers' verdicts say they use, read once for a whole list; most say nothing, and are not parsed. */
#define USES \
	"SELECT DISTINCT l.project_id, l.layer_id, l.name, u.value AS what" \
	" FROM layer l, json_each(iif(instr(l.json, '\"uses\"'), l.json, '{}'), '$.uses') u WHERE u.type = 'text' AND l.changed <> 'gone' ORDER BY l.layer_id"

#define DEFINED "SELECT x.id, x.project_id, 'service:' || e.value AS what FROM secret x, json_each(x.services) e"

#define SET \
	"SELECT x.project_id || '/' || x.name AS id, x.project_id, x.name, x.type, 'set' AS state, x.services, x.set_at, x.set_by, x.tested_at," \
	" x.test_ok, x.test_said, (SELECT json_group_array(json_object('id', y.layer_id, 'name', y.name)) FROM" \
	" (SELECT DISTINCT v.layer_id, v.name FROM uses v WHERE v.project_id = x.project_id AND iif(x.type = 'envvar', v.what = 'env:' || x.name," \
	" v.what IN (SELECT d.what FROM defined d WHERE d.id = x.id)) ORDER BY v.layer_id) y) AS used_by FROM secret x"

#define MISSING \
	"SELECT v.project_id || '/' || v.what, v.project_id, '', 'pgservice', 'missing', json_array(substr(v.what, 9)), 0, '', NULL, NULL, ''," \
	" json_group_array(json_object('id', v.layer_id, 'name', v.name)) FROM uses v WHERE v.what GLOB 'service:?*'" \
	" AND NOT EXISTS (SELECT 1 FROM defined d WHERE d.project_id = v.project_id AND d.what = v.what)" \
	" GROUP BY v.project_id, v.what"

#define SHOWN \
	"(WITH uses AS MATERIALIZED (" USES "), defined AS MATERIALIZED (" DEFINED ") SELECT z.*, p.name AS project_name FROM (" SET " UNION ALL " MISSING ") z" \
	" JOIN project p ON p.id = z.project_id) s"

static const char *const types[] = {"pgservice", "envvar", NULL};
static const char *const states[] = {"set", "missing", NULL};

static const struct fp_filter_key keys[] = {
	{.key = "name", .type = FP_FILTER_FOLD, .sql = "fold(s.name) = ?"},
	{.key = "type", .type = FP_FILTER_WORD, .sql = "s.type = ?", .words = types},
	{.key = "state", .type = FP_FILTER_WORD, .sql = "s.state = ?", .words = states},
	{.key = "service", .type = FP_FILTER_TEXT, .sql = "EXISTS (SELECT 1 FROM json_each(s.services) e WHERE e.value = ?)"},
	{.key = "project", .type = FP_FILTER_FOLD, .sql = "s.project_id = ? OR fold(s.project_name) = ?"},
	{0},
};

static const struct fp_sort sorts[] = {
	{"name", "s.name", 0}, {"type", "s.type", 0}, {"state", "s.state", 0}, {"set", "s.set_at", 1}, {0},
};

static const struct fp_list list = {
	.from = SHOWN,
	.id = "s.id",
	.project = "s.project_id",
	.select = "SELECT s.id, s.project_id, s.project_name, s.name, s.type, s.state, s.services, s.used_by, s.set_at, s.tested_at, s.set_by, "
		"ifnull(s.test_ok, -1), s.test_said FROM " SHOWN,
	.join = "s.id = k.id",
	.keys = keys,
	.text = "fold(s.name || ' ' || s.services || ' ' || s.used_by || ' ' || s.test_said) LIKE ? ESCAPE '\\'",
	.sorts = sorts,
};

struct ctx {
	fp_secret_each *each;
	void *arg;
};

static void row(void *arg, sqlite3_stmt *st)
{
	struct ctx *c = arg;
	struct fp_secret_row r = {
		.key = fp_db_text(st, 0), .project_id = fp_db_text(st, 1), .project_name = fp_db_text(st, 2), .name = fp_db_text(st, 3),
		.type = fp_db_text(st, 4), .state = fp_db_text(st, 5), .services = fp_db_text(st, 6), .used_by = fp_db_text(st, 7),
		.set_at = sqlite3_column_int64(st, 8), .tested_at = sqlite3_column_int64(st, 9), .set_by = fp_db_text(st, 10),
		.test_ok = sqlite3_column_int(st, 11), .test_said = fp_db_text(st, 12),
	};

	c->each(c->arg, &r);
}

enum fp_status fp_secret_list(struct fp_store *s, const struct fp_query *q, int64_t offset, int64_t limit, fp_secret_each *each, void *arg,
	struct fp_error *err)
{
	struct ctx c = {each, arg};

	return fp_list_rows(s, &list, q, offset, limit, row, &c, err);
}

enum fp_status fp_secret_count(struct fp_store *s, const struct fp_query *q, int64_t *n, struct fp_error *err)
{
	return fp_list_count(s, &list, q, n, err);
}

enum fp_status fp_secret_get(struct fp_store *s, const char *project_id, const char *name, fp_secret_each *each, void *arg, struct fp_error *err)
{
	struct ctx c = {each, arg};
	char *key = fp_asprintf("%s/%s", project_id, name), *what = fp_asprintf("secret %s in this project", name);
	enum fp_status st = fp_list_one(s, &list, "s.id = ? AND s.state = 'set'", FP_VALS(fp_t(key)), row, &c, what, err);

	free(key);
	free(what);
	return st;
}

/* ---- setting and removing ---- */

static enum fp_status check_line(const char *name, const char *value, size_t len, struct fp_error *err)
{
	if (memchr(value, '\n', len) || memchr(value, '\r', len))
		return fp_fail(err, FP_E_INVALID, "the value of %s has more than one line, which a variable of the environment cannot have", name);
	return FP_OK;
}

/* The names of the sections, and what is wrong with the first that cannot be one. */
struct sections {
	json_t *names;
	const char *fault;
};

static void add_section(void *arg, const char *service, const char *key, const char *value)
{
	struct sections *x = arg;
	char *clean;
	size_t i;
	json_t *other;

	(void)value;
	if (key)
		return;
	clean = fp_text_clean(service);
	if (strlen(service) > SERVICE_MAX || strcmp(clean, service) != 0)
		x->fault = "has a section whose name is too long or not printable";
	free(clean);
	json_array_foreach(x->names, i, other)
		if (strcmp(json_string_value(other), service) == 0)
			x->fault = "has the same section twice";
	if (!x->fault)
		json_array_append_new(x->names, json_string(service));
}

static enum fp_status read_sections(json_t *names, const char *name, const char *text, struct fp_error *err)
{
	struct sections x = {names, NULL};
	struct fp_error why = {0};

	if (fp_pgservice_read(text, add_section, &x, &why) != FP_OK)
		return fp_fail(err, FP_E_INVALID, "%s is no pg_service.conf: %s", name, why.msg);
	if (!x.fault && json_array_size(names) == 0)
		x.fault = "has no section: a pg_service.conf begins with \"[name]\"";
	return x.fault ? fp_fail(err, FP_E_INVALID, "%s %s", name, x.fault) : FP_OK;
}

static enum fp_status check_value(json_t *services, const char *name, const char *type, const char *value, size_t len, struct fp_error *err)
{
	if (len == 0 || len > FP_SECRET_VALUE_MAX)
		return fp_fail(err, FP_E_INVALID, "the value of %s must have 1 to %d bytes, and has %zu", name, FP_SECRET_VALUE_MAX, len);
	if (memchr(value, '\0', len) || !fp_text_valid(value, len))
		return fp_fail(err, FP_E_INVALID, "the value of %s is no text in UTF-8", name);
	if (strcmp(type, "envvar") == 0)
		return check_line(name, value, len, err);
	if (strcmp(type, "pgservice") == 0) {
		char *text = fp_strndup(value, len);
		enum fp_status st = read_sections(services, name, text, err);
		sodium_memzero(text, len);
		free(text);
		return st;
	}
	return fp_fail(err, FP_E_USAGE, "a secret is an envvar or a pgservice, not a \"%s\"", type);
}

static enum fp_status check_clash(struct fp_store *s, const char *project_id, const char *name, const char *services, struct fp_error *err)
{
	char *other = NULL;
	enum fp_status st = fp_db_str(s, &other, err, "SELECT format('service \"%s\" is defined by secret %s already', e.value, x.name)"
		" FROM secret x, json_each(x.services) e WHERE x.project_id = ? AND x.name <> ? AND e.value IN (SELECT value FROM json_each(?))",
		FP_VALS(fp_t(project_id), fp_t(name), fp_t(services)));

	if (st == FP_OK && other)
		st = fp_fail(err, FP_E_EXISTS, "%s", other);
	free(other);
	return st;
}

/* At most what the description takes for it: "NAME":"value", with everything escaped that JSON escapes. */
static int64_t size_in_description(const char *name, const char *value, size_t len)
{
	int64_t n = (int64_t)(strlen(name) + len) + 6;

	for (size_t i = 0; i < len; i++)
		n += value[i] == '"' || value[i] == '\\' ? 1 : (unsigned char)value[i] < ' ' ? 5 : 0;
	return n;
}

static enum fp_status check_room(struct fp_store *s, const char *project_id, const char *name, int64_t size, struct fp_error *err)
{
	int64_t others = 0;
	enum fp_status st = fp_db_int(s, &others, err, "SELECT coalesce(sum(size), 0) FROM secret WHERE project_id = ? AND name <> ?",
		FP_VALS(fp_t(project_id), fp_t(name)));

	if (st == FP_OK && others + size > FP_SECRETS_MAX) {
		st = fp_fail(err, FP_E_FULL, "the secrets of a project may take %d bytes in all; the others take %lld, and %s would take %lld", FP_SECRETS_MAX,
			(long long)others, name, (long long)size);
		fp_error_hint(err, "remove what is not used any more");
	}
	return st;
}

enum fp_status fp_secrets_make_key(struct fp_store *s, struct fp_error *err)
{
	int64_t any = 0;
	enum fp_status st = fp_db_int(s, &any, err, "SELECT 1 FROM secret LIMIT 1", FP_NOVALS);

	return st == FP_OK && !any ? fp_secret_key_make(s->home, err) : st;
}

static enum fp_status get_key(struct fp_store *s, struct fp_secret_key *key, struct fp_error *err)
{
	enum fp_status st = fp_secrets_make_key(s, err);

	return st == FP_OK ? fp_secret_key_read(key, s->home, err) : st;
}

static enum fp_status put(struct fp_store *s, const struct fp_secret_place *p, const char *value, size_t len, const char *services, const char *who,
	struct fp_error *err)
{
	unsigned char nonce[FP_SECRET_NONCE_BYTES], *sealed;
	struct fp_secret_key key;
	enum fp_status st = get_key(s, &key, err);

	if (st != FP_OK)
		return st;
	sealed = fp_alloc(len + FP_SECRET_TAG_BYTES);
	fp_secret_seal(sealed, nonce, &key, p, value, len);
	sodium_memzero(&key, sizeof key);
	st = fp_db_run(s, err, "INSERT INTO secret (project_id, name, type, nonce, ciphertext, size, services, set_at, set_by)"
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (project_id, name) DO UPDATE SET type = excluded.type, nonce = excluded.nonce,"
		" ciphertext = excluded.ciphertext, size = excluded.size, services = excluded.services, set_at = excluded.set_at, set_by = excluded.set_by,"
		" tested_at = NULL, test_ok = NULL, test_said = ''",
		FP_VALS(fp_t(p->project_id), fp_t(p->name), fp_t(p->type), fp_b(nonce, sizeof nonce), fp_b(sealed, len + FP_SECRET_TAG_BYTES),
			fp_i(size_in_description(p->name, value, len)), fp_t(services), fp_i(fp_now_ms()), fp_t(who)));
	free(sealed);
	return st;
}

enum fp_status fp_secret_set(struct fp_store *s, const char *project_id, const char *name, const char *type, const char *value, size_t len,
	const char *who, struct fp_error *err)
{
	struct fp_secret_place place = {project_id, name, type};
	json_t *names = json_array();
	char *services = NULL;
	enum fp_status st = fp_secret_name_check(name, err);

	if (st == FP_OK)
		st = check_value(names, name, type, value, len, err);
	if (st == FP_OK)
		st = fp_store_begin(s, err);
	if (st == FP_OK) {
		services = fp_json_dump(names);
		st = check_clash(s, project_id, name, services, err);
		if (st == FP_OK)
			st = check_room(s, project_id, name, size_in_description(name, value, len), err);
		if (st == FP_OK)
			st = put(s, &place, value, len, services, who, err);
		if (st == FP_OK)
			st = fp_activity_add(s, who, "set secret", project_id, err, "%s (%s)", name, type);
		st = fp_store_end(s, st, err);
	}
	json_decref(names);
	free(services);
	return st;
}

enum fp_status fp_secret_remove(struct fp_store *s, const char *project_id, const char *name, const char *who, struct fp_error *err)
{
	enum fp_status st = fp_store_begin(s, err);

	if (st != FP_OK)
		return st;
	st = fp_db_run(s, err, "DELETE FROM secret WHERE project_id = ? AND name = ?", FP_VALS(fp_t(project_id), fp_t(name)));
	if (st == FP_OK && fp_db_changes(s) == 0)
		st = fp_fail(err, FP_E_NOTFOUND, "there is no secret %s in this project", name);
	if (st == FP_OK)
		st = fp_activity_add(s, who, "remove secret", project_id, err, "%s", name);
	return fp_store_end(s, st, err);
}

enum fp_status fp_secret_tested(struct fp_store *s, const char *project_id, const char *name, int64_t set_at, int ok, const char *said,
	const char *who, struct fp_error *err)
{
	enum fp_status st = fp_store_begin(s, err);

	if (st != FP_OK)
		return st;
	st = fp_db_run(s, err, "UPDATE secret SET tested_at = ?, test_ok = nullif(?, -1), test_said = ? WHERE project_id = ? AND name = ? AND set_at = ?",
		FP_VALS(fp_i(fp_now_ms()), fp_i(ok), fp_t(said), fp_t(project_id), fp_t(name), fp_i(set_at)));
	if (st == FP_OK && fp_db_changes(s) > 0)
		st = fp_activity_add(s, who, "test secret", project_id, err, "%s: %s", name, ok > 0 ? "good" : ok == 0 ? "failed" : "nothing to test");
	return fp_store_end(s, st, err);
}

/* ---- giving them to jobs ---- */

/* The row under ST (name, type, nonce, ciphertext, project) as text; NULL when it does not open. Caller wipes and frees. */
static char *open_row(sqlite3_stmt *st, const struct fp_secret_key *key)
{
	struct fp_secret_place place = {fp_db_text(st, 4), fp_db_text(st, 0), fp_db_text(st, 1)};
	size_t n = (size_t)sqlite3_column_bytes(st, 3);
	char *text = fp_alloc(n);

	if (sqlite3_column_bytes(st, 2) == FP_SECRET_NONCE_BYTES && n > FP_SECRET_TAG_BYTES &&
			fp_secret_unseal(text, sqlite3_column_blob(st, 3), n, sqlite3_column_blob(st, 2), key, &place) == 0)
		return text;
	free(text);
	return NULL;
}

/* Services one after the other, in memory that is large enough from the beginning: what grows leaves copies behind. */
struct services {
	char *text;
	size_t len;
};

static enum fp_status give(sqlite3_stmt *st, const struct fp_secret_key *key, json_t *envvars, struct services *services, struct fp_error *err)
{
	char *text = open_row(st, key);
	size_t n;

	if (!text) {
		fp_fail(err, FP_E_CORRUPT, "secret %s cannot be decrypted: it was encrypted with another key, or it is damaged", fp_db_text(st, 0));
		fp_error_hint(err, "set it again, or put back the secret.key that belongs to this store");
		return FP_E_CORRUPT;
	}
	n = strlen(text);
	if (strcmp(fp_db_text(st, 1), "envvar") == 0) {
		json_object_set_new(envvars, fp_db_text(st, 0), json_string(text));
	} else {
		memcpy(services->text + services->len, text, n);
		services->text[services->len + n] = '\n';
		services->len += n + 1;
	}
	sodium_memzero(text, n);
	free(text);
	return FP_OK;
}

enum fp_status fp_secrets_for_job(struct fp_store *s, const char *project_id, json_t **envvars, char **pgservice, struct fp_error *err)
{
	struct services services = {NULL, 0};
	struct fp_secret_key key;
	sqlite3_stmt *st;
	int row = 1;
	enum fp_status rc = fp_db_stmt(s, &st, err, "SELECT name, type, nonce, ciphertext, project_id, sum(length(ciphertext)) OVER () FROM secret"
		" WHERE project_id = ? ORDER BY name", FP_VALS(fp_t(project_id)));

	if (rc != FP_OK)
		return rc;
	*envvars = json_object();
	while (rc == FP_OK && (rc = fp_db_next(s, st, &row, err)) == FP_OK && row) {
		if (!services.text) {
			services.text = fp_alloc((size_t)sqlite3_column_int64(st, 5) + 1); /* a ciphertext is longer than its text and a newline */
			rc = fp_secret_key_read(&key, s->home, err);
		}
		if (rc == FP_OK)
			rc = give(st, &key, *envvars, &services, err);
	}
	fp_db_end(s, st);
	sodium_memzero(&key, sizeof key);
	*pgservice = services.text ? services.text : fp_strdup("");
	if (rc != FP_OK) {
		fp_secrets_wipe(*envvars, *pgservice);
		*envvars = NULL;
		*pgservice = NULL;
	}
	return rc;
}

void fp_secrets_wipe(json_t *envvars, char *pgservice)
{
	fp_json_wipe(envvars);
	json_decref(envvars);
	if (pgservice)
		sodium_memzero(pgservice, strlen(pgservice));
	free(pgservice);
}

enum fp_status fp_secrets_check(struct fp_store *s, fp_secret_shut *each, void *arg, struct fp_error *err)
{
	struct fp_secret_key key;
	sqlite3_stmt *st;
	int row = 1;
	enum fp_status rc = fp_secret_key_read(&key, s->home, err);

	if (rc == FP_OK)
		rc = fp_db_stmt(s, &st, err, "SELECT x.name, x.type, x.nonce, x.ciphertext, x.project_id, p.name FROM secret x"
			" JOIN project p ON p.id = x.project_id ORDER BY p.name, x.name", FP_NOVALS);
	if (rc != FP_OK)
		return rc;
	while ((rc = fp_db_next(s, st, &row, err)) == FP_OK && row) {
		char *text = open_row(st, &key);
		if (text)
			sodium_memzero(text, strlen(text));
		else
			each(arg, fp_db_text(st, 5), fp_db_text(st, 0));
		free(text);
	}
	fp_db_end(s, st);
	sodium_memzero(&key, sizeof key);
	return rc;
}
