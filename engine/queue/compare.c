#include "engine/queue/compare.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/store/db.h"

#define SENTENCE_MAX 1000 /* bytes: it stands in an index */
#define CAUSE_MAX 64

static const char *const words[FP_COMPARE_WORDS] = {"", "fixed", "broke", "changed", "new", "gone"};

enum fp_status fp_compare_begin(const struct fp_run *r, struct fp_compare *c, struct fp_error *err)
{
	sqlite3_stmt *st;
	int row = 0;
	enum fp_status rc = fp_db_stmt(r->store, &st, err, "SELECT job_id, at FROM check_run WHERE project_id = ? ORDER BY job_id DESC LIMIT 1",
		FP_VALS(fp_t(r->project_id)));

	c->at = fp_now_ms();
	c->told = json_object();
	if (rc != FP_OK)
		return rc;
	rc = fp_db_next(r->store, st, &row, err);
	if (rc == FP_OK && row) {
		c->previous_job = sqlite3_column_int64(st, 0);
		c->previous_at = sqlite3_column_int64(st, 1);
	}
	fp_db_end(r->store, st);
	if (rc == FP_OK)
		rc = fp_db_run(r->store, err, "DELETE FROM layer WHERE project_id = ? AND changed = 'gone'", FP_VALS(fp_t(r->project_id)));
	if (rc == FP_OK)
		rc = fp_db_run(r->store, err, "UPDATE layer SET changed = '' WHERE project_id = ? AND changed <> ''", FP_VALS(fp_t(r->project_id)));
	return rc;
}

void fp_compare_clear(struct fp_compare *c)
{
	json_decref(c->told);
}

/* A layer as the run before left it, as far as it is compared. ID 0: it was not there. */
struct was {
	int64_t id, since, since_job;
	int is_valid, identical;
	char *status, *sentence, *previous;
};

static void was_clear(struct was *w)
{
	free(w->status);
	free(w->sentence);
	free(w->previous);
}

static enum fp_status find(const struct fp_run *r, struct was *w, const char *layer_id, const char *json, struct fp_error *err)
{
	sqlite3_stmt *st;
	int row = 0;
	enum fp_status rc = fp_db_stmt(r->store, &st, err, "SELECT id, since, since_job, is_valid, json, status, sentence, previous FROM layer"
		" WHERE project_id = ? AND layer_id = ?", FP_VALS(fp_t(r->project_id), fp_t(layer_id)));

	if (rc != FP_OK)
		return rc;
	rc = fp_db_next(r->store, st, &row, err);
	if (rc == FP_OK && row) {
		w->id = sqlite3_column_int64(st, 0);
		w->since = sqlite3_column_int64(st, 1);
		w->since_job = sqlite3_column_int64(st, 2);
		w->is_valid = sqlite3_column_int(st, 3);
		w->identical = strcmp(fp_db_text(st, 4), json) == 0;
		w->status = fp_strdup(fp_db_text(st, 5));
		w->sentence = fp_strdup(fp_db_text(st, 6));
		w->previous = fp_strdup(fp_db_text(st, 7));
	}
	fp_db_end(r->store, st);
	return rc;
}

/* One sentence that says what is wrong: a worker that gives none has said it elsewhere. */
static const char *sentence_of(const json_t *l)
{
	static const char *const keys[] = {"sentence", "detail", "error_summary", "provider_summary"};

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (*fp_json_str_or(l, keys[i], ""))
			return fp_json_str_or(l, keys[i], "");
	return "";
}

/* A cause is a key, so that filters can name it. */
static const char *cause_of(const json_t *l)
{
	const char *cause = fp_json_str_or(l, "cause", "");
	size_t n = strlen(cause);

	return n <= CAUSE_MAX && strspn(cause, "abcdefghijklmnopqrstuvwxyz0123456789_-") == n ? cause : "";
}

/* A layer may be renamed, and its remedy be worded anew, and its verdict is the same. What was not checked has neither broken nor been fixed. */
static enum fp_compare_word word_for(const struct fp_compare *c, const struct was *w, const char *status, int is_valid, const char *sentence)
{
	if (!w->id)
		return c->previous_job ? FP_COMPARE_NEW : FP_COMPARE_SAME;
	if (w->is_valid == 0 && is_valid == 1)
		return FP_COMPARE_FIXED;
	if (w->is_valid == 1 && is_valid == 0)
		return FP_COMPARE_BROKE;
	return w->is_valid == is_valid && strcmp(w->status, status) == 0 && strcmp(w->sentence, sentence) == 0 ? FP_COMPARE_SAME : FP_COMPARE_CHANGED;
}

/* The verdict on layer row ID ends: it held until the run before. */
static enum fp_status close_verdict(const struct fp_run *r, const struct fp_compare *c, int64_t id, struct fp_error *err)
{
	return fp_db_run(r->store, err, "INSERT INTO verdict (project_id, layer_id, first_job, last_job, name, status, is_valid, cause, owner, sentence, detail,"
		" remedy) SELECT project_id, layer_id, since_job, ?, name, status, is_valid, cause, owner, sentence, iif(detail = sentence, '', detail), remedy"
		" FROM layer WHERE id = ?", FP_VALS(fp_i(c->previous_job), fp_i(id)));
}

/* In place of row W->id, which keeps its number: groups are named by it. */
static enum fp_status put_layer(const struct fp_run *r, const struct fp_compare *c, const struct was *w, enum fp_compare_word word, const json_t *l,
	const char *json, const char *sentence, struct fp_error *err)
{
	const json_t *valid = json_object_get(l, "is_valid"), *warnings = json_object_get(l, "warnings");
	int since_before = w->id && word == FP_COMPARE_SAME;
	char *warn = warnings ? fp_json_dump(warnings) : fp_strdup("[]");
#define STR(key) fp_t(fp_json_str_or(l, key, ""))
	enum fp_status st = fp_db_run(r->store, err, "INSERT OR REPLACE INTO layer (id, project_id, layer_id, name, type, provider, crs, datasource, is_valid,"
		" status, error_summary, provider_summary, confidence, detail, remedy, pk, filename, warnings, json, since_job, since, previous, changed, cause,"
		" owner, sentence) VALUES (nullif(?, 0), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		FP_VALS(fp_i(w->id), fp_t(r->project_id), STR("id"), STR("name"), STR("type"), STR("provider"), STR("crs"), STR("datasource"),
			fp_i(json_is_boolean(valid) ? json_is_true(valid) : -1), STR("status"), STR("error_summary"), STR("provider_summary"),
			STR("confidence"), STR("detail"), STR("remedy"), STR("pk"), STR("filename"), fp_t(warn), fp_t(json),
			fp_i(since_before ? w->since_job : r->job_id), fp_i(since_before ? w->since : c->at),
			fp_t(!w->id ? "" : since_before ? w->previous : w->status), fp_t(words[word]), fp_t(cause_of(l)), STR("owner"), fp_t(sentence)));
#undef STR

	free(warn);
	return st;
}

enum fp_status fp_compare_layer(const struct fp_run *r, struct fp_compare *c, const json_t *l, int *first, struct fp_error *err)
{
	const char *id = fp_json_str_or(l, "id", "");
	const json_t *valid = json_object_get(l, "is_valid");
	char sentence[SENTENCE_MAX], *json;
	enum fp_compare_word word;
	struct was w = {0};
	enum fp_status st;

	*first = json_object_get(c->told, id) == NULL;
	if (!*first)
		return FP_OK;
	json_object_set_new(c->told, id, json_true());
	json = fp_json_dump(l);
	st = c->previous_job ? find(r, &w, id, json, err) : FP_OK;
	if (st == FP_OK && !w.identical) { /* what did not change is not written */
		fp_text_into(sentence, sizeof sentence, json_is_true(valid) ? "" : sentence_of(l));
		word = word_for(c, &w, fp_json_str_or(l, "status", ""), json_is_boolean(valid) ? json_is_true(valid) : -1, sentence);
		c->n[word]++;
		if (w.id && word != FP_COMPARE_SAME)
			st = close_verdict(r, c, w.id, err);
		if (st == FP_OK)
			st = put_layer(r, c, &w, word, l, json, sentence, err);
	}
	was_clear(&w);
	free(json);
	return st;
}

/* A layer that is gone was not checked: it counts as no failure and no success, and what it was stands in PREVIOUS. */
static enum fp_status mark_gone(const struct fp_run *r, const struct fp_compare *c, int64_t id, struct fp_error *err)
{
	enum fp_status st = close_verdict(r, c, id, err);

	if (st != FP_OK)
		return st;
	return fp_db_run(r->store, err, "UPDATE layer SET previous = status, changed = 'gone', is_valid = -1, status = 'not_checked', confidence = 'not-checked',"
		" error_summary = '', provider_summary = '', detail = ?4, remedy = '', cause = '', owner = '', sentence = ?4, warnings = '[]',"
		" json = json_set(json, '$.is_valid', json('null'), '$.status', 'not_checked', '$.confidence', 'not-checked', '$.error_summary', '',"
		"  '$.provider_summary', '', '$.detail', ?4, '$.remedy', '', '$.cause', json('null'), '$.owner', '', '$.sentence', ?4, '$.warnings', json('[]')),"
		" since_job = ?2, since = ?3 WHERE id = ?1",
		FP_VALS(fp_i(id), fp_i(r->job_id), fp_i(c->at), fp_t("The layer is not in the project any more.")));
}

static enum fp_status mark_all_gone(const struct fp_run *r, struct fp_compare *c, struct fp_error *err)
{
	int64_t *gone = NULL;
	size_t n = 0, cap = 0;
	sqlite3_stmt *st;
	int row = 1;
	enum fp_status rc = fp_db_stmt(r->store, &st, err, "SELECT id, layer_id FROM layer WHERE project_id = ?", FP_VALS(fp_t(r->project_id)));

	if (rc != FP_OK)
		return rc;
	while ((rc = fp_db_next(r->store, st, &row, err)) == FP_OK && row)
		if (!json_object_get(c->told, fp_db_text(st, 1))) {
			FP_GROW(gone, n, cap);
			gone[n++] = sqlite3_column_int64(st, 0);
		}
	fp_db_end(r->store, st);
	for (size_t i = 0; rc == FP_OK && i < n; i++)
		rc = mark_gone(r, c, gone[i], err);
	c->n[FP_COMPARE_GONE] = (int64_t)n;
	free(gone);
	return rc;
}

enum fp_status fp_compare_end(const struct fp_run *r, struct fp_compare *c, struct fp_error *err)
{
	enum fp_status st = mark_all_gone(r, c, err);

	if (st != FP_OK)
		return st;
	return fp_db_run(r->store, err, "INSERT INTO check_run (job_id, project_id, at, previous_at, fixed, broke, changed, new, gone)"
		" VALUES (?, ?, ?, nullif(?, 0), ?, ?, ?, ?, ?)",
		FP_VALS(fp_i(r->job_id), fp_t(r->project_id), fp_i(c->at), fp_i(c->previous_at), fp_i(c->n[FP_COMPARE_FIXED]),
			fp_i(c->n[FP_COMPARE_BROKE]), fp_i(c->n[FP_COMPARE_CHANGED]), fp_i(c->n[FP_COMPARE_NEW]), fp_i(c->n[FP_COMPARE_GONE])));
}

void fp_compare_describe(const struct fp_compare *c, struct fp_buf *to)
{
	const char *sep = "; ";

	for (int i = FP_COMPARE_SAME + 1; i < FP_COMPARE_WORDS; i++)
		if (c->n[i]) {
			fp_buf_addf(to, "%s%lld %s", sep, (long long)c->n[i], words[i]);
			sep = ", ";
		}
}
