#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/base/text.h"

char *fuzz_text(const uint8_t *data, size_t size)
{
	return fp_strndup((const char *)data, size);
}

void fuzz_error_holds(enum fp_status st, const struct fp_error *err)
{
	char *clean;

	if (st == FP_OK)
		return;
	fp_assert(err->code == st);
	fp_assert(*err->msg);
	clean = fp_text_clean(err->msg);
	fp_assert(strcmp(clean, err->msg) == 0);
	free(clean);
}
