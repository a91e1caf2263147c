/* SIGINT, SIGTERM and SIGHUP as a question that long work asks in between, so that it can tidy up behind itself. */
#ifndef FP_SRC_INTERRUPT_H
#define FP_SRC_INTERRUPT_H

#include <signal.h>

#include "engine/base/error.h"

struct fp_interrupt {
	int fd; /* -1: they end the process as ever */
	sigset_t before;
};

void fp_interrupt_begin(struct fp_interrupt *i);
/* FP_E_CANCELLED when one of them came: the caller removes what it has made, as the message says. */
enum fp_status fp_interrupted(const struct fp_interrupt *i, struct fp_error *err);
void fp_interrupt_end(struct fp_interrupt *i);

#endif
