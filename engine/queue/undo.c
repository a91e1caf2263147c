/* What takes an applied change back: made of its effect record, which says what was there before and what was there after (O10). */
#include <stdlib.h>
#include <string.h>

#include "engine/base/ids.h"
#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/queue/lines.h"
#include "engine/queue/plan_parts.h"
#include "engine/store/db.h"

/* The inverse as a delta of its own. It belongs to no device: the source's key is the only name of its feature. */
static json_t *complete(const char *inverse, const char *uuid, const char *layer, const char *name, const char *pk)
{
	json_t *d = NULL;

	if (fp_json_parse(&d, inverse, strlen(inverse), NULL) != FP_OK)
		return NULL;
	json_object_set_new(d, "uuid", json_string(uuid));
	json_object_set_new(d, "localPk", json_string(""));
	json_object_set_new(d, "sourcePk", fp_json_text(pk));
	json_object_set_new(d, "localLayerId", fp_json_text(layer));
	json_object_set_new(d, "sourceLayerId", fp_json_text(layer));
	json_object_set_new(d, "localLayerName", fp_json_text(name));
	return d;
}

enum fp_status fp_plan_undo(struct fp_plan *p, struct fp_plan_item *i, FILE *f, struct fp_error *err)
{
	sqlite3_stmt *q;
	json_t *d = NULL;
	int row;
	enum fp_status st = fp_db_stmt(p->store, &q, err, "SELECT i.delta, a.layer_id, c.layer_name, a.modified_pk FROM attempt a"
		" JOIN attempt_inverse i ON i.attempt_id = a.id JOIN change c ON c.id = a.change_id WHERE a.change_id = ? AND a.outcome = 'applied'"
		" ORDER BY a.id DESC LIMIT 1", FP_VALS(fp_i(i->staged.change_id)));

	if (st != FP_OK)
		return st;
	st = fp_db_next(p->store, q, &row, err);
	if (st == FP_OK && row) {
		fp_uuid_new(i->undo_uuid);
		d = complete(fp_db_text(q, 0), i->undo_uuid, fp_db_text(q, 1), fp_db_text(q, 2), fp_db_text(q, 3));
	}
	if (d) {
		i->delta = fp_json_dump(d);
		fp_line_of_delta(f, i->delta, fp_db_text(q, 3));
	}
	fp_db_end(p->store, q);
	json_decref(d);
	return st;
}
