/* What an answer says of a failure. */
#ifndef FP_PROBER_ANSWER_H
#define FP_PROBER_ANSWER_H

#include <jansson.h>

/* STAGE failed for CAUSE (both words of prober.h). WORDS are whose library or server it was: made one line, sanitised, cut. Replaces what was said before. */
void fp_answer_fault(json_t *answer, const char *stage, const char *cause, const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* WORDS as an answer's text: one line, sanitised, cut. New reference. */
json_t *fp_answer_words(const char *words);

/* Takes SECRET out of what others said in ANSWER (not out of a body, which is content). One of less than four characters stands in too many a sentence by
 * chance: it stays, and nobody can know it for one. */
void fp_answer_redact(json_t *answer, const char *secret);

#endif
