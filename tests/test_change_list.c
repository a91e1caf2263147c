/* Changes are listed by facet; the same list made by looking at every change is the truth. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/store/change_list.h"
#include "engine/store/changes.h"
#include "engine/store/db.h"
#include "tests/bench/many_changes.h"
#include "tests/ui_home.h"

#define CHANGES 4000

static struct fp_store *s;
static struct fp_error err;
static unsigned long long seed = 20261123;

static void setup(void)
{
	s = ui_home_empty();
	fp_change_few = 100;
	many_changes(s, CHANGES);
}

static void teardown(void)
{
	ui_home_remove(s);
}

TestSuite(change_list, .init = setup, .fini = teardown, .timeout = 110);

static unsigned chance(unsigned n)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(seed >> 33) % n;
}

/* A word of a filter, and the condition on a change that it stands for. */
struct term { const char *word, *sql; };
static const struct term terms[] = {
	{"status:conflict", "status = 'conflict'"}, {"status:applied", "status = 'applied'"}, {"method:delete", "method = 'delete'"},
	{"method:patch", "method = 'patch'"}, {"user:FIELD-3", "created_by = 'field-3'"}, {"user:\"summer helper\"", "created_by = 'summer helper'"},
	{"user:nobody", "created_by = 'nobody'"}, {"layer:\"old trees\"", "layer_name = 'Old trees'"}, {"layer:layer_1_4", "layer_id = 'layer_1_4'"},
	{"client:5e1f0000-0000-4000-8000-000000000005", "client_id = '5e1f0000-0000-4000-8000-000000000005'"},
	{"job:3", "(id IN (SELECT change_id FROM attempt WHERE job_id = 3) OR coalesce(taken_by = 3, 0))"},
	{"uuid:c0000000-0000-4000-8000-000000000777", "uuid = 'c0000000-0000-4000-8000-000000000777'"},
	{"after:2025-10-09T18:00", "created_at >= 1760032800000"}, {"before:2025-10-10T06:00", "created_at < 1760076000000"},
	{"applied-after:2025-10-10", "id IN (SELECT change_id FROM attempt WHERE outcome = 'applied' AND at >= 1760054400000)"},
	{"species", "instr(fold, 'species')"}, {"H\xc3\x96HE", "instr(fold, 'h\xc3\xb6he')"}, {"\"can only\"", "instr(fold, 'can only')"}, {"99", "instr(fold, '99')"},
	{"nowhere", "0"},
};
static const struct term orders[] = {
	{"when", "id DESC"}, {"who", "created_by, id DESC"}, {"method", "method, id DESC"}, {"layer", "layer_name, id DESC"}, {"status", "status, id DESC"},
	{"when", "id"}, {"who", "created_by DESC, id"}, {"method", "method DESC, id"}, {"layer", "layer_name DESC, id"}, {"status", "status DESC, id"},
};

static void take_id(void *arg, const struct fp_change_row *r)
{
	fp_buf_addf(arg, "%lld ", (long long)r->id);
}

static int64_t ids[CHANGES]; /* of the query that is looked at */

/* How many ids that query has, by looking at every change. */
static int64_t truth(const char *project, const char *where, const char *order)
{
	struct fp_buf sql = FP_BUF_INIT;
	sqlite3_stmt *st;
	int64_t n = 0;
	int row;

	fp_buf_addf(&sql, "SELECT id FROM change NOT INDEXED WHERE %s AND project_id = coalesce(?, project_id) ORDER BY %s", where, order);
	cr_assert_eq(fp_db_stmt(s, &st, &err, sql.data, FP_VALS(fp_t(project))), FP_OK, "%s", err.msg);
	while (fp_db_next(s, st, &row, &err) == FP_OK && row) {
		cr_assert_lt(n, CHANGES);
		ids[n++] = sqlite3_column_int64(st, 0);
	}
	fp_db_end(s, st);
	fp_buf_free(&sql);
	return n;
}

static void agrees(const char *project, const char *filter, const char *where, size_t order)
{
	struct fp_query q = {.project_id = project, .filter = filter, .sort = orders[order].word, .reverse = order >= 5};
	struct fp_buf want = FP_BUF_INIT, got = FP_BUF_INIT;
	int64_t all = truth(project, where, orders[order].sql), n, rank, offset = 0, limit = 1 + chance(100);

	fp_change_few = (int64_t[]){0, 100, 100000}[chance(3)];
	cr_assert_eq(fp_change_count(s, &q, &n, &err), FP_OK, "%s: %s", filter, err.msg);
	cr_assert_eq(n, all, "%s (%s): %lld, not %lld", filter, project ? project : "all", (long long)n, (long long)all);
	if (all > 0)
		offset = chance((unsigned)all);
	for (int64_t i = offset; i < all && i < offset + limit; i++)
		fp_buf_addf(&want, "%lld ", (long long)ids[i]);
	cr_assert_eq(fp_change_list(s, &q, offset, limit, take_id, &got, &err), FP_OK, "%s: %s", filter, err.msg);
	cr_assert_str_eq(got.data, want.data, "%s by %s from %lld: %s, not %s", filter, orders[order].sql, (long long)offset, got.data, want.data);
	if (all > 0) {
		cr_assert_eq(fp_change_rank(s, &q, ids[offset], &rank, &err), FP_OK, "%s: %s", filter, err.msg);
		cr_assert_eq(rank, offset, "%s by %s: %lld, not %lld", filter, orders[order].sql, (long long)rank, (long long)offset);
	}
	fp_buf_free(&want);
	fp_buf_free(&got);
}

static void agree_at_random(int rounds)
{
	for (int i = 0; i < rounds; i++) {
		struct fp_buf filter = FP_BUF_INIT, where = FP_BUF_INIT;
		char project[64];
		unsigned used = 0;
		snprintf(project, sizeof project, MANY_PROJECT, (int)chance(4));
		fp_buf_adds(&where, "1");
		for (unsigned k = chance(4); k > 0; k--) {
			unsigned t = chance(sizeof terms / sizeof *terms), no = chance(3) == 0, key = t < 2 ? 0 : t < 4 ? 2 : t < 7 ? 4 : t < 9 ? 7 : t;
			if (used & 1U << key) /* the same key said twice means "or" */
				continue;
			used |= 1U << key;
			fp_buf_addf(&filter, "%s%s ", no ? "-" : "", terms[t].word);
			fp_buf_addf(&where, " AND %s(%s)", no ? "NOT " : "", terms[t].sql);
		}
		agrees(chance(2) ? project : NULL, filter.data, where.data, chance(10));
		fp_buf_free(&filter);
		fp_buf_free(&where);
	}
}

static int64_t number(const char *sql)
{
	int64_t n = -1;

	cr_assert_eq(fp_db_int(s, &n, &err, sql, FP_NOVALS), FP_OK, "%s", err.msg);
	return n;
}

#define UNTRUE "SELECT count(*) FROM change c LEFT JOIN change_key k ON k.id = c.id LEFT JOIN change_facet f ON f.id = k.facet_id WHERE k.created_at IS NOT " \
	"c.created_at OR (f.project_id, f.status, f.method, f.layer_id, f.layer_name, f.created_by, f.client_id, f.text) IS NOT (c.project_id, c.status, c.method, " \
	"c.layer_id, c.layer_name, c.created_by, c.client_id, c.fold)"
#define MISCOUNTED "SELECT count(*) FROM change_facet f WHERE n <> (SELECT count(*) FROM change_key k WHERE k.facet_id = f.id)"

Test(change_list, a_filter_finds_what_looking_at_every_change_finds)
{
	agree_at_random(700);
}

Test(change_list, what_is_written_is_found_at_once_and_what_is_taken_back_is_not)
{
	struct fp_query q = {.filter = "status:ignored"};
	int64_t before, n;

	cr_assert_eq(fp_change_count(s, &q, &before, &err), FP_OK);
	cr_assert_eq(fp_store_begin(s, &err), FP_OK);
	cr_assert_eq(fp_db_run(s, &err, "UPDATE change SET status = 'ignored' WHERE id <= 10 AND status = 'applied'", FP_NOVALS), FP_OK);
	cr_assert_eq(fp_change_count(s, &q, &n, &err), FP_OK);
	cr_assert_gt(n, before);
	fp_store_rollback(s);
	cr_assert_eq(fp_change_count(s, &q, &n, &err), FP_OK);
	cr_assert_eq(n, before);
}

Test(change_list, facets_follow_every_change)
{
	ui_home_run(s, "UPDATE change SET status = 'applied', msg = 'm', fold = 'm ' || fields WHERE id % 7 = 1 AND status <> 'started'");
	ui_home_run(s, "UPDATE change SET layer_name = 'Elsewhere', status = 'ignored' WHERE id % 11 = 1");
	ui_home_run(s, "UPDATE change SET updated_at = 5 WHERE id % 3 = 1");
	cr_expect_eq(number(UNTRUE), 0);
	cr_expect_eq(number(MISCOUNTED), 0);
	agree_at_random(150);
	ui_home_run(s, "DELETE FROM attempt");
	ui_home_run(s, "DELETE FROM change WHERE project_id = 'ca000000-0000-4000-8000-000000000001'");
	ui_home_run(s, "DELETE FROM deltafile WHERE project_id = 'ca000000-0000-4000-8000-000000000001'");
	ui_home_run(s, "DELETE FROM job WHERE project_id = 'ca000000-0000-4000-8000-000000000001'");
	ui_home_run(s, "DELETE FROM project WHERE id = 'ca000000-0000-4000-8000-000000000001'");
	cr_expect_eq(number(UNTRUE), 0);
	cr_expect_eq(number(MISCOUNTED), 0);
}

/* A store of the schema before: its tables are taken away, and the migration is run as it stands. */
Test(change_list, an_older_store_gets_its_facets)
{
	char *home = strdup(fp_store_home(s));

	ui_home_run(s, "UPDATE change SET status = 'conflict' WHERE id % 5 = 1 AND status <> 'started'");
	cr_assert_eq(sqlite3_exec(s->db, "DROP TRIGGER attempt_counted; DROP TABLE job_layer; DROP TABLE package_layer; DROP TABLE package_file; DROP TABLE package_base;"
		"DROP TABLE package; ALTER TABLE file_version DROP COLUMN etag; DELETE FROM revision WHERE kind = 256;"
		"DROP TRIGGER change_keyed; DROP TRIGGER change_rekeyed; DROP TABLE change_key; DROP TABLE change_facet;"
		"DROP INDEX attempt_applied_at; CREATE INDEX change_status ON change (status, id); PRAGMA user_version = 4", NULL, NULL, NULL), SQLITE_OK);
	fp_store_close(s);
	cr_assert_eq(fp_store_open(&s, home, 0, &err), FP_OK, "%s", err.msg);
	cr_expect_eq(number("SELECT count(*) FROM change_key"), CHANGES);
	cr_expect_eq(number(UNTRUE), 0);
	cr_expect_eq(number(MISCOUNTED), 0);
	agree_at_random(50);
	free(home);
}
