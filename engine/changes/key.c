#include "engine/changes/key.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"

int fp_key_number(int64_t *out, const char *text)
{
	char *end;
	double r;

	if (!*text || strspn(text, "+-.eE0123456789") < strlen(text))
		return -1;
	errno = 0;
	*out = strtoll(text, &end, 10);
	if (!*end && end != text)
		return errno ? -1 : 0;
	r = strtod(text, &end);
	if (*end || end == text || !(fabs(r) <= 0x1p53) || r != floor(r))
		return -1;
	*out = (int64_t)r;
	return 0;
}

int fp_key_is(const struct fp_value *v, const char *text)
{
	int64_t i;

	switch (v->type) {
	case FP_INT:
		return fp_key_number(&i, text) == 0 && i == v->i;
	case FP_REAL:
		return fp_key_number(&i, text) == 0 && (double)i == v->r;
	case FP_TEXT:
		return strcmp(v->text, text) == 0;
	default:
		return 0;
	}
}

/* FNV-1a. Numbers hash alike whatever they are written as, texts by their bytes; both are tried when asking. */
static uint64_t hash_bytes(const void *bytes, size_t n, uint64_t seed)
{
	const unsigned char *p = bytes;
	uint64_t h = 0xcbf29ce484222325ULL ^ seed;

	while (n-- > 0)
		h = (h ^ *p++) * 0x100000001b3ULL;
	return h;
}

static uint64_t hash_number(int64_t i)
{
	return hash_bytes(&i, sizeof i, 1);
}

static void grow(struct fp_key_index *x)
{
	struct fp_key_slot *old = x->slots;
	size_t n = x->cap;

	x->cap = n ? n * 2 : 1024;
	x->slots = fp_alloc(x->cap * sizeof *x->slots);
	for (size_t i = 0; i < n; i++) {
		size_t at = old[i].hash & (x->cap - 1);
		if (!old[i].used)
			continue;
		while (x->slots[at].used)
			at = (at + 1) & (x->cap - 1);
		x->slots[at] = old[i];
	}
	free(old);
}

void fp_key_index_add(struct fp_key_index *x, const struct fp_value *key, int64_t fid, int hidden)
{
	uint64_t h;
	size_t at;

	if (key->type == FP_INT || (key->type == FP_REAL && fabs(key->r) <= 0x1p53))
		h = hash_number(key->type == FP_INT ? key->i : (int64_t)key->r);
	else if (key->type == FP_TEXT)
		h = hash_bytes(key->text, strlen(key->text), 2);
	else
		return;
	if ((x->n + 1) * 3 > x->cap * 2)
		grow(x);
	for (at = h & (x->cap - 1); x->slots[at].used; at = (at + 1) & (x->cap - 1)) {
		if (x->slots[at].hash == h && x->slots[at].fid == fid) {
			x->slots[at].hidden = hidden;
			return;
		}
	}
	x->slots[at] = (struct fp_key_slot){.hash = h, .fid = fid, .used = 1, .hidden = hidden};
	x->n++;
}

const struct fp_key_slot *fp_key_index_next(const struct fp_key_index *x, const char *text, size_t *cursor)
{
	int64_t i;
	uint64_t as_number = fp_key_number(&i, text) == 0 ? hash_number(i) : 0, as_text = hash_bytes(text, strlen(text), 2);

	/* The cursor walks the run of the text's hash first, then that of the number's. */
	for (; x->cap && *cursor < 2 * x->cap; (*cursor)++) {
		uint64_t h = *cursor < x->cap ? as_text : as_number;
		const struct fp_key_slot *s = &x->slots[(h + *cursor) & (x->cap - 1)];

		if (!s->used || h == 0) {
			if (*cursor >= x->cap)
				return NULL;
			*cursor = x->cap - 1;
		} else if (s->hash == h) {
			(*cursor)++;
			return s;
		}
	}
	return NULL;
}

void fp_key_index_free(struct fp_key_index *x)
{
	free(x->slots);
	*x = (struct fp_key_index){0};
}
