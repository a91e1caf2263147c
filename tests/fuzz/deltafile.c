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

/* What was read is a deltafile too when it is written. */
static void printed_holds(const struct fp_deltafile *d)
{
	char *text = fp_json_dump(d->root);
	struct fp_deltafile again;
	struct fp_error err = {0};

	fp_assert(fp_deltafile_parse(&again, text, strlen(text), &err) == FP_OK);
	fp_assert(json_equal(d->root, again.root));
	fp_deltafile_clear(&again);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fp_deltafile d;
	struct fp_error err = {0};
	enum fp_status st = fp_deltafile_parse(&d, (const char *)data, size, &err);
	const json_t *delta;
	size_t i;

	fuzz_error_holds(st, &err);
	if (st != FP_OK)
		return 0;
	json_array_foreach(d.deltas, i, delta)
		delta_holds(&d, delta);
	printed_holds(&d);
	fp_deltafile_clear(&d);
	return 0;
}
