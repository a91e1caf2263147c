#include "engine/changes/deltafile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/changes/schema.h"

/* Copies one string literal that begins at TEXT[I], without its \u0000 escapes; returns the index after it. An escaped backslash before "u0000"
 * is text and stays. */
static size_t copy_string(struct fp_buf *out, const char *text, size_t len, size_t i)
{
	size_t from = i++;

	while (i < len && text[i] != '"') {
		if (text[i] != '\\') {
			i++;
			continue;
		}
		if (len - i >= 6 && memcmp(text + i, "\\u0000", 6) == 0) {
			fp_buf_add(out, text + from, i - from);
			i += 6;
			from = i;
			continue;
		}
		i += 2;
	}
	if (i > len)
		i = len;
	if (i < len)
		i++;
	fp_buf_add(out, text + from, i - from);
	return i;
}

static size_t copy_number(struct fp_buf *out, const char *text, size_t len, size_t i)
{
	size_t from = i, digits = 0;
	int integer = 1;

	for (; i < len && strchr("+-.eE0123456789", text[i]) && text[i]; i++) {
		if (text[i] >= '0' && text[i] <= '9')
			digits++;
		else if (i > from || text[i] != '-')
			integer = 0;
	}
	fp_buf_add(out, text + from, i - from);
	if (integer && digits >= 19) {
		errno = 0;
		strtoll(out->data + out->len - (i - from), NULL, 10);
		if (errno == ERANGE)
			fp_buf_adds(out, ".0");
	}
	return i;
}

static void copy_clean(struct fp_buf *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len;) {
		size_t from = i;

		if (text[i] == '"') {
			i = copy_string(out, text, len, i);
		} else if (text[i] == '-' || (text[i] >= '0' && text[i] <= '9')) {
			i = copy_number(out, text, len, i);
		} else {
			while (i < len && text[i] != '"' && text[i] != '-' && !(text[i] >= '0' && text[i] <= '9'))
				i++;
			fp_buf_add(out, text + from, i - from);
		}
	}
}

enum fp_status fp_deltafile_parse(struct fp_deltafile *d, const char *text, size_t len, struct fp_error *err)
{
	struct fp_buf clean = FP_BUF_INIT;
	enum fp_status st;

	*d = (struct fp_deltafile){0};
	copy_clean(&clean, text, len);
	st = fp_json_parse(&d->root, clean.data, clean.len, err);
	fp_buf_free(&clean);
	if (st == FP_OK)
		st = fp_deltafile_check(d->root, err);
	if (st != FP_OK) {
		fp_deltafile_clear(d);
		return st;
	}
	d->id = fp_json_str(d->root, "id");
	d->deltas = json_object_get(d->root, "deltas");
	d->client_pks = json_object_get(d->root, "clientPks");
	return FP_OK;
}

void fp_deltafile_clear(struct fp_deltafile *d)
{
	json_decref(d->root);
	*d = (struct fp_deltafile){0};
}

const char *fp_delta_uuid(const json_t *delta)
{
	return fp_json_str_or(delta, "uuid", "");
}

const char *fp_delta_method(const json_t *delta)
{
	return fp_json_str_or(delta, "method", "");
}

const char *fp_delta_layer_id(const json_t *delta)
{
	const char *id = fp_json_str_or(delta, "sourceLayerId", "");

	return *id ? id : fp_json_str_or(delta, "localLayerId", "");
}

const char *fp_delta_client_id(const json_t *delta)
{
	return fp_json_str_or(delta, "clientId", "");
}

/* LAYER NULL: the older form of the key. */
static char *known_pk(const json_t *client_pks, const json_t *delta, const char *layer)
{
	const char *client = fp_delta_client_id(delta), *local = fp_json_str_or(delta, "localPk", "");
	char *key = layer ? fp_asprintf("%s__%s__%s", client, layer, local) : fp_asprintf("%s__%s", client, local);
	const json_t *v = json_object_get(client_pks, key);

	free(key);
	if (json_is_integer(v))
		return fp_asprintf("%lld", (long long)json_integer_value(v));
	return fp_strdup_null(json_string_value(v));
}

char *fp_delta_mapped_pk(const json_t *client_pks, const json_t *delta)
{
	char *pk;

	if (!client_pks || !*fp_delta_client_id(delta))
		return NULL;
	pk = known_pk(client_pks, delta, fp_json_str_or(delta, "localLayerId", ""));
	if (!pk)
		pk = known_pk(client_pks, delta, fp_delta_layer_id(delta));
	return pk ? pk : known_pk(client_pks, delta, NULL);
}

json_t *fp_delta_inverse(const json_t *delta)
{
	json_t *inverse = json_object(), *v;
	const char *key;

	json_object_foreach((json_t *)(uintptr_t)delta, key, v) {
		int is_old = strcmp(key, "old") == 0, is_new = strcmp(key, "new") == 0;

		json_object_set(inverse, is_old ? "new" : is_new ? "old" : key, v);
	}
	if (strcmp(fp_delta_method(delta), "create") == 0)
		json_object_set_new(inverse, "method", json_string("delete"));
	else if (strcmp(fp_delta_method(delta), "delete") == 0)
		json_object_set_new(inverse, "method", json_string("create"));
	return inverse;
}

static void write_line(FILE *f, const struct fp_deltafile *d, json_t *delta)
{
	char *pk = fp_delta_mapped_pk(d->client_pks, delta), *text;
	json_t *line = json_pack("{s:O,s:s?,s:n}", "delta", delta, "mapped_pk", pk, "ledger");

	text = fp_json_dump(line);
	fputs(text, f);
	putc('\n', f);
	free(text);
	free(pk);
	json_decref(line);
}

enum fp_status fp_deltafile_write_jsonl(const struct fp_deltafile *d, int inverse, const char *path, struct fp_error *err)
{
	FILE *f = fopen(path, "wxe");
	size_t n = json_array_size(d->deltas);
	int failed;

	if (!f)
		return fp_fail_errno(err, errno, "cannot create %s", path);
	for (size_t i = 0; i < n && !ferror(f); i++) {
		json_t *delta = inverse ? fp_delta_inverse(json_array_get(d->deltas, n - 1 - i)) : json_incref(json_array_get(d->deltas, i));
		write_line(f, d, delta);
		json_decref(delta);
	}
	failed = ferror(f) ? errno : 0;
	if (fclose(f) != 0 || failed) {
		enum fp_status st = fp_fail_errno(err, failed ? failed : errno, "cannot write %s", path);
		unlink(path);
		return st;
	}
	return FP_OK;
}
