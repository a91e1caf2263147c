/* A job in words, and what can be done with it: for the list and the view of one. */
#ifndef FP_UI_JOB_TEXT_H
#define FP_UI_JOB_TEXT_H

#include "engine/base/buf.h"
#include "engine/store/jobs.h"

struct fp_console;
struct fp_menu;

int fp_job_active(const struct fp_job_row *r);         /* queued or started */
int64_t fp_job_took(const struct fp_job_row *r);       /* ms, until now while it runs; 0 before */
/* What came of it; while it runs, where it is and how long it will take; while it waits, for what. */
void fp_job_sentence(struct fp_buf *to, const struct fp_job_row *r);
/* ": 412,000 of 1,000,000 · 309,774/s", how far its step is; nothing when that is not counted. */
void fp_job_amount(struct fp_buf *to, const struct fp_job_row *r);

/* What a job of this type and status does not have of FP_IN_ACTIVE and FP_IN_APPLIED: cancelled is what has not ended, undone what applied changes. */
unsigned fp_job_lacks(const char *type, const char *status);

void fp_job_menu(struct fp_console *c, struct fp_menu *m, int64_t id);
unsigned fp_job_chosen(struct fp_console *c, int item);

#endif
