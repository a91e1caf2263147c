/* Undoing all of something (a job, everything since a time): which of its changes have to be taken back, so that the data is as before. */
#ifndef FP_QUEUE_WAVE_H
#define FP_QUEUE_WAVE_H

#include "engine/store/changes.h"

/* Zero-initialise. */
struct fp_wave {
	int64_t *passed; /* changes that were taken back already, ascending */
	size_t n, cap;
};

/* 1 when R has to be undone. Rows come the oldest first. A change that was undone is left alone, and with it what undid it, when that belongs to the same. */
int fp_wave_takes(struct fp_wave *w, const struct fp_change_row *r);
void fp_wave_clear(struct fp_wave *w);

#endif
