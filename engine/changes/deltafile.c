#include "engine/changes/deltafile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/json.h"
#include "engine/base/mem.h"
#include "engine/changes/schema.h"
#include "engine/changes/seen.h"

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

#define DELTAS "\"deltas\""
#define DELTA_MIN 64 /* bytes: no delta with what it must have is shorter */

static enum fp_status read_piece(json_t **out, struct fp_deltafile *d, const struct fp_piece *p, struct fp_error *err)
{
	fp_buf_clear(&d->clean);
	copy_clean(&d->clean, d->text + p->at, p->len);
	return fp_json_parse_part(out, d->clean.data, d->clean.len, d->text, p->at, err);
}

/* *SIZE: of what is kept in the head so far. */
static enum fp_status add_member(struct fp_deltafile *d, const struct fp_piece *key, const struct fp_piece *value, size_t *size, struct fp_error *err)
{
	json_t *name = NULL, *v = NULL;
	enum fp_status st = read_piece(&name, d, key, err);

	if (st == FP_OK && json_object_get(d->head, json_string_value(name)))
		st = fp_json_fail_at(err, d->text, key->at, "a name comes twice");
	if (st == FP_OK && strcmp(json_string_value(name), "deltas") == 0 && value->len && d->text[value->at] == '[') {
		d->begin = value->at;
		v = json_array();
	} else if (st == FP_OK) {
		*size += key->len + value->len;
		st = *size <= FP_DELTAFILE_HEAD_MAX ? read_piece(&v, d, value, err)
			: fp_fail(err, FP_E_INVALID, "the deltafile has more than %lld MB that are no deltas", FP_DELTAFILE_HEAD_MAX >> 20);
	}
	if (st == FP_OK)
		json_object_set_new(d->head, json_string_value(name), v);
	json_decref(name);
	return st;
}

/* All but the deltas, of which only the end is found. */
static enum fp_status read_head(struct fp_deltafile *d, struct fp_error *err)
{
	size_t at = fp_scan_blanks(d->text, d->len, 0), size = 0;
	enum fp_scanned got = FP_SCAN_END;
	struct fp_piece key, value;
	enum fp_status st = FP_OK;

	if (at == d->len || d->text[at] != '{') {
		d->head = at < d->len && d->text[at] == '[' ? json_array() : NULL; /* the wrong thing, however large */
		return d->head ? FP_OK : read_piece(&d->head, d, &(struct fp_piece){at, d->len - at}, err);
	}
	d->head = json_object();
	fp_scan_begin(&d->scan, d->text, d->len, at);
	while (st == FP_OK && (got = fp_scan_member(&d->scan, &key, &value)) == FP_SCAN_PIECE)
		st = add_member(d, &key, &value, &size, err);
	if (st != FP_OK)
		return st;
	if (got == FP_SCAN_BAD)
		return fp_json_fail_at(err, d->text, d->scan.at, d->scan.fault);
	at = fp_scan_blanks(d->text, d->len, d->scan.at);
	return at < d->len ? fp_json_fail_at(err, d->text, at, "end of file expected") : FP_OK;
}

static int same_uuid(void *arg, size_t at, const char *uuid)
{
	struct fp_deltafile *d = arg;
	struct fp_scan s = {.text = d->text, .len = d->len, .at = at, .first = 1};
	struct fp_piece p;
	json_t *delta = NULL;
	int same = fp_scan_element(&s, &p) == FP_SCAN_PIECE && read_piece(&delta, d, &p, NULL) == FP_OK && strcmp(fp_delta_uuid(delta), uuid) == 0;

	json_decref(delta);
	return same;
}

/* The uuid is what makes a change happen once: two changes under one name could not be told apart. */
static enum fp_status check_uuid(struct fp_deltafile *d, struct fp_seen *seen, const json_t *delta, size_t at, struct fp_error *err)
{
	size_t first, i = 0;
	struct fp_scan s;
	struct fp_piece p;

	if (!fp_seen_add(seen, fp_delta_uuid(delta), at, same_uuid, d, &first))
		return FP_OK;
	fp_scan_begin(&s, d->text, d->len, d->begin);
	while (fp_scan_element(&s, &p) == FP_SCAN_PIECE && p.at < first)
		i++;
	return fp_fail(err, FP_E_INVALID, "deltas[%zu].uuid is that of deltas[%zu], too", d->n, i);
}

static enum fp_status check_deltas(struct fp_deltafile *d, struct fp_error *err)
{
	struct fp_seen seen;
	struct fp_piece p;
	enum fp_scanned got;
	enum fp_status st = FP_OK;

	fp_seen_begin(&seen, d->len / DELTA_MIN + 1);
	fp_scan_begin(&d->scan, d->text, d->len, d->begin);
	while (st == FP_OK && (got = fp_scan_element(&d->scan, &p)) != FP_SCAN_END) {
		json_t *delta = NULL;
		st = got == FP_SCAN_BAD ? fp_json_fail_at(err, d->text, d->scan.at, d->scan.fault) : read_piece(&delta, d, &p, err);
		if (st == FP_OK)
			st = fp_deltafile_check_delta(delta, d->n, err);
		if (st == FP_OK)
			st = check_uuid(d, &seen, delta, p.at, err);
		json_decref(delta);
		d->n += st == FP_OK;
	}
	fp_seen_clear(&seen);
	return st;
}

enum fp_status fp_deltafile_parse(struct fp_deltafile *d, const char *text, size_t len, struct fp_error *err)
{
	enum fp_status st;

	*d = (struct fp_deltafile){.text = text, .len = len, .clean = FP_BUF_INIT};
	if ((long long)len > FP_DELTAFILE_MAX)
		return fp_fail(err, FP_E_FULL, "a deltafile has at most %lld MB, this has more", FP_DELTAFILE_MAX >> 20);
	st = read_head(d, err);
	if (st == FP_OK)
		st = fp_deltafile_check_head(d->head, err);
	if (st == FP_OK)
		st = check_deltas(d, err);
	if (st != FP_OK) {
		fp_deltafile_clear(d);
		return st;
	}
	fp_scan_begin(&d->scan, text, len, d->begin);
	d->id = fp_json_str(d->head, "id");
	d->client_pks = json_object_get(d->head, "clientPks");
	return FP_OK;
}

void fp_deltafile_clear(struct fp_deltafile *d)
{
	json_decref(d->head);
	fp_buf_free(&d->clean);
	*d = (struct fp_deltafile){.clean = FP_BUF_INIT};
}

json_t *fp_deltafile_next(struct fp_deltafile *d)
{
	struct fp_piece p;
	json_t *delta;

	if (fp_scan_element(&d->scan, &p) != FP_SCAN_PIECE) {
		fp_scan_begin(&d->scan, d->text, d->len, d->begin);
		return NULL;
	}
	fp_assert(read_piece(&delta, d, &p, NULL) == FP_OK); /* it was read before */
	return delta;
}

static int is_text(const char *text, const struct fp_piece *p, const char *want)
{
	return p->len == strlen(want) && memcmp(text + p->at, want, p->len) == 0;
}

static void take_uuid(char uuid[FP_UUID_SIZE], const char *text, const struct fp_piece *value)
{
	char *quoted;

	if (value->len < 3 || value->len > FP_UUID_SIZE + 4)
		return;
	quoted = fp_strndup(text + value->at + 1, value->len - 2);
	if (fp_uuid_parse(uuid, quoted) != 0)
		uuid[0] = '\0';
	free(quoted);
}

int fp_deltafile_looks_like(const char *text, size_t len, char id[FP_UUID_SIZE], char project[FP_UUID_SIZE])
{
	size_t at = fp_scan_blanks(text, len, 0);
	enum fp_scanned got = FP_SCAN_BAD;
	struct fp_piece key, value;
	struct fp_scan s;
	int found = 0;

	id[0] = project[0] = '\0';
	if (at < len && text[at] == '{') {
		fp_scan_begin(&s, text, len, at);
		while ((got = fp_scan_member(&s, &key, &value)) == FP_SCAN_PIECE) {
			found |= is_text(text, &key, DELTAS);
			if (is_text(text, &key, "\"id\""))
				take_uuid(id, text, &value);
			else if (is_text(text, &key, "\"project\""))
				take_uuid(project, text, &value);
		}
	}
	return found || (got == FP_SCAN_BAD && memmem(text, len, DELTAS, sizeof DELTAS - 1) != NULL);
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

static void write_forwards(FILE *f, struct fp_deltafile *d)
{
	json_t *delta;

	while ((delta = fp_deltafile_next(d))) {
		if (!ferror(f))
			write_line(f, d, delta);
		json_decref(delta);
	}
}

/* From the last to the first, by where they stand. */
static void write_inverse(FILE *f, struct fp_deltafile *d)
{
	struct fp_piece *pieces = fp_realloc(NULL, d->n, sizeof *pieces);
	struct fp_scan s;

	fp_scan_begin(&s, d->text, d->len, d->begin);
	for (size_t i = 0; i < d->n; i++)
		fp_scan_element(&s, &pieces[i]);
	for (size_t i = d->n; i > 0 && !ferror(f); i--) {
		json_t *delta, *inverse;
		fp_assert(read_piece(&delta, d, &pieces[i - 1], NULL) == FP_OK);
		inverse = fp_delta_inverse(delta);
		write_line(f, d, inverse);
		json_decref(inverse);
		json_decref(delta);
	}
	free(pieces);
}

enum fp_status fp_deltafile_write_jsonl(struct fp_deltafile *d, int inverse, const char *path, struct fp_error *err)
{
	FILE *f = fopen(path, "wxe");
	int failed;

	if (!f)
		return fp_fail_errno(err, errno, "cannot create %s", path);
	(inverse ? write_inverse : write_forwards)(f, d);
	failed = ferror(f) ? errno : 0;
	if (fclose(f) != 0 || failed) {
		enum fp_status st = fp_fail_errno(err, failed ? failed : errno, "cannot write %s", path);
		unlink(path);
		return st;
	}
	return FP_OK;
}
