#include "tests/faults/audit.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/fs.h"
#include "engine/base/mem.h"
#include "engine/base/path.h"
#include "engine/store/check.h"
#include "engine/store/files.h"
#include "tests/postgres.h"

#define TOLD_MAX 40

static struct fp_error err;

int64_t audit_findings(const struct audit *a)
{
	return a->lost + a->doubled + a->stuck + a->blanket + a->broken;
}

static void found(int64_t *count, int64_t n, const char *what, const char *when, const char *detail)
{
	static int told;

	if (n <= 0)
		return;
	if (told++ < TOLD_MAX)
		fprintf(stderr, "%s: %lld %s %s\n", when, (long long)n, what, detail);
	*count += n;
}

/* What is wrong stays so: it is counted once, however often it is seen. */
static void merge(struct audit *a, const struct audit *now)
{
	a->lost = now->lost > a->lost ? now->lost : a->lost;
	a->doubled = now->doubled > a->doubled ? now->doubled : a->doubled;
	a->stuck = now->stuck > a->stuck ? now->stuck : a->stuck;
	a->blanket = now->blanket > a->blanket ? now->blanket : a->blanket;
	a->broken = now->broken > a->broken ? now->broken : a->broken;
	a->changes = now->changes;
	a->applied = now->applied;
	a->forced = now->forced;
	a->undone = now->undone;
	a->planned = now->planned;
}

/* ---- two lists, side by side: LEDGER as it says who wrote what in which order, TRAIL as the data tells it ---- */

static const char tables[] =
	"CREATE TABLE ledger (n INTEGER PRIMARY KEY, layer TEXT, op TEXT, note TEXT, running INT);"
	"CREATE TABLE trail (n INTEGER PRIMARY KEY, layer TEXT, op TEXT, note TEXT, fid INT);"
	"CREATE VIEW side AS SELECT layer, op, note, sum(said) AS said, sum(maybe) AS maybe, sum(did) AS did FROM"
	" (SELECT layer, op, note, NOT running AS said, running AS maybe, 0 AS did FROM ledger"
	"  UNION ALL SELECT layer, op, note, 0, 0, 1 FROM trail) GROUP BY layer, op, note;";

struct lists {
	sqlite3 *db;
	sqlite3_stmt *into_ledger, *into_trail;
};

static void lists_open(struct lists *l)
{
	cr_assert_eq(sqlite3_open(":memory:", &l->db), SQLITE_OK);
	cr_assert_eq(sqlite3_exec(l->db, tables, NULL, NULL, NULL), SQLITE_OK, "%s", sqlite3_errmsg(l->db));
	cr_assert_eq(sqlite3_prepare_v2(l->db, "INSERT INTO ledger (layer, op, note, running) VALUES (?, ?, ?, ?)", -1, &l->into_ledger, NULL), SQLITE_OK);
	cr_assert_eq(sqlite3_prepare_v2(l->db, "INSERT INTO trail (layer, op, note, fid) VALUES (?, ?, ?, ?)", -1, &l->into_trail, NULL), SQLITE_OK);
}

static void lists_close(struct lists *l)
{
	sqlite3_finalize(l->into_ledger);
	sqlite3_finalize(l->into_trail);
	sqlite3_close(l->db);
}

static void add(sqlite3_stmt *st, const char *layer, const char *op, const char *note, int64_t n)
{
	sqlite3_bind_text(st, 1, layer, (int)strcspn(layer, "_"), SQLITE_TRANSIENT); /* as the layer's id begins */
	sqlite3_bind_text(st, 2, op, -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(st, 3, note, -1, SQLITE_TRANSIENT);
	sqlite3_bind_int64(st, 4, n);
	cr_assert_eq(sqlite3_step(st), SQLITE_DONE);
	sqlite3_reset(st);
}

/* One number of the lists; TEXT (may be NULL) gets its second column. */
static int64_t of_lists(struct lists *l, const char *sql, char text[256])
{
	sqlite3_stmt *st;
	int64_t n;

	cr_assert_eq(sqlite3_prepare_v2(l->db, sql, -1, &st, NULL), SQLITE_OK, "%s", sqlite3_errmsg(l->db));
	cr_assert_eq(sqlite3_step(st), SQLITE_ROW);
	n = sqlite3_column_int64(st, 0);
	snprintf(text, 256, "%s", sqlite3_column_type(st, 1) == SQLITE_NULL ? "" : (const char *)sqlite3_column_text(st, 1));
	sqlite3_finalize(st);
	return n;
}

#define SAYS "c.layer_id, c.method, coalesce(json_extract(b.body, '$.new.attributes.note'), json_extract(b.body, '$.old.attributes.note'), '')"

static void read_ledger(struct field *f, const struct plot *p, struct lists *l)
{
	sqlite3_stmt *st;
	int row;

	cr_assert_eq(fp_db_stmt(f->h.s, &st, &err, "SELECT " SAYS ", 0, a.id AS n FROM attempt a JOIN change c ON c.id = a.change_id JOIN change_body b"
		" ON b.change_id = c.id WHERE c.project_id = ?1 AND a.outcome = 'applied' UNION ALL SELECT " SAYS ", 1, c.id + (1 << 40) FROM change c JOIN change_body b"
		" ON b.change_id = c.id WHERE c.project_id = ?1 AND c.status = 'started' ORDER BY n", FP_VALS(fp_t(p->project))), FP_OK, "%s", err.msg);
	while (fp_db_next(f->h.s, st, &row, &err) == FP_OK && row)
		add(l->into_ledger, fp_db_text(st, 0), fp_db_text(st, 1), fp_db_text(st, 2), sqlite3_column_int(st, 3));
	fp_db_end(f->h.s, st);
}

static void read_lines(struct field *f, const struct plot *p, struct lists *l)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	FILE *data = fopen(field_data(f, p), "re"); /* none before the first change */

	while (data && (n = getline(&line, &cap, data)) > 0) {
		line[n - 1] = '\0';
		add(l->into_trail, "l", "create", line, 0);
	}
	if (data)
		fclose(data);
	free(line);
}

static sqlite3 *open_data(struct field *f, const struct plot *p)
{
	char *uri = fp_asprintf("file:%s?immutable=1", field_data(f, p));
	sqlite3 *db;

	cr_assert_eq(sqlite3_open_v2(uri, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL), SQLITE_OK);
	free(uri);
	return db;
}

static void read_file(struct field *f, const struct plot *p, struct lists *l)
{
	sqlite3 *db = open_data(f, p);
	sqlite3_stmt *st;

	cr_assert_eq(sqlite3_prepare_v2(db, "SELECT op, note, fid FROM trail ORDER BY seq", -1, &st, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
	while (sqlite3_step(st) == SQLITE_ROW)
		add(l->into_trail, "trees", fp_db_text(st, 0), fp_db_text(st, 1), sqlite3_column_int64(st, 2));
	sqlite3_finalize(st);
	sqlite3_close(db);
}

static void take_row(void *lists, const char *const *columns)
{
	struct lists *l = lists;

	add(l->into_trail, "posts", columns[0], columns[1], strtoll(columns[2], NULL, 10));
}

static void read_database(const struct field *f, const struct plot *p, struct lists *l)
{
	char *sql = fp_asprintf("SELECT op, coalesce(note, ''), fid FROM plot%d.trail ORDER BY seq", p->number);

	postgres_rows(f->database, sql, take_row, l);
	free(sql);
}

static void read_lists(struct field *f, const struct plot *p, struct lists *l)
{
	lists_open(l);
	read_ledger(f, p, l);
	if (f->kind == FIELD_FAKE)
		read_lines(f, p, l);
	else
		read_file(f, p, l);
	if (f->kind == FIELD_DATABASE)
		read_database(f, p, l);
}

#define WHICH "group_concat(layer || ' ' || op || ' ' || note || ' ' || did || ':' || said, ', ')"

static void compare(struct audit *a, const char *when, struct lists *l)
{
	char which[256];
	int64_t n;

	n = of_lists(l, "SELECT sum(said - did), " WHICH " FROM side WHERE did < said", which);
	found(&a->lost, n, "changes of the ledger are not in the data:", when, which);
	n = of_lists(l, "SELECT sum(did - said), " WHICH " FROM side WHERE did > said + iif(layer = 'posts', maybe, 0)", which);
	found(&a->doubled, n, "changes are in the data beyond what the ledger says:", when, which);
}

/* Writes happen in the order in which they are told. */
static void compare_order(struct audit *a, const char *when, struct lists *l)
{
	char which[256];
	int64_t n = of_lists(l, "SELECT count(*), min(t.note) FROM (SELECT *, row_number() OVER (PARTITION BY layer ORDER BY n) AS k FROM trail) t JOIN"
		" (SELECT *, row_number() OVER (PARTITION BY layer ORDER BY n) AS k FROM ledger) l USING (layer, k) WHERE t.note <> l.note OR t.op <> l.op", which);

	found(&a->doubled, n, "changes are in the data in another order, from", when, which);
}

/* ---- the store by itself ---- */

static int64_t number_of(struct field *f, const struct plot *p, const char *sql)
{
	int64_t n = 0;

	cr_assert_eq(fp_db_int(f->h.s, &n, &err, sql, FP_VALS(fp_t(p->project))), FP_OK, "%s", err.msg);
	return n;
}

static const char *first_of(struct field *f, const struct plot *p, const char *sql)
{
	static char *text;

	free(text);
	text = NULL;
	cr_assert_eq(fp_db_str(f->h.s, &text, &err, sql, FP_VALS(fp_t(p->project))), FP_OK, "%s", err.msg);
	return text ? text : "";
}

#define REFUSED "project_id = ?1 AND status NOT IN ('applied', 'pending', 'started') AND NOT (status = 'ignored' AND undo_of IS NOT NULL)"

static void look_at_changes(struct field *f, const struct plot *p, struct audit *a, const char *when)
{
	found(&a->lost, p->pushed - number_of(f, p, "SELECT count(*) FROM change WHERE project_id = ?1 AND undo_of IS NULL"),
		"pushed changes are not in the store", when, "");
	found(&a->blanket, number_of(f, p, "SELECT count(*) FROM change WHERE " REFUSED), "changes were refused:", when,
		first_of(f, p, "SELECT uuid || ' ' || status || ': ' || msg FROM change WHERE " REFUSED));
	found(&a->stuck, number_of(f, p, "SELECT count(*) FROM change c WHERE project_id = ?1 AND status = 'started' AND NOT EXISTS"
		" (SELECT 1 FROM job j WHERE j.id = c.taken_by AND j.status IN ('queued', 'started'))"), "changes are in the hands of a job that ended", when, "");
}

static void look(struct field *f, struct audit *a, const char *when)
{
	struct lists l;

	cr_assert_eq(fp_store_begin(f->h.s, &err), FP_OK, "%s", err.msg);
	for (int i = 0; i < f->n; i++) {
		read_lists(f, &f->plots[i], &l);
		compare(a, when, &l);
		look_at_changes(f, &f->plots[i], a, when);
		lists_close(&l);
	}
	a->changes = home_number(&f->h, "SELECT count(*) FROM change");
	a->applied = home_number(&f->h, "SELECT count(*) FROM attempt WHERE outcome = 'applied'");
	a->forced = home_number(&f->h, "SELECT count(*) FROM attempt WHERE outcome = 'applied' AND action = 'force'");
	a->planned = home_number(&f->h, "SELECT count(*) FROM attempt WHERE outcome = 'applied' AND plan_id > 0");
	a->undone = home_number(&f->h, "SELECT count(*) FROM change WHERE undone_by > 0");
	cr_assert_eq(fp_store_commit(f->h.s, &err), FP_OK, "%s", err.msg);
}

void audit_run(struct field *f, struct audit *a, const char *when)
{
	struct audit now = {0};

	look(f, &now, when);
	merge(a, &now);
}

/* ---- the end ---- */

static void look_at_keys(struct field *f, const struct plot *p, struct audit *a, const char *when, struct lists *l)
{
	sqlite3_stmt *st;
	char *sql, key[256];
	int row;

	if (f->kind == FIELD_FAKE)
		return;
	cr_assert_eq(fp_db_stmt(f->h.s, &st, &err, "SELECT c.uuid, coalesce(k.source_pk, '-') FROM change c LEFT JOIN keymap k ON k.project_id = c.project_id AND"
		" k.client_id = c.client_id AND k.local_layer_id = c.local_layer_id AND k.local_pk = c.local_pk WHERE c.project_id = ? AND c.method = 'create'"
		" AND c.status = 'applied' AND c.undo_of IS NULL", FP_VALS(fp_t(p->project))), FP_OK, "%s", err.msg);
	while (fp_db_next(f->h.s, st, &row, &err) == FP_OK && row) {
		sql = fp_asprintf("SELECT count(*), fid FROM (SELECT fid FROM trail WHERE op = 'create' AND note = '%s' ORDER BY n LIMIT 1)", fp_db_text(st, 0));
		of_lists(l, sql, key);
		found(&a->lost, strcmp(key, fp_db_text(st, 1)) != 0, "key is not in the key map as it is in the data:", when, fp_db_text(st, 0));
		free(sql);
	}
	fp_db_end(f->h.s, st);
}

static void look_at_bytes(void *arg, const struct fp_file_row *r)
{
	int *bad = arg;
	struct fp_digest d;

	*bad |= fp_fs_digest(&d, r->path, &err) != FP_OK || strcmp(d.sha256, r->digest.sha256) != 0;
}

static void look_at_files(struct field *f, const struct plot *p, struct audit *a, const char *when)
{
	sqlite3 *db;
	sqlite3_stmt *st;
	const char *said;
	int bad = 0;

	if (f->kind == FIELD_FAKE)
		return;
	cr_assert_eq(fp_file_versions(f->h.s, p->project, "survey.gpkg", look_at_bytes, &bad, &err), FP_OK, "%s", err.msg);
	found(&a->broken, bad, "file version is not what its row says", when, "");
	db = open_data(f, p);
	cr_assert_eq(sqlite3_prepare_v2(db, "PRAGMA integrity_check(1)", -1, &st, NULL), SQLITE_OK);
	said = sqlite3_step(st) == SQLITE_ROW ? fp_db_text(st, 0) : "unreadable";
	found(&a->broken, strcmp(said, "ok") != 0, "file is broken:", when, said);
	sqlite3_finalize(st);
	sqlite3_close(db);
}

struct doctor {
	struct audit *a;
	const char *when;
};

static void tell(void *arg, enum fp_finding kind, const char *line)
{
	struct doctor *d = arg;

	found(&d->a->broken, kind == FP_FINDING_FAULT, "fault that doctor sees:", d->when, line);
}

static int64_t entries(const char *home, const char *folder)
{
	char *path = fp_path_join(home, folder);
	DIR *d = opendir(path);
	struct dirent *e;
	int64_t n = 0;

	while (d && (e = readdir(d)))
		n += *e->d_name != '.';
	if (d)
		closedir(d);
	free(path);
	return n;
}

void audit_end(struct field *f, struct audit *a, const char *when)
{
	struct audit now = {0};
	struct doctor d = {&now, when};
	struct lists l;
	int64_t faults;

	look(f, &now, when);
	for (int i = 0; i < f->n; i++) {
		const struct plot *p = &f->plots[i];
		read_lists(f, p, &l);
		compare_order(&now, when, &l);
		look_at_keys(f, p, &now, when, &l);
		look_at_files(f, p, &now, when);
		lists_close(&l);
		found(&now.stuck, number_of(f, p, "SELECT count(*) FROM change WHERE project_id = ?1 AND status IN ('pending', 'started')"),
			"changes are not applied:", when, first_of(f, p, "SELECT uuid || ' ' || status || ': ' || msg FROM change WHERE project_id = ?1 AND status IN"
				" ('pending', 'started')"));
		found(&now.stuck, number_of(f, p, "SELECT count(*) FROM job WHERE project_id = ?1 AND status NOT IN ('finished', 'failed', 'stopped')"),
			"jobs never ended", when, "");
	}
	found(&now.stuck, entries(f->h.path, "work"), "work folders are left over", when, "");
	cr_assert_eq(fp_store_check(f->h.s, 1, tell, &d, &faults, &err), FP_OK, "%s", err.msg);
	merge(a, &now);
}
