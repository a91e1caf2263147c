/* The pieces of a JSON text, found without reading them: so that a file of any size is read piece by piece. What a piece holds is for a parser
 * to judge; here only strings and brackets are looked at. */
#ifndef FP_CHANGES_SCAN_H
#define FP_CHANGES_SCAN_H

#include <stddef.h>

struct fp_scan {
	const char *text; /* borrowed */
	size_t len, at;
	int first;
	const char *fault; /* what is wrong at AT */
};

/* LEN 0: there is nothing where a value should be. */
struct fp_piece {
	size_t at, len;
};

enum fp_scanned { FP_SCAN_PIECE, FP_SCAN_END, FP_SCAN_BAD };

/* Begins inside the object or array whose bracket stands at byte AT of TEXT. */
void fp_scan_begin(struct fp_scan *s, const char *text, size_t len, size_t at);
/* The next member of the object, or element of the array. At the end S stands behind the closing bracket. */
enum fp_scanned fp_scan_member(struct fp_scan *s, struct fp_piece *key, struct fp_piece *value);
enum fp_scanned fp_scan_element(struct fp_scan *s, struct fp_piece *value);

/* The first byte from AT on that is no blank; LEN when there is none. */
size_t fp_scan_blanks(const char *text, size_t len, size_t at);

#endif
