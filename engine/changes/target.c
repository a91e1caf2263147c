#include "engine/changes/target.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/base/mem.h"

void fp_feature_init(struct fp_feature *f, size_t n)
{
	*f = (struct fp_feature){.values = fp_alloc(n * sizeof *f->values), .n = n};
}

void fp_feature_clear(struct fp_feature *f)
{
	for (size_t i = 0; i < f->n; i++)
		fp_value_clear(&f->values[i]);
	free(f->values);
	free(f->wkb);
	*f = (struct fp_feature){0};
}

void fp_feature_set_wkb(struct fp_feature *f, unsigned char *wkb, size_t n)
{
	free(f->wkb);
	f->wkb = wkb;
	f->wkb_len = n;
}

void fp_feature_copy(struct fp_feature *to, const struct fp_feature *from)
{
	fp_feature_clear(to);
	fp_feature_init(to, from->n);
	for (size_t i = 0; i < from->n; i++)
		fp_value_copy(&to->values[i], &from->values[i]);
	if (from->wkb) {
		fp_feature_set_wkb(to, fp_alloc(from->wkb_len), from->wkb_len);
		memcpy(to->wkb, from->wkb, from->wkb_len);
	}
}

/* Type and length go before every value, so that no two features share one serialisation. */
static void hash_part(crypto_hash_sha256_state *s, unsigned char type, const void *bytes, size_t n)
{
	uint64_t len = n;

	crypto_hash_sha256_update(s, &type, 1);
	crypto_hash_sha256_update(s, (const unsigned char *)&len, sizeof len);
	if (n)
		crypto_hash_sha256_update(s, bytes, n);
}

void fp_feature_hash(char out[FP_SHA256_HEX], const struct fp_feature *f)
{
	unsigned char digest[crypto_hash_sha256_BYTES];
	crypto_hash_sha256_state s;

	crypto_hash_sha256_init(&s);
	hash_part(&s, f->wkb ? 'g' : '0', f->wkb, f->wkb_len);
	for (size_t i = 0; i < f->n; i++) {
		const struct fp_value *v = &f->values[i];
		switch (v->type) {
		case FP_NULL:
			hash_part(&s, 'n', NULL, 0);
			break;
		case FP_INT:
			hash_part(&s, 'i', &v->i, sizeof v->i);
			break;
		case FP_REAL:
			hash_part(&s, 'r', &v->r, sizeof v->r);
			break;
		case FP_TEXT:
		case FP_BLOB:
			hash_part(&s, v->type == FP_TEXT ? 't' : 'b', v->text, v->len);
			break;
		}
	}
	crypto_hash_sha256_final(&s, digest);
	sodium_bin2hex(out, FP_SHA256_HEX, digest, sizeof digest);
}

struct fp_column *fp_target_add_column(struct fp_target *t, const char *name, enum fp_kind kind)
{
	struct fp_column *c;

	t->columns = fp_realloc(t->columns, t->n_columns + 1, sizeof *t->columns);
	c = &t->columns[t->n_columns++];
	*c = (struct fp_column){.name = fp_strdup(name), .kind = kind, .min = INT64_MIN, .max = INT64_MAX};
	return c;
}

int fp_target_column(const struct fp_target *t, const char *name)
{
	for (size_t i = 0; i < t->n_columns; i++)
		if (strcmp(t->columns[i].name, name) == 0)
			return (int)i;
	return -1;
}

void fp_target_find_key(struct fp_target *t, const char *layer)
{
	for (size_t i = 0; t->key < 0 && i < t->n_columns; i++)
		if (strcasecmp(t->columns[i].name, "fid") == 0)
			t->key = (int)i;
	if (t->key < 0) {
		t->key_fault = fp_asprintf("The layer \"%s\" neither has a primary key, nor an attribute `fid`!", layer);
	} else if (strchr(t->columns[t->key].name, ',')) {
		t->key_fault = fp_asprintf("The primary key \"%s\" of layer \"%s\" has a comma in its name: such keys are not supported",
			t->columns[t->key].name, layer);
		t->key = -1;
	}
}

void fp_target_clear(struct fp_target *t)
{
	for (size_t i = 0; i < t->n_columns; i++)
		free(t->columns[i].name);
	free(t->columns);
	free(t->key_fault);
	free(t->note);
}
