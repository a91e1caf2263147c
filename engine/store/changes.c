#include "engine/store/changes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/store/change_list.h"
#include "engine/store/list.h"

/* The last columns, the body and the key that the key map knows, are there for one change only. */
#define COLUMNS "c.id, c.uuid, c.project_id, p.name, c.status, c.method, c.layer_id, c.layer_name, c.local_pk, c.source_pk, c.client_id, " \
	"c.feature_pk, c.msg, c.fields, c.created_by, d.uuid, c.created_at, c.updated_at, c.job_id, c.attempts, c.undo_of, c.undone_by, " \
	"c.target_layer_id, c.target_pk, c.return_status"
#define TABLES " FROM change c JOIN project p ON p.id = c.project_id JOIN deltafile d ON d.id = c.deltafile_id"

#define MAPPED "(SELECT source_pk FROM keymap WHERE project_id = c.project_id AND client_id = c.client_id AND local_layer_id = c.local_layer_id " \
	"AND local_pk = c.local_pk)"
#define WITH_BODY "SELECT " COLUMNS ", b.body, " MAPPED TABLES " JOIN change_body b ON b.change_id = c.id"
static const struct fp_list with_body = {.select = WITH_BODY};

struct ctx {
	fp_change_each *each;
	void *arg;
	struct fp_store *store;
	const char *select; /* of the row with the id ? */
};

static void row(void *arg, sqlite3_stmt *st)
{
	struct ctx *c = arg;
	struct fp_change_row r = {
		.id = sqlite3_column_int64(st, 0), .uuid = fp_db_text(st, 1), .project_id = fp_db_text(st, 2), .project_name = fp_db_text(st, 3),
		.status = fp_db_text(st, 4), .method = fp_db_text(st, 5), .layer_id = fp_db_text(st, 6), .layer_name = fp_db_text(st, 7),
		.local_pk = fp_db_text(st, 8), .source_pk = fp_db_text(st, 9), .client_id = fp_db_text(st, 10), .feature_pk = fp_db_text(st, 11),
		.msg = fp_db_text(st, 12), .fields = fp_db_text(st, 13), .created_by = fp_db_text(st, 14), .deltafile_id = fp_db_text(st, 15),
		.created_at = sqlite3_column_int64(st, 16), .updated_at = sqlite3_column_int64(st, 17), .job_id = sqlite3_column_int64(st, 18),
		.attempts = sqlite3_column_int64(st, 19), .body = (const char *)sqlite3_column_text(st, 25),
		.undo_of = sqlite3_column_int64(st, 20), .undone_by = sqlite3_column_int64(st, 21), .target_layer_id = fp_db_text(st, 22),
		.target_pk = fp_db_text(st, 23), .return_status = fp_db_text(st, 24),
		.mapped_pk = (const char *)sqlite3_column_text(st, 26),
	};

	if (!*r.feature_pk)
		r.feature_pk = *r.source_pk ? r.source_pk : r.local_pk;
	c->each(c->arg, &r);
}

static enum fp_status each_id(void *arg, int64_t id, struct fp_error *err)
{
	struct ctx *c = arg;
	sqlite3_stmt *st;
	int there = 0;
	enum fp_status rc = fp_db_stmt(c->store, &st, err, c->select, FP_VALS(fp_i(id)));

	if (rc != FP_OK)
		return rc;
	rc = fp_db_next(c->store, st, &there, err);
	if (rc == FP_OK && there)
		row(c, st);
	fp_db_end(c->store, st);
	return rc;
}

enum fp_status fp_change_list(struct fp_store *s, const struct fp_query *q, int64_t offset, int64_t limit, fp_change_each *each, void *arg,
	struct fp_error *err)
{
	struct ctx c = {each, arg, s, "SELECT " COLUMNS ", NULL, NULL" TABLES " WHERE c.id = ?"};

	return fp_change_ids(s, q, offset, limit, each_id, &c, err);
}

enum fp_status fp_change_list_bodies(struct fp_store *s, const struct fp_query *q, int64_t offset, int64_t limit, fp_change_each *each, void *arg,
	struct fp_error *err)
{
	struct ctx c = {each, arg, s, WITH_BODY " WHERE c.id = ?"};

	return fp_change_ids(s, q, offset, limit, each_id, &c, err);
}

enum fp_status fp_change_get(struct fp_store *s, const char *project_id, const char *uuid, fp_change_each *each, void *arg,
	struct fp_error *err)
{
	struct ctx c = {.each = each, .arg = arg};
	char what[128];

	snprintf(what, sizeof what, "change %.60s", uuid);
	return fp_list_one(s, &with_body, "c.uuid = ?1 AND (?2 IS NULL OR c.project_id = ?2) ORDER BY c.id DESC",
		FP_VALS(fp_t(uuid), fp_t(project_id)), row, &c, what, err);
}

enum fp_status fp_change_delta(struct fp_store *s, json_t **out, int64_t change_id, struct fp_error *err)
{
	char *text = NULL;
	enum fp_status st = fp_db_str(s, &text, err, "SELECT coalesce(m.delta, b.body) FROM change c JOIN change_body b ON b.change_id = c.id"
		" LEFT JOIN amendment m ON m.id = c.amendment_id WHERE c.id = ?", FP_VALS(fp_i(change_id)));

	*out = NULL;
	if (st == FP_OK && !text)
		st = fp_fail(err, FP_E_NOTFOUND, "there is no change %lld", (long long)change_id);
	if (st == FP_OK)
		st = fp_json_parse(out, text, strlen(text), err);
	free(text);
	return st;
}

enum fp_status fp_change_attempts(struct fp_store *s, int64_t change_id, fp_attempt_each *each, void *arg, struct fp_error *err)
{
	sqlite3_stmt *st;
	int more = 1;
	enum fp_status rc = fp_db_stmt(s, &st, err,
		"SELECT a.job_id, a.at, a.action, a.who, a.outcome, a.msg, a.e_type, a.feature_pk, a.modified_pk, a.hash_before, a.hash_after, a.conflicts, "
		"a.provider_errors, a.details, a.plan_id, a.planned, coalesce(p.reason, ''), a.layer_id, a.txid, a.overwrote FROM attempt a"
		" LEFT JOIN plan p ON p.id = a.plan_id WHERE a.change_id = ? ORDER BY a.id DESC", FP_VALS(fp_i(change_id)));

	if (rc != FP_OK)
		return rc;
	while (rc == FP_OK && more) {
		rc = fp_db_next(s, st, &more, err);
		if (rc == FP_OK && more) {
			struct fp_attempt_row r = {
				.job_id = sqlite3_column_int64(st, 0), .at = sqlite3_column_int64(st, 1), .action = fp_db_text(st, 2),
				.who = fp_db_text(st, 3), .outcome = fp_db_text(st, 4), .msg = fp_db_text(st, 5), .e_type = fp_db_text(st, 6),
				.feature_pk = fp_db_text(st, 7), .modified_pk = fp_db_text(st, 8), .hash_before = fp_db_text(st, 9),
				.hash_after = fp_db_text(st, 10), .conflicts = fp_db_text(st, 11), .provider_errors = fp_db_text(st, 12),
				.details = fp_db_text(st, 13), .plan_id = sqlite3_column_int64(st, 14), .planned = fp_db_text(st, 15),
				.reason = fp_db_text(st, 16), .layer_id = fp_db_text(st, 17), .txid = fp_db_text(st, 18),
				.overwrote = sqlite3_column_int(st, 19),
			};
			each(arg, &r);
		}
	}
	fp_db_end(s, st);
	return rc;
}
