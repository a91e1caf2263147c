/* Names that may have been meant: "did you mean". */
#ifndef FP_BASE_NEAREST_H
#define FP_BASE_NEAREST_H

/* How far THERE is from WANTED: 0 the same, 1 but for the case of ASCII letters, then 2 + Levenshtein's distance in bytes, without regard to case.
 * FP_NAMES_APART when either is longer than a name can be (255 bytes). */
#define FP_NAMES_APART 1000
int fp_name_distance(const char *wanted, const char *there);

#endif
