/* A fuzz target without a fuzzer: runs it on each file that is named, and says which before it does, so that a crash has a name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/fs.h"
#include "engine/base/mem.h"
#include "tests/fuzz/fuzz.h"

#define INPUT_MAX (64 << 20)

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		struct fp_buf b = FP_BUF_INIT;
		struct fp_error err;
		uint8_t *exact; /* of the input's size, so that a sanitizer sees a byte too far */

		fprintf(stderr, "%s\n", argv[i]);
		if (fp_fs_read(&b, argv[i], INPUT_MAX, &err) != FP_OK) {
			fprintf(stderr, "%s\n", err.msg);
			return 1;
		}
		exact = fp_alloc(b.len);
		memcpy(exact, b.data, b.len);
		LLVMFuzzerTestOneInput(exact, b.len);
		free(exact);
		fp_buf_free(&b);
	}
	return 0;
}
