#include "engine/base/nearest.h"

#include <string.h>
#include <strings.h>

enum { NAME_BYTES = 255 };

static int edit_distance(const char *a, size_t na, const char *b, size_t nb)
{
	int row[NAME_BYTES + 1];

	for (size_t k = 0; k <= nb; k++)
		row[k] = (int)k;
	for (size_t i = 1; i <= na; i++) {
		int corner = row[0];
		row[0] = (int)i;
		for (size_t k = 1; k <= nb; k++) {
			int above = row[k], best = corner + (strncasecmp(&a[i - 1], &b[k - 1], 1) != 0);
			if (above + 1 < best)
				best = above + 1;
			if (row[k - 1] + 1 < best)
				best = row[k - 1] + 1;
			corner = above;
			row[k] = best;
		}
	}
	return row[nb];
}

int fp_name_distance(const char *wanted, const char *there)
{
	size_t nw = strlen(wanted), nt = strlen(there);

	if (strcmp(wanted, there) == 0)
		return 0;
	if (strcasecmp(wanted, there) == 0)
		return 1;
	return nw > NAME_BYTES || nt > NAME_BYTES ? FP_NAMES_APART : 2 + edit_distance(wanted, nw, there, nt);
}
