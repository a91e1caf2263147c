#include "src/change_rows.h"

#include "src/listing.h"

json_t *fp_change_json(const struct fp_change_row *r)
{
	json_t *o = json_object();

	fp_row_text(o, "uuid", r->uuid);
	fp_row_int(o, "id", r->id);
	fp_row_text(o, "project", r->project_name);
	fp_row_text(o, "status", r->status);
	fp_row_text(o, "method", r->method);
	fp_row_text(o, "layer_id", r->layer_id);
	fp_row_text(o, "layer_name", r->layer_name);
	fp_row_text(o, "feature_pk", r->feature_pk);
	fp_row_text(o, "local_pk", r->local_pk);
	fp_row_text(o, "source_pk", r->source_pk);
	fp_row_text(o, "client_id", r->client_id);
	fp_row_text(o, "fields", r->fields);
	fp_row_text(o, "msg", r->msg);
	fp_row_time(o, "created_at", r->created_at);
	fp_row_text(o, "created_by", r->created_by);
	fp_row_time(o, "updated_at", r->updated_at);
	json_object_set_new(o, "job_id", r->job_id ? json_integer(r->job_id) : json_null());
	fp_row_int(o, "attempts", r->attempts);
	fp_row_text(o, "deltafile_id", r->deltafile_id);
	if (r->body)
		fp_row_json(o, "delta", r->body);
	return o;
}

static void add_attempt(void *arg, const struct fp_attempt_row *r)
{
	json_t *o = json_object();

	fp_row_int(o, "job_id", r->job_id);
	fp_row_time(o, "at", r->at);
	fp_row_text(o, "action", r->action);
	fp_row_text(o, "who", r->who);
	fp_row_text(o, "outcome", r->outcome);
	fp_row_text(o, "msg", r->msg);
	fp_row_text(o, "e_type", r->e_type);
	fp_row_text(o, "feature_pk", r->feature_pk);
	fp_row_text(o, "modified_pk", r->modified_pk);
	fp_row_text(o, "hash_before", r->hash_before);
	fp_row_text(o, "hash_after", r->hash_after);
	fp_row_json(o, "conflicts", r->conflicts);
	fp_row_json(o, "provider_errors", r->provider_errors);
	fp_row_json(o, "details", r->details);
	json_object_set_new(o, "plan_id", r->plan_id ? json_integer(r->plan_id) : json_null());
	fp_row_text(o, "planned", r->planned);
	fp_row_text(o, "reason", r->reason);
	fp_row_text(o, "layer_id", r->layer_id);
	fp_row_text(o, "txid", r->txid);
	json_object_set_new(o, "overwrote", json_boolean(r->overwrote));
	json_array_append_new(arg, o);
}

enum fp_status fp_change_attempts_json(struct fp_store *s, int64_t change_id, json_t **rows, struct fp_error *err)
{
	enum fp_status st;

	*rows = json_array();
	st = fp_change_attempts(s, change_id, add_attempt, *rows, err);
	if (st != FP_OK)
		json_decref(*rows);
	return st;
}

static json_t *member(const json_t *side, const char *field, int is_geometry)
{
	json_t *v = json_object_get(is_geometry ? side : json_object_get(side, "attributes"), field);

	return v ? json_incref(v) : NULL;
}

static void add_field(json_t *rows, const json_t *old, const json_t *new, const char *field, int is_geometry)
{
	json_t *row = json_object(), *a = member(old, field, is_geometry), *b = member(new, field, is_geometry);

	fp_row_text(row, "field", field);
	json_object_set_new(row, "old", a ? a : json_string(""));
	json_object_set_new(row, "new", b ? b : json_string(""));
	json_array_append_new(rows, row);
}

json_t *fp_change_fields_json(const json_t *delta)
{
	json_t *rows = json_array(), *old = json_object_get(delta, "old"), *new = json_object_get(delta, "new");
	json_t *a = json_object_get(old, "attributes"), *b = json_object_get(new, "attributes"), *v;
	const char *field;

	json_object_foreach(b, field, v)
		add_field(rows, old, new, field, 0);
	json_object_foreach(a, field, v)
		if (!json_object_get(b, field))
			add_field(rows, old, new, field, 0);
	if (json_object_get(old, "geometry") || json_object_get(new, "geometry"))
		add_field(rows, old, new, "geometry", 1);
	return rows;
}
