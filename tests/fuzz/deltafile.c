#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/changes/deltafile.h"
#include "tests/fuzz/fuzz.h"

static void delta_holds(const struct fp_deltafile *d, const json_t *delta)
{
	const char *method = fp_delta_method(delta);
	json_t *inverse = fp_delta_inverse(delta), *twice = fp_delta_inverse(inverse);

	fp_assert(strcmp(method, "create") == 0 || strcmp(method, "patch") == 0 || strcmp(method, "delete") == 0);
	fp_assert(json_equal(delta, twice));
	free(fp_delta_mapped_pk(d->client_pks, delta));
	json_decref(inverse);
	json_decref(twice);
}

/* All that was read, as one document. */
static json_t *whole(struct fp_deltafile *d)
{
	json_t *root = json_copy(d->head), *deltas = json_array(), *delta;

	while ((delta = fp_deltafile_next(d))) {
		delta_holds(d, delta);
		json_array_append_new(deltas, delta);
	}
	fp_assert(json_array_size(deltas) == d->n);
	json_object_set_new(root, "deltas", deltas);
	return root;
}

/* What was read is a deltafile too when it is written. */
static void printed_holds(const json_t *root)
{
	char *text = fp_json_dump(root);
	struct fp_deltafile again;
	struct fp_error err = {0};
	json_t *twice;

	fp_assert(fp_deltafile_parse(&again, text, strlen(text), &err) == FP_OK);
	twice = whole(&again);
	fp_assert(json_equal(root, twice));
	json_decref(twice);
	fp_deltafile_clear(&again);
	free(text);
}

/* Read in pieces it is what it is read whole, but for what is cleaned before (and brackets deeper than a parser goes). */
static void pieces_hold(const json_t *root, const char *text, size_t len)
{
	json_error_t e;
	json_t *all = json_loadb(text, len, JSON_REJECT_DUPLICATES, &e);
	int cleaned = memmem(text, len, "\\u0000", 6) != NULL;
	size_t digits = 0;

	for (size_t i = 0; i < len && digits < 19; i++)
		digits = text[i] >= '0' && text[i] <= '9' ? digits + 1 : 0;
	if (!cleaned && digits < 19)
		fp_assert(all ? json_equal(all, root) : json_error_code(&e) == json_error_stack_overflow);
	json_decref(all);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fp_deltafile d;
	struct fp_error err = {0};
	enum fp_status st = fp_deltafile_parse(&d, (const char *)data, size, &err);
	char id[FP_UUID_SIZE], project[FP_UUID_SIZE];
	json_t *root;

	fuzz_error_holds(st, &err);
	fp_deltafile_looks_like((const char *)data, size, id, project);
	if (st != FP_OK)
		return 0;
	fp_assert(fp_deltafile_looks_like((const char *)data, size, id, project) || memmem(data, size, "\\u", 2));
	root = whole(&d);
	pieces_hold(root, (const char *)data, size);
	printed_holds(root);
	json_decref(root);
	fp_deltafile_clear(&d);
	return 0;
}
