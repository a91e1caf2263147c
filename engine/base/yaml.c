#include "engine/base/yaml.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "engine/base/buf.h"
#include "engine/base/fs.h"
#include "engine/base/mem.h"

#define MAX_DEPTH 32
#define MAX_BYTES (4 << 20)

struct reader {
	yaml_parser_t parser;
	const char *path;
	struct fp_error *err;
};

static enum fp_status fault(struct reader *r, const char *what)
{
	return fp_fail(r->err, FP_E_INVALID, "%s line %zu: %s", r->path, r->parser.mark.line + 1, what);
}

static enum fp_status next(struct reader *r, yaml_event_t *e)
{
	if (yaml_parser_parse(&r->parser, e))
		return FP_OK;
	return fp_fail(r->err, FP_E_INVALID, "%s line %zu: %s", r->path, r->parser.problem_mark.line + 1,
		r->parser.problem ? r->parser.problem : "not YAML");
}

static json_t *scalar(const yaml_event_t *e)
{
	const char *s = (const char *)e->data.scalar.value;
	char *end;

	if (e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return json_string(s);
	if (*s == '\0' || strcmp(s, "null") == 0 || strcmp(s, "~") == 0)
		return json_null();
	if (strcmp(s, "true") == 0 || strcmp(s, "false") == 0)
		return json_boolean(*s == 't');
	if (strspn(s, "+-0123456789") == strlen(s)) {
		long long v;
		errno = 0;
		v = strtoll(s, &end, 10);
		if (errno == 0 && *end == '\0')
			return json_integer(v);
	} else if (strspn(s, "+-0123456789.eE") == strlen(s)) {
		double v = strtod(s, &end);
		if (*end == '\0')
			return json_real(v);
	}
	return json_string(s);
}

static enum fp_status value(struct reader *r, yaml_event_t *e, int depth, json_t **out);

static enum fp_status sequence(struct reader *r, int depth, json_t *array)
{
	for (;;) {
		yaml_event_t e;
		json_t *item = NULL;
		enum fp_status st = next(r, &e);

		if (st != FP_OK)
			return st;
		if (e.type == YAML_SEQUENCE_END_EVENT) {
			yaml_event_delete(&e);
			return FP_OK;
		}
		st = value(r, &e, depth + 1, &item);
		if (st != FP_OK)
			return st;
		json_array_append_new(array, item);
	}
}

static enum fp_status mapping(struct reader *r, int depth, json_t *object)
{
	for (;;) {
		yaml_event_t e;
		json_t *item = NULL;
		char *key;
		enum fp_status st = next(r, &e);

		if (st != FP_OK)
			return st;
		if (e.type == YAML_MAPPING_END_EVENT) {
			yaml_event_delete(&e);
			return FP_OK;
		}
		if (e.type != YAML_SCALAR_EVENT) {
			yaml_event_delete(&e);
			return fault(r, "a key must be plain text");
		}
		key = fp_strdup((const char *)e.data.scalar.value);
		yaml_event_delete(&e);
		if (json_object_get(object, key))
			st = fault(r, "key given twice");
		if (st == FP_OK)
			st = next(r, &e);
		if (st == FP_OK)
			st = value(r, &e, depth + 1, &item);
		if (st == FP_OK && json_object_set_new(object, key, item) != 0)
			st = fault(r, "key is not UTF-8");
		free(key);
		if (st != FP_OK)
			return st;
	}
}

/* Takes *E over. */
static enum fp_status value(struct reader *r, yaml_event_t *e, int depth, json_t **out)
{
	enum fp_status st = FP_OK;

	*out = NULL;
	if (depth > MAX_DEPTH) {
		st = fault(r, "nested too deeply");
	} else if (e->type == YAML_SCALAR_EVENT) {
		*out = scalar(e);
		if (!*out)
			st = fault(r, "text is not UTF-8");
	} else if (e->type == YAML_SEQUENCE_START_EVENT) {
		*out = json_array();
		st = sequence(r, depth, *out);
	} else if (e->type == YAML_MAPPING_START_EVENT) {
		*out = json_object();
		st = mapping(r, depth, *out);
	} else {
		st = fault(r, "aliases are not used here");
	}
	yaml_event_delete(e);
	if (st != FP_OK) {
		json_decref(*out);
		*out = NULL;
	}
	return st;
}

static enum fp_status document(struct reader *r, json_t **out)
{
	yaml_event_t e;
	enum fp_status st;

	*out = NULL;
	for (;;) {
		st = next(r, &e);
		if (st != FP_OK)
			break;
		if (e.type == YAML_STREAM_END_EVENT) {
			yaml_event_delete(&e);
			break;
		}
		if (e.type == YAML_STREAM_START_EVENT || e.type == YAML_DOCUMENT_END_EVENT) {
			yaml_event_delete(&e);
			continue;
		}
		if (e.type == YAML_DOCUMENT_START_EVENT) {
			yaml_event_delete(&e);
			if (*out) {
				st = fault(r, "a second document");
				break;
			}
			st = next(r, &e);
			if (st == FP_OK)
				st = value(r, &e, 0, out);
			if (st != FP_OK)
				break;
			continue;
		}
		yaml_event_delete(&e);
		st = fault(r, "unexpected content");
		break;
	}
	if (st != FP_OK) {
		json_decref(*out);
		*out = NULL;
	} else if (!*out) {
		*out = json_object();
	}
	return st;
}

enum fp_status fp_yaml_read(json_t **out, const char *path, struct fp_error *err)
{
	struct reader r = {.path = path, .err = err};
	struct fp_buf text = FP_BUF_INIT;
	enum fp_status st = fp_fs_read(&text, path, MAX_BYTES, err);

	if (st == FP_OK) {
		fp_assert(yaml_parser_initialize(&r.parser));
		yaml_parser_set_input_string(&r.parser, (const unsigned char *)text.data, text.len);
		st = document(&r, out);
		yaml_parser_delete(&r.parser);
	}
	fp_buf_free(&text);
	return st;
}
