#include "engine/changes/amend.h"

#include <string.h>

#include "engine/base/json.h"
#include "engine/changes/deltafile.h"

static json_t *side(json_t *delta, const char *name)
{
	json_t *s = json_object_get(delta, name);

	if (!s) {
		s = json_object();
		json_object_set_new(delta, name, s);
	}
	return s;
}

/* Where FIELD of a side stands. */
static json_t *room(json_t *side, int geometry)
{
	json_t *attributes = json_object_get(side, "attributes");

	if (geometry)
		return side;
	if (!attributes) {
		attributes = json_object();
		json_object_set_new(side, "attributes", attributes);
	}
	return attributes;
}

static void put(json_t *side, const char *field, int geometry, const json_t *value)
{
	json_object_set(room(side, geometry), field, (json_t *)(uintptr_t)value);
}

static void drop(json_t *side, const char *field, int geometry)
{
	json_object_del(room(side, geometry), field);
}

static int is_conflict(const json_t *detail)
{
	return strcmp(fp_json_str_or(detail, "level", ""), "parallel") != 0;
}

static enum fp_status resolve_field(json_t *delta, const json_t *detail, const json_t *decision, struct fp_error *err)
{
	const char *field = fp_json_str_or(detail, "field", ""), *word = json_is_string(decision) ? json_string_value(decision) : "";
	int geometry = fp_json_bool(detail, "geometry", 0);
	const json_t *current = json_object_get(detail, "current"), *value = json_is_object(decision) ? json_object_get(decision, "value") : NULL;

	if (strcmp(word, "current") == 0) {
		drop(side(delta, "old"), field, geometry);
		drop(side(delta, "new"), field, geometry);
		return FP_OK;
	}
	if (strcmp(word, "device") == 0)
		value = json_object_get(detail, "requested");
	else if (strcmp(word, "base") == 0)
		value = json_object_get(detail, "base");
	if (!value)
		return fp_fail(err, FP_E_USAGE, "\"%.100s\" is decided by device, current, base or a value of its own", field);
	put(side(delta, "old"), field, geometry, current);
	put(side(delta, "new"), field, geometry, value);
	return FP_OK;
}

static int nothing_left(const json_t *delta)
{
	const json_t *new = json_object_get(delta, "new");

	return json_object_size(json_object_get(new, "attributes")) == 0 && !json_object_get(new, "geometry");
}

/* Deleting is one decision. */
static enum fp_status resolve_delete(json_t **out, const json_t *delta, const json_t *details, const json_t *decisions, struct fp_error *err)
{
	const json_t *detail;
	const char *word = NULL;
	size_t i;

	*out = json_deep_copy(delta);
	json_array_foreach(details, i, detail) {
		const char *field = fp_json_str_or(detail, "field", ""), *said = fp_json_str_or(decisions, field, "");
		if (!is_conflict(detail))
			continue;
		if ((strcmp(said, "device") != 0 && strcmp(said, "current") != 0) || (word && strcmp(word, said) != 0)) {
			json_decref(*out);
			*out = NULL;
			return fp_fail(err, FP_E_USAGE, "a feature is deleted (device) or kept (current), with all of its fields: decide the same for each");
		}
		word = said;
		put(side(*out, "old"), field, fp_json_bool(detail, "geometry", 0), json_object_get(detail, "current"));
	}
	if (word && strcmp(word, "current") == 0) {
		json_decref(*out);
		*out = NULL;
	}
	return FP_OK;
}

static enum fp_status check_decisions(const json_t *details, const json_t *decisions, struct fp_error *err)
{
	const json_t *detail;
	const char *field;
	json_t *v;
	size_t i;

	json_array_foreach(details, i, detail)
		if (is_conflict(detail) && !json_object_get(decisions, fp_json_str_or(detail, "field", "")))
			return fp_fail(err, FP_E_USAGE, "\"%.100s\" is a conflict, too, and not decided yet", fp_json_str_or(detail, "field", ""));
	json_object_foreach((json_t *)(uintptr_t)decisions, field, v) {
		int found = 0;
		json_array_foreach(details, i, detail)
			found |= is_conflict(detail) && strcmp(fp_json_str_or(detail, "field", ""), field) == 0;
		if (!found)
			return fp_fail(err, FP_E_USAGE, "\"%.100s\" is no conflict of this change", field);
	}
	return FP_OK;
}

enum fp_status fp_amend_resolve(json_t **out, const json_t *delta, const json_t *details, const json_t *decisions, struct fp_error *err)
{
	const json_t *detail;
	size_t i;
	enum fp_status st = check_decisions(details, decisions, err);

	*out = NULL;
	if (st != FP_OK)
		return st;
	if (strcmp(fp_delta_method(delta), "delete") == 0)
		return resolve_delete(out, delta, details, decisions, err);
	*out = json_deep_copy(delta);
	json_array_foreach(details, i, detail)
		if (st == FP_OK && is_conflict(detail))
			st = resolve_field(*out, detail, json_object_get(decisions, fp_json_str_or(detail, "field", "")), err);
	if (st != FP_OK || nothing_left(*out)) {
		json_decref(*out);
		*out = NULL;
	}
	return st;
}

/* ---- another target ---- */

static void map_string(json_t *delta, const char *member, const json_t *names, int *touched)
{
	const char *to = fp_json_str(names, fp_json_str_or(delta, member, ""));

	if (to) {
		json_object_set_new(delta, member, json_string(to));
		*touched = 1;
	}
}

static void map_fields(json_t *side, const json_t *names, int *touched)
{
	json_t *attributes = json_object_get(side, "attributes"), *mapped, *v;
	const char *name;

	if (!json_is_object(attributes))
		return;
	mapped = json_object();
	json_object_foreach(attributes, name, v) {
		const char *to = fp_json_str(names, name);
		*touched |= to != NULL;
		json_object_set(mapped, to ? to : name, v);
	}
	json_object_set_new(side, "attributes", mapped);
}

json_t *fp_amend_retarget(const json_t *delta, const json_t *mapping, int *touched)
{
	json_t *d = json_deep_copy(delta);
	const json_t *layers = json_object_get(mapping, "layers"), *fields = json_object_get(mapping, "fields"), *keys = json_object_get(mapping, "keys");
	const char *layer = fp_json_str(layers, fp_delta_layer_id(delta));

	*touched = layer != NULL;
	if (layer) /* the device's own name of the layer stays: the key map goes by it */
		json_object_set_new(d, "sourceLayerId", json_string(layer));
	map_string(d, "sourcePk", keys, touched);
	if (json_object_size(fields)) {
		map_fields(json_object_get(d, "old"), fields, touched);
		map_fields(json_object_get(d, "new"), fields, touched);
	}
	return d;
}
