/* What came since a package. Files are held against the versions that its job found, so neither clocks nor the order of rows matter; jobs of a project run one
 * after the other in the order of their ids, so what a later one applied is not in it. */
#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/base/text.h"
#include "engine/store/attachments.h"
#include "engine/store/db.h"
#include "engine/store/packages.h"

/* Names from ?3 up to ?4; "trees.qgs~" is what QGIS leaves behind. */
#define IS_DATA "f.name >= ?3 AND f.name < ?4 AND f.name NOT GLOB '*~'"
/* What a job brought is told as changes. */
#define BY_PEOPLE(since) "EXISTS (SELECT 1 FROM file_version x WHERE x.file_id = f.id AND x.version > " since " AND x.by NOT GLOB 'job [0-9]*')"

/* Files that differ, and how many of them people are the reason for. The same content again, under whatever version, is no difference. */
static const char files_sql[] =
	"SELECT count(*), coalesce(sum(people), 0) FROM ("
	"SELECT f.removed OR " BY_PEOPLE("b.version") " AS people FROM package_base b JOIN file f ON f.id = b.file_id"
	" JOIN file_version o ON o.file_id = f.id AND o.version = b.version JOIN file_version v ON v.file_id = f.id AND v.version = f.version"
	" WHERE b.job_id = ?1 AND (f.removed OR f.version <> b.version) AND (f.removed OR v.sha256 <> o.sha256) AND " IS_DATA
	" UNION ALL SELECT " BY_PEOPLE("0") " FROM file f WHERE f.project_id = ?2 AND f.removed = 0"
	" AND NOT EXISTS (SELECT 1 FROM package_base b WHERE b.job_id = ?1 AND b.file_id = f.id) AND " IS_DATA ")";

static const char changes_sql[] =
	"SELECT coalesce(sum(l.applied), 0), count(DISTINCT l.layer_id) FROM job j JOIN job_layer l ON l.job_id = j.id WHERE j.project_id = ?2 AND j.id > ?1";

static enum fp_status two_numbers(struct fp_store *s, int64_t n[2], const char *sql, const struct fp_val *v, size_t n_v, struct fp_error *err)
{
	sqlite3_stmt *st;
	int row = 0;
	enum fp_status rc = fp_db_stmt(s, &st, err, sql, v, n_v);

	n[0] = n[1] = 0;
	if (rc != FP_OK)
		return rc;
	rc = fp_db_next(s, st, &row, err);
	if (rc == FP_OK && row) {
		n[0] = sqlite3_column_int64(st, 0);
		n[1] = sqlite3_column_int64(st, 1);
	}
	fp_db_end(s, st);
	return rc;
}

enum fp_status fp_package_online_layers(struct fp_store *s, int64_t *n, const char *project_id, struct fp_error *err)
{
	*n = 0;
	return fp_db_int(s, n, err, "SELECT count(*) FROM layer WHERE project_id = ? AND type = 'vector' AND filename = ''"
		" AND provider NOT IN ('memory', 'virtual') AND changed <> 'gone'", FP_VALS(fp_t(project_id)));
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What lies outside all attachment folders, a stretch of names at a time: there may be a hundred thousand photos, and the index steps over them. */
static enum fp_status count_files(struct fp_store *s, int64_t n[2], const char *project_id, int64_t job_id, const struct fp_strv *folders, struct fp_error *err)
{
	static const char last[] = "\xf4\x8f\xbf\xbf";
	struct fp_strv stretches = {0};
	char *from = fp_strdup("");
	enum fp_status st = FP_OK;

	n[0] = n[1] = 0;
	for (size_t i = 0; i < folders->n; i++)
		fp_strv_take(&stretches, fp_asprintf("%s/", folders->items[i]));
	if (stretches.n)
		qsort(stretches.items, stretches.n, sizeof *stretches.items, by_text);
	fp_strv_add(&stretches, last);
	for (size_t i = 0; st == FP_OK && i < stretches.n; i++) {
		char *to = stretches.items[i];
		int64_t more[2];
		if (strcmp(to, from) < 0) /* a folder in a folder */
			continue;
		st = two_numbers(s, more, files_sql, FP_VALS(fp_i(job_id), fp_t(project_id), fp_t(from), fp_t(to)), err);
		n[0] += more[0];
		n[1] += more[1];
		free(from);
		from = fp_strdup(to);
		from[strlen(from) - 1]++; /* "DCIM0" is the first name behind all that begin with "DCIM/" */
	}
	fp_strv_free(&stretches);
	free(from);
	return st;
}

static void describe(struct fp_freshness *f)
{
	char changes[FP_COUNT_SIZE], layers[FP_COUNT_SIZE], files[FP_COUNT_SIZE], online[FP_COUNT_SIZE];
	struct fp_buf b = FP_BUF_INIT;

	fp_buf_add(&b, "", 0);
	if (f->changes)
		fp_buf_addf(&b, "%s change%s in %s layer%s", fp_text_count(changes, f->changes), fp_text_s(f->changes), fp_text_count(layers, f->layers),
			fp_text_s(f->layers));
	if (f->files)
		fp_buf_addf(&b, "%s%s file%s", f->changes ? " and " : "", fp_text_count(files, f->files), fp_text_s(f->files));
	if (f->stale)
		fp_buf_adds(&b, " since");
	else
		fp_buf_adds(&b, "current");
	if (!f->stale && f->online)
		fp_buf_addf(&b, " but for %s online layer%s", fp_text_count(online, f->online), fp_text_s(f->online));
	fp_text_into(f->text, sizeof f->text, b.data);
	fp_buf_free(&b);
}

enum fp_status fp_package_freshness(struct fp_store *s, struct fp_freshness *f, const char *project_id, int64_t job_id, struct fp_error *err)
{
	struct fp_strv folders = {0};
	int64_t files[2], changes[2];
	enum fp_status st = fp_attachment_folders(s, &folders, project_id, err);

	memset(f, 0, sizeof *f);
	if (st == FP_OK)
		st = count_files(s, files, project_id, job_id, &folders, err);
	if (st == FP_OK)
		st = two_numbers(s, changes, changes_sql, FP_VALS(fp_i(job_id), fp_t(project_id)), err);
	if (st == FP_OK)
		st = fp_package_online_layers(s, &f->online, project_id, err);
	if (st == FP_OK) {
		f->stale = files[0] || changes[0];
		f->changes = changes[0];
		f->layers = changes[1];
		f->files = changes[0] ? files[1] : files[0];
		describe(f);
	}
	fp_strv_free(&folders);
	return st;
}
