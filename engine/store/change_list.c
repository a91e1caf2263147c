/* A filter is split in what facets know (status, user, layer ..., text) and the rest (times, jobs, uuids). The facets that pass are few enough to be
 * looked at one by one; they count without reading a change, and say which way leads to a page: through their index when it is to few changes, else along
 * all changes, which meets one that passes before long. A list sorted by a column is one list after the other, one for each of its values. */
#include "engine/store/change_list.h"

#include <stdlib.h>
#include <string.h>

#include "engine/store/changes.h"
#include "engine/store/list.h"

int64_t fp_change_few = 150000; /* ids are sorted in less time than all are walked along */

enum { FACET, TIME, IDS };

static const char *const statuses[] = {"pending", "started", "applied", "conflict", "not_applied", "error", "ignored", "unpermitted", NULL};
static const char *const methods[] = {"create", "patch", "delete", NULL};

static const struct fp_filter_key keys[] = {
	{.key = "status", .type = FP_FILTER_WORD, .sql = "f.status = ?", .words = statuses},
	{.key = "method", .type = FP_FILTER_WORD, .sql = "f.method = ?", .words = methods},
	{.key = "layer", .type = FP_FILTER_FOLD, .sql = "fold(f.layer_name) = ? OR fold(f.layer_id) = ?"},
	{.key = "user", .type = FP_FILTER_FOLD, .sql = "fold(f.created_by) = ?"},
	{.key = "client", .type = FP_FILTER_FOLD, .sql = "fold(f.client_id) = ?"},
	{.key = "job", .type = FP_FILTER_INT, .part = IDS,
		.sql = "k.id IN (SELECT change_id FROM attempt WHERE job_id = ? UNION ALL SELECT id FROM change WHERE taken_by = ?)"},
	{.key = "uuid", .type = FP_FILTER_FOLD, .sql = "k.id IN (SELECT id FROM change WHERE uuid = ?)", .part = IDS},
	{.key = "after", .type = FP_FILTER_TIME, .sql = "k.created_at >= ?", .all = 1, .part = TIME},
	{.key = "applied-after", .type = FP_FILTER_TIME, .sql = "k.id IN (SELECT change_id FROM attempt WHERE outcome = 'applied' AND at >= ?)", .all = 1,
		.part = IDS},
	{.key = "before", .type = FP_FILTER_TIME, .sql = "k.created_at < ?", .all = 1, .part = TIME},
	{0},
};

#define TEXT "f.text LIKE ? ESCAPE '\\'"

static const struct fp_sort sorts[] = {
	{"when", "k.id", 1}, {"who", "f.created_by", 0}, {"method", "f.method", 0}, {"layer", "f.layer_name", 0}, {"status", "f.status", 0}, {0},
};

/* What a query asks for, as SQL. */
struct asked {
	const struct fp_query *q;
	struct fp_where facets; /* " WHERE ..." over change_facet f */
	struct fp_where rest;   /* " AND ..." over change_key k; when PLAIN, it binds the project */
	const char *group;      /* the column of which REST binds a value last; NULL: none */
	int plain;              /* no filter, in the list's own order */
	int any_facet, by_ids;  /* no condition on facets; REST names changes */
	int sorted;             /* by a column: by facets */
};

static void clear(struct asked *a)
{
	fp_where_free(&a->facets);
	fp_where_free(&a->rest);
}

static enum fp_status add_part(struct fp_where *w, int part, const struct fp_query *q, struct fp_error *err)
{
	w->part = part;
	return fp_where_filter(w, keys, TEXT, q->filter, err);
}

static enum fp_status ask(struct asked *a, const struct fp_query *q, struct fp_error *err)
{
	size_t times;
	enum fp_status st;

	*a = (struct asked){.q = q, .facets = FP_WHERE_INIT, .rest = FP_WHERE_INIT, .plain = !q->filter || !*q->filter};
	fp_buf_adds(&a->facets.sql, " WHERE n > 0");
	if (q->project_id)
		fp_where_and(&a->facets, "f.project_id = ?", fp_t(q->project_id));
	st = add_part(&a->facets, FACET, q, err);
	a->any_facet = a->facets.n == 0;
	a->sorted = q->sort && strcmp(q->sort, sorts[0].name) != 0;
	if (st == FP_OK)
		st = add_part(&a->rest, TIME, q, err);
	times = a->rest.n;
	if (st == FP_OK)
		st = add_part(&a->rest, IDS, q, err);
	a->by_ids = a->rest.n > times;
	return st;
}

static size_t bind(struct asked *a, struct fp_val v)
{
	FP_GROW(a->rest.v, a->rest.n, a->rest.cap);
	a->rest.v[a->rest.n++] = v;
	return a->rest.n;
}

/* " FROM ... JOIN WHERE ..." of the changes k. Who passes is found by ids, or when there are few, in the index of facets or times, or along all. */
static void from(struct fp_buf *b, const struct asked *a, const char *join, int few)
{
	if (a->plain && !a->group && a->q->project_id)
		fp_buf_adds(b, " FROM change k INDEXED BY change_of_project WHERE k.project_id = ?1");
	else if (a->any_facet && !a->group)
		fp_buf_addf(b, " FROM change_key k %s%s WHERE 1%s", few && !a->by_ids && a->rest.sql.len > 0 ? "INDEXED BY change_key_time" : "NOT INDEXED", join,
			a->rest.sql.data);
	else if (!a->group)
		fp_buf_addf(b, " FROM change_key k %s%s WHERE k.facet_id IN (SELECT id FROM temp.change_passing)%s",
			few && !a->by_ids ? "INDEXED BY change_key_facet" : "NOT INDEXED", join, a->rest.sql.data);
	else
		fp_buf_addf(b, " FROM change_key k %s WHERE k.facet_id IN (SELECT f.id FROM temp.change_passing p CROSS JOIN change_facet f ON f.id = p.id WHERE "
			"%s = ?%zu)%s", few && !a->by_ids ? "INDEXED BY change_key_facet" : "NOT INDEXED", a->group, a->rest.n, a->rest.sql.data);
}

/* How many of the N changes of A's facets pass the rest, too. */
static enum fp_status count_rest(struct fp_store *s, const struct asked *a, int64_t *n, struct fp_error *err)
{
	struct fp_buf sql = FP_BUF_INIT;
	enum fp_status st;

	if (a->rest.sql.len == 0)
		return FP_OK;
	fp_buf_adds(&sql, "SELECT count(*)");
	from(&sql, a, "", 1); /* ranges of an index: only what passes is met */
	st = fp_db_int(s, n, err, sql.data, a->rest.v, a->rest.n);
	fp_buf_free(&sql);
	return st;
}

/* temp.change_passing: the facets that pass, and how many changes each has. */
static enum fp_status find_passing(struct fp_store *s, const struct asked *a, struct fp_error *err)
{
	struct fp_buf sql = FP_BUF_INIT;
	enum fp_status st = fp_db_cache(s, err, "CREATE TEMP TABLE IF NOT EXISTS change_passing (id INTEGER PRIMARY KEY, n INTEGER NOT NULL)", FP_NOVALS);

	if (st == FP_OK)
		st = fp_db_cache(s, err, "DELETE FROM temp.change_passing", FP_NOVALS);
	fp_buf_addf(&sql, "INSERT INTO temp.change_passing SELECT f.id, f.n FROM change_facet f NOT INDEXED%s", a->facets.sql.data);
	if (st == FP_OK)
		st = fp_db_cache(s, err, sql.data, a->facets.v, a->facets.n);
	fp_buf_free(&sql);
	return st;
}

/* Finds the facets that pass, and counts. Both hold until the filter is another or something was written: a view counts, then asks for page after page. */
static enum fp_status pass(struct fp_store *s, const struct asked *a, int64_t *n, struct fp_error *err)
{
	struct fp_passing *p = &s->passing;
	int64_t version = 0;
	char *key;
	enum fp_status st = fp_db_int(s, &version, err, "PRAGMA data_version", FP_NOVALS);

	*n = 0;
	if (st != FP_OK)
		return st;
	key = fp_asprintf("%d %s %s", a->sorted, a->q->project_id ? a->q->project_id : "", a->q->filter ? a->q->filter : "");
	if (s->depth > 0 || !p->key || p->version != version || p->commits != s->commits || strcmp(p->key, key) != 0) {
		free(p->key);
		*p = (struct fp_passing){NULL, 0, version, s->commits};
		st = a->any_facet && !a->sorted ? FP_OK : find_passing(s, a, err);
		if (st == FP_OK && (!a->any_facet || a->sorted))
			st = fp_db_int(s, &p->n, err, "SELECT sum(n) FROM temp.change_passing", FP_NOVALS);
		if (st == FP_OK)
			st = count_rest(s, a, &p->n, err);
		if (st == FP_OK && s->depth == 0) {
			p->key = key;
			key = NULL;
		}
	}
	free(key);
	*n = p->n;
	return st;
}

/* The counters of statuses know how many there are without a filter; a list in its own order needs no facet then. */
static enum fp_status count_plain(struct fp_store *s, struct asked *a, int64_t *n, struct fp_error *err)
{
	*n = 0;
	if (a->q->project_id)
		bind(a, fp_t(a->q->project_id));
	return fp_db_int(s, n, err, "SELECT sum(n) FROM change_count WHERE project_id = ?1 OR ?1 IS NULL", FP_VALS(fp_t(a->q->project_id)));
}

enum fp_status fp_change_count(struct fp_store *s, const struct fp_query *q, int64_t *n, struct fp_error *err)
{
	struct asked a;
	enum fp_status st = ask(&a, q, err);

	*n = 0;
	if (st == FP_OK)
		st = a.plain ? count_plain(s, &a, n, err) : pass(s, &a, n, err);
	clear(&a);
	return st;
}

static enum fp_status count_as_sorted(struct fp_store *s, struct asked *a, const struct fp_sort *by, int64_t *n, struct fp_error *err)
{
	a->plain &= by == sorts;
	return a->plain ? count_plain(s, a, n, err) : pass(s, a, n, err);
}

struct page {
	int64_t offset, limit;
	int descending;
	fp_change_id_each *each;
	void *arg;
};

#define TURNED_MAX 4000 /* ids of a page that are read from the end and turned round */

static enum fp_status give_turned(struct page *p, const int64_t *ids, int64_t n, struct fp_error *err)
{
	enum fp_status st = FP_OK;

	while (st == FP_OK && n > 0)
		st = p->each(p->arg, ids[--n], err);
	return st;
}

/* The part of P that lies in A's N changes, in the order of ids or, sorted here and now, of BY (not NULL); P is what is left of it then. The way to a page
 * is from the nearer end. */
static enum fp_status give(struct fp_store *s, struct asked *a, const struct fp_sort *by, int64_t n, struct page *p, struct fp_error *err)
{
	struct fp_buf sql = FP_BUF_INIT;
	int64_t here = p->limit < n - p->offset ? p->limit : n - p->offset, ids[TURNED_MAX], got = 0;
	int turned = p->offset > n / 2 && here <= TURNED_MAX, more = 1;
	sqlite3_stmt *st = NULL;
	size_t bound = a->rest.n, at;
	enum fp_status rc;

	if (here <= 0) {
		p->offset -= n;
		return FP_OK;
	}
	fp_buf_adds(&sql, "SELECT k.id");
	from(&sql, a, by ? " CROSS JOIN change_facet f ON f.id = k.facet_id" : "", n <= fp_change_few);
	at = bind(a, fp_i(here)); /* not more: behind the last one all others would be walked along */
	bind(a, fp_i(turned ? n - p->offset - here : p->offset));
	fp_buf_adds(&sql, " ORDER BY ");
	if (by)
		fp_buf_addf(&sql, "%s %s, ", by->sql, (by->descending != !!a->q->reverse) != turned ? "DESC" : "ASC");
	fp_buf_addf(&sql, "k.id %s LIMIT ?%zu OFFSET ?%zu", p->descending != turned ? "DESC" : "ASC", at, at + 1);
	rc = fp_db_stmt(s, &st, err, sql.data, a->rest.v, a->rest.n);
	while (rc == FP_OK && more) {
		rc = fp_db_next(s, st, &more, err);
		if (rc != FP_OK || !more)
			break;
		if (turned)
			ids[got++] = sqlite3_column_int64(st, 0);
		else
			rc = p->each(p->arg, sqlite3_column_int64(st, 0), err);
	}
	if (rc == FP_OK)
		rc = give_turned(p, ids, got, err);
	fp_db_end(s, st);
	a->rest.n = bound;
	p->offset = 0;
	p->limit -= here;
	fp_buf_free(&sql);
	return rc;
}

/* The values of the column BY among the facets that pass, each with how many changes have it. */
static enum fp_status groups(struct fp_store *s, sqlite3_stmt **st, const struct fp_sort *by, int turned, struct fp_error *err)
{
	char *sql = fp_asprintf("SELECT %s, sum(p.n) FROM temp.change_passing p CROSS JOIN change_facet f ON f.id = p.id GROUP BY 1 ORDER BY 1 %s", by->sql,
		by->descending != turned ? "DESC" : "ASC");
	enum fp_status rc = fp_db_stmt(s, st, err, sql, FP_NOVALS);

	free(sql);
	return rc;
}

/* A becomes the next group of ST, with its N changes; *MORE 0 when there is none. */
static enum fp_status next_group(struct fp_store *s, sqlite3_stmt *st, struct asked *a, const struct fp_sort *by, int64_t *n, int *more, struct fp_error *err)
{
	enum fp_status rc = fp_db_next(s, st, more, err);

	if (rc != FP_OK || !*more)
		return rc;
	if (a->group)
		a->rest.n--;
	a->group = by->sql;
	bind(a, fp_t(fp_db_text(st, 0)));
	*n = sqlite3_column_int64(st, 1);
	return count_rest(s, a, n, err);
}

static enum fp_status give_groups(struct fp_store *s, struct asked *a, const struct fp_sort *by, struct page *p, struct fp_error *err)
{
	sqlite3_stmt *st = NULL;
	int64_t n = 0;
	int more = 1;
	enum fp_status rc = groups(s, &st, by, !!a->q->reverse, err);

	while (rc == FP_OK && p->limit > 0) {
		rc = next_group(s, st, a, by, &n, &more, err);
		if (rc != FP_OK || !more)
			break;
		rc = give(s, a, NULL, n, p, err);
	}
	fp_db_end(s, st);
	return rc;
}

enum fp_status fp_change_ids(struct fp_store *s, const struct fp_query *q, int64_t offset, int64_t limit, fp_change_id_each *each, void *arg,
	struct fp_error *err)
{
	struct page p = {offset, limit < 0 ? INT64_MAX : limit, !q->reverse, each, arg};
	const struct fp_sort *by;
	struct asked a;
	int64_t n = 0;
	enum fp_status st = ask(&a, q, err);

	if (st == FP_OK)
		st = fp_list_sort(sorts, q, &by, err);
	if (st == FP_OK)
		st = count_as_sorted(s, &a, by, &n, err);
	if (st == FP_OK)
		st = by != sorts && n > fp_change_few ? give_groups(s, &a, by, &p, err) : give(s, &a, by == sorts ? NULL : by, n, &p, err);
	clear(&a);
	return st;
}

/* How many of A's changes are newer than ID, or older. */
static enum fp_status count_beyond(struct fp_store *s, struct asked *a, int few, int newer, int64_t id, int64_t *n, struct fp_error *err)
{
	struct fp_buf sql = FP_BUF_INIT;
	enum fp_status st;

	fp_buf_adds(&sql, "SELECT count(*)");
	from(&sql, a, "", few);
	fp_buf_addf(&sql, " AND k.id %s ?%zu", newer ? ">" : "<", bind(a, fp_i(id)));
	st = fp_db_int(s, n, err, sql.data, a->rest.v, a->rest.n);
	a->rest.n--;
	fp_buf_free(&sql);
	return st;
}

/* Where ID, one of A's N changes, stands among them by id; by way of the nearer end. */
static enum fp_status place(struct fp_store *s, struct asked *a, int64_t n, int descending, int64_t id, int64_t *offset, struct fp_error *err)
{
	int64_t middle = 0, beyond = 0;
	enum fp_status st = fp_db_int(s, &middle, err, "SELECT ((SELECT min(id) FROM change_key) + (SELECT max(id) FROM change_key)) / 2", FP_NOVALS);

	if (st == FP_OK)
		st = count_beyond(s, a, n <= fp_change_few, id > middle, id, &beyond, err);
	*offset = (id > middle) == descending ? beyond : n - 1 - beyond;
	return st;
}

static enum fp_status place_in_groups(struct fp_store *s, struct asked *a, const struct fp_sort *by, int64_t id, int64_t *offset, struct fp_error *err)
{
	char *ask_own = fp_asprintf("SELECT %s FROM change_key k JOIN change_facet f ON f.id = k.facet_id WHERE k.id = ?", by->sql), *own = NULL;
	sqlite3_stmt *st = NULL;
	int64_t before = 0, n = 0;
	int more = 1;
	enum fp_status rc = fp_db_str(s, &own, err, ask_own, FP_VALS(fp_i(id)));

	if (rc == FP_OK)
		rc = groups(s, &st, by, !!a->q->reverse, err);
	while (rc == FP_OK && own) {
		rc = next_group(s, st, a, by, &n, &more, err);
		if (rc != FP_OK || !more)
			break;
		if (strcmp(own, fp_db_text(st, 0)) == 0) {
			rc = place(s, a, n, !a->q->reverse, id, offset, err);
			*offset += before;
			break;
		}
		before += n;
	}
	fp_db_end(s, st);
	free(own);
	free(ask_own);
	return rc;
}

/* The same where there are few, all at once. */
static enum fp_status place_sorted(struct fp_store *s, struct asked *a, const struct fp_sort *by, int64_t id, int64_t *offset, struct fp_error *err)
{
	struct fp_buf sql = FP_BUF_INIT;
	size_t at;
	enum fp_status st;

	fp_buf_addf(&sql, "WITH own(value) AS (SELECT %s FROM change_key k JOIN change_facet f ON f.id = k.facet_id WHERE k.id = ?%zu) SELECT count(*)", by->sql,
		at = bind(a, fp_i(id)));
	from(&sql, a, " CROSS JOIN change_facet f ON f.id = k.facet_id CROSS JOIN own", 1);
	fp_buf_addf(&sql, " AND (%s %s own.value OR %s = own.value AND k.id %s ?%zu)", by->sql, by->descending != !!a->q->reverse ? ">" : "<", by->sql,
		a->q->reverse ? "<" : ">", at);
	st = fp_db_int(s, offset, err, sql.data, a->rest.v, a->rest.n);
	a->rest.n--;
	fp_buf_free(&sql);
	return st;
}

static enum fp_status is_there(struct fp_store *s, struct asked *a, int64_t id, int64_t *there, struct fp_error *err)
{
	struct fp_buf sql = FP_BUF_INIT;
	enum fp_status st;

	fp_buf_adds(&sql, "SELECT 1");
	from(&sql, a, "", 0);
	fp_buf_addf(&sql, " AND k.id = ?%zu", bind(a, fp_i(id)));
	st = fp_db_int(s, there, err, sql.data, a->rest.v, a->rest.n);
	a->rest.n--;
	fp_buf_free(&sql);
	return st;
}

enum fp_status fp_change_rank(struct fp_store *s, const struct fp_query *q, int64_t id, int64_t *offset, struct fp_error *err)
{
	const struct fp_sort *by;
	struct asked a;
	int64_t n = 0, there = 0;
	enum fp_status st = ask(&a, q, err);

	*offset = -1;
	if (st == FP_OK)
		st = fp_list_sort(sorts, q, &by, err);
	if (st == FP_OK)
		st = count_as_sorted(s, &a, by, &n, err);
	if (st == FP_OK)
		st = is_there(s, &a, id, &there, err);
	if (st == FP_OK && there && by == sorts)
		st = place(s, &a, n, !q->reverse, id, offset, err);
	else if (st == FP_OK && there)
		st = n > fp_change_few ? place_in_groups(s, &a, by, id, offset, err) : place_sorted(s, &a, by, id, offset, err);
	clear(&a);
	return st;
}
