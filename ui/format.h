/* Numbers and times as people read them. Each returns OUT. */
#ifndef FP_UI_FORMAT_H
#define FP_UI_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#define FP_FORMAT_SIZE 32

/* Now, for ages; FIELDPOST_NOW_MS fixes it, so that a screen can be compared. */
int64_t fp_ui_now(void);

char *fp_format_count(char out[FP_FORMAT_SIZE], int64_t n);               /* "1,040" */
char *fp_format_bytes(char out[FP_FORMAT_SIZE], int64_t bytes);           /* "12.3 MB" */
char *fp_format_time(char out[FP_FORMAT_SIZE], int64_t ms, int width);    /* local time, as exact as WIDTH allows; "" for 0 */
char *fp_format_span(char out[FP_FORMAT_SIZE], int64_t ms);               /* "40 ms", "3.4 s", "12 min" */
char *fp_format_age(char out[FP_FORMAT_SIZE], int64_t ms);                /* "3 min ago"; "" for 0 */

#endif
