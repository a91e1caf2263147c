/* Text from outside, made safe for a terminal, and measured as a terminal shows it.
 *
 * This is the one sanitising writer of the house: names, values, log lines, file names and driver messages pass
 * fp_text_sanitise() before they reach a terminal, a log or an error message. */
#ifndef FP_BASE_TEXT_H
#define FP_BASE_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "engine/base/buf.h"

/* Appends TEXT (LEN bytes, any bytes) to B as valid UTF-8 without control characters: C0 as U+2400.. pictures (tab, newline too),
 * DEL as U+2421, C1, bidi controls, zero-width joiners outside a cluster and unassigned code points as U+FFFD, each byte of invalid
 * UTF-8 as U+FFFD; at most eight combining marks follow one another. */
void fp_text_sanitise(struct fp_buf *b, const char *text, size_t len);

/* The same, to a new string. */
char *fp_text_clean(const char *text) __attribute__((malloc, returns_nonnull));

/* The same for a text of several lines: newlines stay, tabs become blanks. */
void fp_text_sanitise_lines(struct fp_buf *b, const char *text, size_t len);

/* The same into a fixed field of SIZE bytes (at least 8): cut between characters and marked with "..." when it is too long. */
void fp_text_into(char *to, size_t size, const char *text);

/* The columns that valid UTF-8 TEXT takes on a terminal. */
int fp_text_width(const char *text);

/* The number of bytes of TEXT that fit into COLUMNS; *USED (may be NULL) gets the columns they take. Never cuts a cluster. */
size_t fp_text_fit(const char *text, int columns, int *used);

/* The largest n <= LIMIT at which TEXT (at least LIMIT bytes of valid UTF-8) can be cut between two characters. */
size_t fp_text_floor(const char *text, size_t limit);

/* 1 when TEXT is valid UTF-8. */
int fp_text_valid(const char *text, size_t len);

/* Caseless and NFC-normalised comparison key of valid UTF-8 TEXT (utf8proc NFC + casefold); caller frees. */
char *fp_text_fold(const char *text) __attribute__((malloc, returns_nonnull));

/* 1 when folded NEEDLE occurs in the folded form of HAYSTACK. NEEDLE comes from fp_text_fold(). */
int fp_text_contains(const char *haystack, const char *folded_needle);

/* The shortest text of 15 to 17 digits that reads back as R, into OUT; returns OUT. */
#define FP_REAL_SIZE 32
char *fp_text_real(char out[FP_REAL_SIZE], double r);

/* For people, into OUT; returns OUT. "1,204"; "3.2 MB" (kB are 1000 bytes). */
#define FP_COUNT_SIZE 32
char *fp_text_count(char out[FP_COUNT_SIZE], int64_t n);
char *fp_text_bytes(char out[FP_COUNT_SIZE], int64_t bytes);
/* The end of a word of which there are N: "" for one, "s" for all else. */
const char *fp_text_s(int64_t n);

#endif
