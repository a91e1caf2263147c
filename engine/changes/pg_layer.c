#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/changes/pg.h"
#include "engine/changes/target_pg.h"
#include "engine/layers/postgres.h"

#define FETCH "200" /* rows of the whole table that are held at a time */

static const char failed[] = "Failed to commit changes";

/* ---- which feature ---- */

/* Features have numbers here and keys there: of the few that a change is about both are known. */
static int64_t remember_key(struct fp_pg_layer *l, const char *key)
{
	char **slot = &l->keys[l->n_keys % FP_PG_KEYS];

	free(*slot);
	*slot = fp_strdup(key);
	return l->n_keys++;
}

static const char *key_of(const struct fp_pg_layer *l, int64_t fid)
{
	fp_assert(fid >= 0 && fid < l->n_keys && fid >= l->n_keys - FP_PG_KEYS);
	return l->keys[fid % FP_PG_KEYS];
}

static void know(struct fp_pg_layer *l, int64_t fid, PGresult *row)
{
	PQclear(l->known);
	l->known = row;
	l->known_fid = fid;
}

/* ---- statements ---- */

/* A feature: its key as text, its geometry, its columns. */
static char *select_features(const struct fp_pg_layer *l, const char *condition)
{
	struct fp_buf sql = FP_BUF_INIT;
	char *key = fp_pg_quoted(l->target.columns[l->target.key].name);

	fp_buf_addf(&sql, "SELECT %s::pg_catalog.text, ", key);
	if (l->geom)
		fp_buf_addf(&sql, "%sst_asbinary(%s, 'NDR')", l->postgis, l->geom);
	else
		fp_buf_adds(&sql, "NULL");
	for (size_t i = 0; i < l->target.n_columns; i++) {
		fp_buf_adds(&sql, ", ");
		fp_pg_value_select(&sql, l, i);
	}
	fp_buf_addf(&sql, " FROM %s%s", l->table, condition);
	free(key);
	return fp_buf_take(&sql);
}

static void make_statements(struct fp_pg_layer *l)
{
	char *key = fp_pg_quoted(l->target.columns[l->target.key].name), *condition;

	condition = fp_asprintf(" WHERE %s = $1", key);
	l->read.sql = select_features(l, condition);
	free(condition);
	/* the line's end closes a comment that the filter may end in */
	condition = fp_asprintf(*l->filter ? " WHERE %s = $1 AND (%s\n) LIMIT 2" : " WHERE %s = $1%s LIMIT 2", key, l->filter);
	l->find.sql = select_features(l, condition);
	free(condition);
	l->find_any.sql = fp_asprintf("SELECT FROM %s WHERE %s = $1 LIMIT 1", l->table, key);
	if (l->sequence)
		l->set_sequence.sql = fp_asprintf("SELECT pg_catalog.setval($2::pg_catalog.regclass, $1::pg_catalog.int8) FROM %s"
			" WHERE last_value < $1::pg_catalog.int8 OR (last_value = $1::pg_catalog.int8 AND NOT is_called)", l->sequence);
	free(key);
}

static void add_columns(struct fp_buf *sql, const struct fp_pg_layer *l, const char *shape, int numbered)
{
	int n = 0;

	for (size_t i = 0; i < l->target.n_columns; i++) {
		char *q = shape[2 + i] ? fp_pg_quoted(l->target.columns[i].name) : NULL;
		if (!q)
			continue;
		fp_buf_addf(sql, n++ ? ", %s" : "%s", q);
		if (numbered)
			fp_buf_addf(sql, " = $%d", n);
		free(q);
	}
	if (shape[1])
		fp_buf_addf(sql, n++ ? ", %s" : "%s", l->geom);
	if (shape[1] && numbered)
		fp_buf_addf(sql, " = $%d", n);
}

static char *statement(const struct fp_pg_layer *l, const char *shape)
{
	char *key = fp_pg_quoted(l->target.columns[l->target.key].name);
	struct fp_buf sql = FP_BUF_INIT;
	int n = shape[1] != 0, identity = 0;

	for (size_t i = 0; i < l->target.n_columns; i++) {
		n += shape[2 + i] != 0;
		identity = identity || (shape[2 + i] && l->types[i].identity);
	}
	if (shape[0] == 'd') {
		fp_buf_addf(&sql, "DELETE FROM %s WHERE %s = $1", l->table, key);
	} else if (shape[0] == 'u') {
		fp_buf_addf(&sql, "UPDATE %s SET ", l->table);
		add_columns(&sql, l, shape, 1);
		fp_buf_addf(&sql, " WHERE %s = $%d", key, n + 1);
	} else {
		fp_buf_addf(&sql, "INSERT INTO %s ", l->table);
		if (n) {
			fp_buf_addc(&sql, '(');
			add_columns(&sql, l, shape, 0);
			fp_buf_adds(&sql, identity ? ") OVERRIDING SYSTEM VALUE VALUES (" : ") VALUES (");
			for (int i = 1; i <= n; i++)
				fp_buf_addf(&sql, i > 1 ? ", $%d" : "$%d", i);
			fp_buf_addc(&sql, ')');
		} else {
			fp_buf_adds(&sql, "DEFAULT VALUES");
		}
		fp_buf_addf(&sql, " RETURNING %s::pg_catalog.text", key);
	}
	free(key);
	return fp_buf_take(&sql);
}

/* The statement that does VERB ("i", "u", "d") to the columns of SET, as in gpkg_layer.c. The server keeps what is dropped here until the end of the
 * connection; devices change the same few columns again and again. */
static struct fp_pg_statement *prepared(struct fp_pg_layer *l, char verb, const char *set, int geometry)
{
	size_t n = l->target.n_columns + 2, i;
	char *shape = fp_alloc(n);

	shape[0] = verb;
	shape[1] = (char)geometry;
	if (set)
		memcpy(shape + 2, set, n - 2);
	for (i = 0; i < l->n_cached; i++) {
		if (memcmp(l->cache[i].shape, shape, n) == 0) {
			free(shape);
			return &l->cache[i].statement;
		}
	}
	if (l->n_cached < FP_PG_STATEMENTS) {
		i = l->n_cached++;
	} else {
		i = l->next_victim++ % FP_PG_STATEMENTS;
		free(l->cache[i].shape);
		fp_pg_statement_free(&l->cache[i].statement);
	}
	l->cache[i].shape = shape;
	l->cache[i].statement.sql = statement(l, shape);
	return &l->cache[i].statement;
}

/* ---- reading ---- */

static void take_feature(const struct fp_pg_layer *l, struct fp_feature *out, const PGresult *res, int row)
{
	size_t n = 0;
	unsigned char *wkb = PQgetisnull(res, row, 1) ? NULL : fp_pg_unhex(PQgetvalue(res, row, 1), (size_t)PQgetlength(res, row, 1), &n);

	fp_feature_set_wkb(out, wkb, n);
	for (size_t i = 0; i < out->n; i++) {
		int at = (int)i + 2;
		fp_pg_value_read(&out->values[i], l, i, PQgetisnull(res, row, at) ? NULL : PQgetvalue(res, row, at), (size_t)PQgetlength(res, row, at));
	}
}

static enum fp_status look(struct fp_pg_layer *l, struct fp_pg_statement *s, const char *key, int read_only, PGresult **res, struct fp_error *err)
{
	const struct fp_pg_step step = {.statement = s, .n = 1, .values = &key};

	return fp_pg_look(fp_pg_session_of(l), &step, read_only, res, "Unable to find feature", err);
}

static enum fp_status find(struct fp_target *t, const char *text, int64_t *fid, int *n, int *hidden, struct fp_error *err)
{
	struct fp_pg_layer *l = (struct fp_pg_layer *)t;
	char number[64];
	const char *key;
	PGresult *res;
	enum fp_status st;

	*n = *hidden = 0;
	if (!fp_pg_value_key(l, text, number, &key))
		return FP_OK;
	st = look(l, &l->find, key, *l->filter != '\0', &res, err);
	if (st != FP_OK)
		return st;
	*n = PQntuples(res);
	if (*n > 0) {
		*fid = remember_key(l, PQgetvalue(res, 0, 0));
		know(l, *fid, res);
		return FP_OK;
	}
	PQclear(res);
	if (!*l->filter)
		return FP_OK;
	st = look(l, &l->find_any, key, 0, &res, err);
	*hidden = st == FP_OK && PQntuples(res) > 0;
	PQclear(res);
	return st;
}

static enum fp_status read_feature(struct fp_target *t, int64_t fid, struct fp_feature *out, struct fp_error *err)
{
	struct fp_pg_layer *l = (struct fp_pg_layer *)t;
	PGresult *res = l->known && l->known_fid == fid ? l->known : NULL;
	enum fp_status st = FP_OK;

	if (res)
		l->known = NULL;
	else
		st = look(l, &l->read, key_of(l, fid), 0, &res, err);
	if (st == FP_OK && PQntuples(res) == 0)
		st = fp_fail(err, FP_E_NOTFOUND, "Unable to find feature");
	else if (st == FP_OK)
		take_feature(l, out, res, 0);
	PQclear(res);
	return st;
}

static enum fp_status each_feature(struct fp_target *t, fp_target_each *each, void *arg, struct fp_error *err)
{
	struct fp_pg_layer *l = (struct fp_pg_layer *)t;
	struct fp_pg_session *s = fp_pg_session_of(l);
	char *condition = *l->filter ? fp_asprintf(" WHERE (%s\n)", l->filter) : fp_strdup(""), *select = select_features(l, condition);
	char *declare = fp_asprintf("DECLARE fieldpost_features NO SCROLL CURSOR FOR %s", select);
	struct fp_pg_step steps[] = {{.sql = declare}, {.sql = "FETCH " FETCH " FROM fieldpost_features"}};
	PGresult *results[2] = {NULL, NULL};
	struct fp_feature f;
	int n;
	enum fp_status st;

	fp_feature_init(&f, t->n_columns);
	fp_pg_later(s, "SAVEPOINT features");
	if (*l->filter)
		fp_pg_later(s, "SET TRANSACTION READ ONLY");
	st = fp_pg_batch(s, steps, 2, results, "the features cannot be read", err);
	do {
		n = st == FP_OK ? PQntuples(results[1]) : 0;
		for (int i = 0; st == FP_OK && i < n; i++) {
			take_feature(l, &f, results[1], i);
			st = each(arg, remember_key(l, PQgetvalue(results[1], i, 0)), &f, err);
		}
		PQclear(results[0]);
		PQclear(results[1]);
		results[0] = results[1] = NULL;
		if (st == FP_OK && n > 0)
			st = fp_pg_batch(s, &steps[1], 1, &results[1], "the features cannot be read", err);
	} while (n > 0);
	/* closes the cursor, whatever came of it */
	fp_pg_later(s, "ROLLBACK TO SAVEPOINT features");
	fp_pg_later(s, "RELEASE SAVEPOINT features");
	fp_feature_clear(&f);
	free(declare);
	free(select);
	free(condition);
	return st;
}

/* ---- writing ---- */

struct parameters {
	char **values;
	int n;
};

/* The columns of SET, the geometry, and room for one more. */
static enum fp_status parameters_make(struct parameters *p, const struct fp_pg_layer *l, const struct fp_feature *f, const char *set, int geometry,
	struct fp_error *err)
{
	enum fp_status st = FP_OK;

	*p = (struct parameters){.values = fp_alloc((f->n + 2) * sizeof *p->values)};
	for (size_t i = 0; st == FP_OK && i < f->n; i++)
		if (set[i])
			st = fp_pg_value_write(&p->values[p->n++], l, i, &f->values[i], err);
	if (st == FP_OK && geometry)
		p->values[p->n++] = f->wkb ? fp_pg_geometry(f->wkb, f->wkb_len, l->srid) : NULL;
	return st;
}

static void parameters_free(struct parameters *p)
{
	for (int i = 0; i < p->n; i++)
		free(p->values[i]);
	free(p->values);
}

static enum fp_status one_row(const struct fp_pg_layer *l, const PGresult *res, struct fp_error *err)
{
	const char *n = PQcmdTuples((PGresult *)(uintptr_t)res);

	if (strcmp(n, "1") == 0)
		return FP_OK;
	return fp_fail(err, FP_E_REFUSED, strcmp(n, "0") == 0 ? "%s: the table \"%s\" ignored the change (a trigger, a rule or a row-level policy of its own does"
		" that)" : "%s: the table \"%s\" has several rows of this key", failed, l->name);
}

/* Changes one row and reads it in the same round trip. */
static enum fp_status change(struct fp_pg_layer *l, int64_t fid, struct fp_pg_statement *s, int n, const char *const *values, struct fp_error *err)
{
	const char *key = key_of(l, fid);
	const struct fp_pg_step steps[] = {{.statement = s, .n = n, .values = values}, {.statement = &l->read, .n = 1, .values = &key}};
	PGresult *results[2];
	enum fp_status st = fp_pg_batch(fp_pg_session_of(l), steps, 2, results, failed, err);

	if (st == FP_OK)
		st = one_row(l, results[0], err);
	if (st == FP_OK) {
		know(l, fid, results[1]);
		results[1] = NULL;
	}
	PQclear(results[0]);
	PQclear(results[1]);
	return st;
}

static enum fp_status update(struct fp_target *t, int64_t fid, const struct fp_feature *f, const char *set, int geometry, struct fp_error *err)
{
	struct fp_pg_layer *l = (struct fp_pg_layer *)t;
	struct parameters p;
	enum fp_status st = parameters_make(&p, l, f, set, geometry, err);

	know(l, -1, NULL);
	if (st == FP_OK) {
		p.values[p.n++] = fp_strdup(key_of(l, fid));
		st = change(l, fid, prepared(l, 'u', set, geometry), p.n, (const char *const *)p.values, err);
	}
	parameters_free(&p);
	return st;
}

static enum fp_status remove_feature(struct fp_target *t, int64_t fid, struct fp_error *err)
{
	struct fp_pg_layer *l = (struct fp_pg_layer *)t;
	const char *key = key_of(l, fid);

	know(l, -1, NULL);
	return change(l, fid, prepared(l, 'd', NULL, 0), 1, &key, err);
}

/* A key that is kept must not be handed out once more: the sequence goes on behind it. What a sequence is set to no rollback takes back, so a dry run
 * leaves it. */
static int hands_on(struct fp_pg_layer *l, const struct fp_feature *f, const char *set)
{
	int64_t key = f->values[l->target.key].i;

	if (!l->sequence || !set[l->target.key] || f->values[l->target.key].type != FP_INT || key <= l->handed || fp_pg_session_of(l)->dry_run)
		return 0;
	if (!l->may_set) {
		free(l->target.note);
		l->target.note = fp_asprintf("The key %lld was kept, but the sequence %s may not be set and may hand it out again.", (long long)key, l->sequence);
	}
	return l->may_set;
}

static enum fp_status insert(struct fp_target *t, const struct fp_feature *f, const char *set, int geometry, int64_t *fid, struct fp_error *err)
{
	struct fp_pg_layer *l = (struct fp_pg_layer *)t;
	struct parameters p;
	enum fp_status st = parameters_make(&p, l, f, set, geometry, err);
	PGresult *results[2] = {NULL, NULL};

	know(l, -1, NULL);
	if (st == FP_OK) {
		int follow = hands_on(l, f, set);
		char *key = fp_asprintf("%lld", (long long)f->values[t->key].i);
		const char *values[] = {key, l->sequence};
		const struct fp_pg_step steps[] = {{.statement = prepared(l, 'i', set, geometry), .n = p.n, .values = (const char *const *)p.values},
			{.statement = &l->set_sequence, .n = 2, .values = values}};
		st = fp_pg_batch(fp_pg_session_of(l), steps, follow ? 2 : 1, results, failed, err);
		if (st == FP_OK && follow)
			l->handed = f->values[t->key].i;
		free(key);
	}
	if (st == FP_OK && (PQntuples(results[0]) != 1 || PQgetisnull(results[0], 0, 0)))
		st = PQntuples(results[0]) == 1 ? fp_fail(err, FP_E_REFUSED, "%s: the feature would have no \"%s\", by which it could be found again", failed,
			t->columns[t->key].name) : one_row(l, results[0], err);
	if (st == FP_OK)
		*fid = remember_key(l, PQgetvalue(results[0], 0, 0));
	PQclear(results[0]);
	PQclear(results[1]);
	parameters_free(&p);
	return st;
}

static void layer_free(struct fp_target *t)
{
	struct fp_pg_layer *l = (struct fp_pg_layer *)t;

	know(l, -1, NULL);
	for (size_t i = 0; i < FP_PG_KEYS; i++)
		free(l->keys[i]);
	for (size_t i = 0; i < l->n_cached; i++) {
		free(l->cache[i].shape);
		fp_pg_statement_free(&l->cache[i].statement);
	}
	fp_pg_statement_free(&l->find);
	fp_pg_statement_free(&l->find_any);
	fp_pg_statement_free(&l->read);
	fp_pg_statement_free(&l->set_sequence);
	for (size_t i = 0; l->types && i < t->n_columns; i++) {
		free(l->types[i].type);
		free(l->types[i].element);
	}
	free(l->types);
	free(l->table);
	free(l->name);
	free(l->geom);
	free(l->postgis);
	free(l->filter);
	free(l->sequence);
	fp_target_clear(t);
	free(l);
}

static const struct fp_target_ops ops = {
	.find = find, .read = read_feature, .update = update, .insert = insert, .remove = remove_feature, .each = each_feature, .free = layer_free
};

enum fp_status fp_pg_open_layer(struct fp_file *f, struct fp_target **out, const struct fp_layer_def *layer, struct fp_error *err)
{
	struct fp_pg_layer *l = fp_alloc(sizeof *l);
	struct fp_uri u;
	json_t *question;
	enum fp_status st;

	fp_uri_parse(&u, layer->datasource);
	question = fp_postgres_question(&u, "table");
	l->target = (struct fp_target){.ops = &ops, .file = f, .key = -1, .geometry = {.flat = wkbNone}, .database = 1};
	l->filter = fp_strdup(u.sql);
	st = fp_pg_define(l, question, layer, err);
	if (st == FP_OK && l->target.key >= 0)
		make_statements(l);
	json_decref(question);
	fp_uri_clear(&u);
	if (st == FP_OK)
		*out = &l->target;
	else
		layer_free(&l->target);
	return st;
}
