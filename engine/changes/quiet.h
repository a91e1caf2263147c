/* Keeping other programs from writing to a database while it is copied, by the locks that SQLite itself goes by. */
#ifndef FP_CHANGES_QUIET_H
#define FP_CHANGES_QUIET_H

#include "engine/base/error.h"

struct fp_quiet {
	int db, shm;
};

/* FP_E_REFUSED: another program is writing to PATH, or has begun to. Nothing happens to what is no SQLite file. Q is released in every case. */
enum fp_status fp_quiet_hold(struct fp_quiet *q, const char *path, struct fp_error *err);
void fp_quiet_release(struct fp_quiet *q);

#endif
