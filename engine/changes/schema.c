#include "engine/changes/schema.h"

#include <stdio.h>
#include <string.h>

#include "engine/base/ids.h"
#include "engine/base/mem.h"

enum shape { STRING, UUID, TEXT_OR_NULL, ARRAY, OBJECT, BOOLEAN };

#define UUID_MAX 100 /* it names the change in every message and event */

struct member {
	const char *name;
	enum shape shape;
	int required;
};

static const struct member top_members[] = {
	{"version", STRING, 1}, {"id", UUID, 1}, {"project", UUID, 1}, {"deltas", ARRAY, 1}, {"files", ARRAY, 1}, {"clientPks", OBJECT, 0}, {0}
};
static const struct member delta_members[] = {
	{"uuid", STRING, 1}, {"method", STRING, 1}, {"localPk", STRING, 1}, {"sourcePk", STRING, 1}, {"localLayerId", STRING, 1},
	{"sourceLayerId", STRING, 1}, {"clientId", STRING, 0}, {"exportId", STRING, 0}, {"localLayerCrs", STRING, 0},
	{"localLayerName", STRING, 0}, {"old", OBJECT, 0}, {"new", OBJECT, 0}, {0}
};
/* `old` and `new` hold nothing else. */
static const struct member state_members[] = {
	{"geometry", TEXT_OR_NULL, 0}, {"attributes", OBJECT, 0}, {"files_sha256", OBJECT, 0}, {"is_snapshot", BOOLEAN, 0}, {0}
};

static const char *type_word(const json_t *v)
{
	static const char *const words[] = {
		[JSON_OBJECT] = "an object", [JSON_ARRAY] = "an array", [JSON_STRING] = "a string", [JSON_INTEGER] = "a number",
		[JSON_REAL] = "a number", [JSON_TRUE] = "a boolean", [JSON_FALSE] = "a boolean", [JSON_NULL] = "null"
	};

	return words[json_typeof(v)];
}

static int has_shape(const json_t *v, enum shape shape)
{
	char uuid[FP_UUID_SIZE];

	switch (shape) {
	case STRING:
		return json_is_string(v);
	case UUID:
		return json_is_string(v) && fp_uuid_parse(uuid, json_string_value(v)) == 0;
	case TEXT_OR_NULL:
		return json_is_string(v) || json_is_null(v);
	case ARRAY:
		return json_is_array(v);
	case OBJECT:
		return json_is_object(v);
	case BOOLEAN:
		return json_is_boolean(v);
	}
	return 0;
}

/* WHERE is "" or ends in "." */
static enum fp_status check_members(const json_t *object, const struct member *members, const char *where, struct fp_error *err)
{
	static const char *const expected[] = {
		[STRING] = "a string", [UUID] = "a UUID", [TEXT_OR_NULL] = "a string or null", [ARRAY] = "an array", [OBJECT] = "an object",
		[BOOLEAN] = "a boolean"
	};

	for (const struct member *m = members; m->name; m++) {
		const json_t *v = json_object_get(object, m->name);

		if (!v && m->required)
			return fp_fail(err, FP_E_INVALID, "%s%s is missing", where, m->name);
		if (!v || has_shape(v, m->shape))
			continue;
		if (json_is_string(v))
			return fp_fail(err, FP_E_INVALID, "%s%s is \"%.60s\", expected %s", where, m->name, json_string_value(v),
				expected[m->shape]);
		return fp_fail(err, FP_E_INVALID, "%s%s is %s, expected %s", where, m->name, type_word(v), expected[m->shape]);
	}
	return FP_OK;
}

static enum fp_status check_state(const json_t *delta, const char *key, const char *where, struct fp_error *err)
{
	json_t *state = json_object_get(delta, key);
	enum fp_status st;
	const char *name;
	char *inside;
	json_t *v;

	if (!state)
		return FP_OK;
	json_object_foreach(state, name, v) {
		const struct member *m = state_members;
		while (m->name && strcmp(m->name, name) != 0)
			m++;
		if (!m->name)
			return fp_fail(err, FP_E_INVALID, "%s%s has an unknown member \"%.60s\"", where, key, name);
	}
	inside = fp_asprintf("%s%s.", where, key);
	st = check_members(state, state_members, inside, err);
	free(inside);
	return st;
}

enum fp_status fp_deltafile_check_delta(const json_t *delta, size_t i, struct fp_error *err)
{
	static const char *const methods[] = {"create", "patch", "delete"};
	const char *method, *uuid;
	char where[48];
	enum fp_status st;

	snprintf(where, sizeof where, "deltas[%zu]", i);
	if (!json_is_object(delta))
		return fp_fail(err, FP_E_INVALID, "%s is %s, expected an object", where, type_word(delta));
	snprintf(where, sizeof where, "deltas[%zu].", i);
	st = check_members(delta, delta_members, where, err);
	if (st != FP_OK)
		return st;
	method = json_string_value(json_object_get(delta, "method"));
	for (size_t m = 0;; m++) {
		if (m == sizeof methods / sizeof *methods)
			return fp_fail(err, FP_E_INVALID, "%smethod is \"%.60s\", expected create, patch or delete", where, method);
		if (strcmp(method, methods[m]) == 0)
			break;
	}
	uuid = json_string_value(json_object_get(delta, "uuid"));
	if (!*uuid || strlen(uuid) > UUID_MAX)
		return fp_fail(err, FP_E_INVALID, "%suuid is %s", where, *uuid ? "longer than 100 bytes" : "empty");
	st = check_state(delta, "old", where, err);
	return st != FP_OK ? st : check_state(delta, "new", where, err);
}

static enum fp_status check_files(const json_t *files, struct fp_error *err)
{
	json_t *seen = json_object();
	enum fp_status st = FP_OK;
	const json_t *f;
	size_t i;

	json_array_foreach(files, i, f) {
		if (!json_is_string(f))
			st = fp_fail(err, FP_E_INVALID, "files[%zu] is %s, expected a string", i, type_word(f));
		else if (json_object_get(seen, json_string_value(f)))
			st = fp_fail(err, FP_E_INVALID, "files[%zu] repeats \"%.60s\"", i, json_string_value(f));
		else
			json_object_set_new(seen, json_string_value(f), json_true());
		if (st != FP_OK)
			break;
	}
	json_decref(seen);
	return st;
}

static enum fp_status check_client_pks(json_t *client_pks, struct fp_error *err)
{
	const char *key;
	json_t *v;

	json_object_foreach(client_pks, key, v)
		if (!json_is_string(v) && !json_is_integer(v) && !json_is_null(v))
			return fp_fail(err, FP_E_INVALID, "clientPks[\"%.80s\"] is %s, expected a string or an integer", key, type_word(v));
	return FP_OK;
}

enum fp_status fp_deltafile_check_head(const json_t *head, struct fp_error *err)
{
	const char *version;
	enum fp_status st;

	if (!json_is_object(head))
		return fp_fail(err, FP_E_INVALID, "a deltafile is an object, this is %s", type_word(head));
	st = check_members(head, top_members, "", err);
	if (st != FP_OK)
		return st;
	version = json_string_value(json_object_get(head, "version"));
	if (strcmp(version, "1.0") != 0)
		return fp_fail(err, FP_E_INVALID, "version is \"%.60s\", expected 1.0", version);
	st = check_files(json_object_get(head, "files"), err);
	return st == FP_OK ? check_client_pks(json_object_get(head, "clientPks"), err) : st;
}
