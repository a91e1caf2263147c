#include "engine/queue/lines.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/store/db.h"

/* A person's word about the key stands before the key map. */
#define COLUMNS \
	"SELECT coalesce(m.delta, b.body), coalesce(nullif(c.target_pk, ''), k.source_pk)," \
	" c.action <> 'force' AND EXISTS (SELECT 1 FROM attempt a WHERE a.change_id = c.id AND a.outcome = 'applied')," \
	" c.overwrite, c.planned_class, c.planned_hash, c.client_id, c.local_layer_id, c.local_pk, c.project_id, c.layer_id, c.source_pk" \
	" FROM change c JOIN change_body b ON b.change_id = c.id LEFT JOIN amendment m ON m.id = c.amendment_id" \
	" LEFT JOIN keymap k ON k.project_id = c.project_id" \
	" AND k.client_id = c.client_id AND k.local_layer_id = c.local_layer_id AND k.local_pk = c.local_pk"

static void put_text(FILE *f, const char *text)
{
	json_t *v = text ? fp_json_text(text) : json_null();
	char *dumped = fp_json_dump(v);

	fputs(dumped, f);
	free(dumped);
	json_decref(v);
}

static const char *text_or_null(sqlite3_stmt *q, int column)
{
	return sqlite3_column_type(q, column) == SQLITE_NULL ? NULL : fp_db_text(q, column);
}

enum fp_status fp_lines_of_job(struct fp_store *s, FILE *f, int64_t job, struct fp_error *err)
{
	sqlite3_stmt *q;
	int row;
	/* An undo is pushed the newest first: its changes are in order by their ids, too. */
	enum fp_status st = fp_db_stmt(s, &q, err, COLUMNS " WHERE c.taken_by = ? ORDER BY c.id", FP_VALS(fp_i(job)));

	if (st != FP_OK)
		return st;
	while ((st = fp_db_next(s, q, &row, err)) == FP_OK && row) {
		fprintf(f, "{\"delta\":%s,\"mapped_pk\":", fp_db_text(q, 0));
		put_text(f, text_or_null(q, 1));
		fprintf(f, ",\"ledger\":%s", sqlite3_column_int(q, 2) ? "\"applied\"" : "null");
		if (sqlite3_column_type(q, 3) != SQLITE_NULL)
			fprintf(f, ",\"overwrite\":%s", sqlite3_column_int(q, 3) ? "true" : "false");
		if (*fp_db_text(q, 4))
			fprintf(f, ",\"expect\":{\"class\":\"%s\",\"hash\":\"%s\"}", fp_db_text(q, 4), fp_db_text(q, 5));
		fputs("}\n", f);
	}
	fp_db_end(s, q);
	return st;
}

/* The newest change of the same feature before ID that is neither applied nor ignored nor part of the plan. */
static enum fp_status tell_earlier(struct fp_store *s, FILE *f, sqlite3_stmt *of, int64_t id, const json_t *selected, struct fp_error *err)
{
	sqlite3_stmt *q;
	int row = 1;
	enum fp_status st = fp_db_stmt(s, &q, err, "SELECT uuid FROM change WHERE project_id = ?1 AND local_layer_id = ?2 AND local_pk = ?3 AND client_id = ?4"
		" AND id < ?5 AND status IN ('pending', 'conflict', 'not_applied', 'error', 'ignored') AND status <> 'ignored' ORDER BY id DESC",
		FP_VALS(fp_t(fp_db_text(of, 9)), fp_t(fp_db_text(of, 7)), fp_t(fp_db_text(of, 8)), fp_t(fp_db_text(of, 6)), fp_i(id)));

	if (st != FP_OK)
		return st;
	while ((st = fp_db_next(s, q, &row, err)) == FP_OK && row) {
		if (json_object_get(selected, fp_db_text(q, 0)))
			continue;
		fputs(",\"earlier\":", f);
		put_text(f, fp_db_text(q, 0));
		break;
	}
	fp_db_end(s, q);
	return st;
}

/* Other names of the feature: the key that it got when a deletion of it was undone; what the source calls a feature that some device knows by this key. */
static enum fp_status tell_chain(struct fp_store *s, FILE *f, sqlite3_stmt *of, struct fp_error *err)
{
	static const char sql[] =
		"SELECT n.modified_pk FROM attempt a JOIN change u ON u.undo_of = a.change_id JOIN attempt n ON n.change_id = u.id AND n.outcome = 'applied'"
		" WHERE a.layer_id = ?2 AND a.modified_pk = ?3 AND n.modified_pk NOT IN ('', ?3)"
		" UNION SELECT source_pk FROM keymap WHERE project_id = ?1 AND local_layer_id = ?4 AND local_pk IN (?3, ?5) AND source_pk <> ?3 LIMIT 5";
	const char *pk = text_or_null(of, 1), *comma = "";
	sqlite3_stmt *q;
	int row;
	enum fp_status st;

	pk = pk ? pk : fp_db_text(of, 11);
	st = fp_db_stmt(s, &q, err, sql, FP_VALS(fp_t(fp_db_text(of, 9)), fp_t(fp_db_text(of, 10)), fp_t(pk), fp_t(fp_db_text(of, 7)),
		fp_t(*fp_db_text(of, 8) ? fp_db_text(of, 8) : pk)));
	if (st != FP_OK)
		return st;
	fputs(",\"chain\":[", f);
	while ((st = fp_db_next(s, q, &row, err)) == FP_OK && row) {
		fputs(comma, f);
		put_text(f, fp_db_text(q, 0));
		comma = ",";
	}
	fputc(']', f);
	fp_db_end(s, q);
	return st;
}

const char *fp_amend_target(const struct fp_amendment *a, const char *pk)
{
	const char *target = fp_json_str(a->detail, "target");

	return target ? target : fp_json_str(json_object_get(a->detail, "keys"), pk);
}

enum fp_status fp_line_of_staged(struct fp_store *s, FILE *f, const struct fp_staged *g, int again, const json_t *selected, struct fp_error *err)
{
	char *amended = g->amendment.delta ? fp_json_dump(g->amendment.delta) : NULL;
	sqlite3_stmt *q;
	int row;
	enum fp_status st = fp_db_stmt(s, &q, err, COLUMNS " WHERE c.id = ?", FP_VALS(fp_i(g->change_id)));

	if (st == FP_OK)
		st = fp_db_next(s, q, &row, err);
	if (st == FP_OK && row) {
		const char *pk = text_or_null(q, 1);
		const char *target = fp_amend_target(&g->amendment, pk ? pk : fp_db_text(q, 11));
		fprintf(f, "{\"delta\":%s,\"mapped_pk\":", amended ? amended : fp_db_text(q, 0));
		put_text(f, target ? target : pk);
		fprintf(f, ",\"ledger\":%s,\"again\":%s", g->action != FP_ACTION_FORCE && sqlite3_column_int(q, 2) ? "\"applied\"" : "null",
			again ? "true" : "false");
		if (g->meeting != FP_MEET_AS_PROJECT || g->amendment.kind)
			fprintf(f, ",\"overwrite\":%s", g->meeting == FP_MEET_OVERWRITE ? "true" : "false");
		st = tell_earlier(s, f, q, g->change_id, selected, err);
		if (st == FP_OK)
			st = tell_chain(s, f, q, err);
		fputs("}\n", f);
	}
	if (q)
		fp_db_end(s, q);
	free(amended);
	return st;
}

void fp_line_of_delta(FILE *f, const char *delta, const char *pk)
{
	fprintf(f, "{\"delta\":%s,\"mapped_pk\":", delta);
	put_text(f, *pk ? pk : NULL);
	fputs(",\"ledger\":null,\"overwrite\":false}\n", f);
}
