#include "engine/base/failpoint.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

void fp_failpoint(const char *point)
{
	const char *at = getenv("FIELDPOST_FAIL_AT"), *stall = getenv("FIELDPOST_STALL_AT");

	if (at && strcmp(at, point) == 0)
		raise(SIGKILL);
	if (stall && strcmp(stall, point) == 0)
		raise(SIGSTOP);
}
