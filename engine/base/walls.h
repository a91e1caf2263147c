/* The walls that a helper process puts up around itself before it reads what is hostile. Each is for the rest of its life. */
#ifndef FP_BASE_WALLS_H
#define FP_BASE_WALLS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "engine/base/error.h"

enum fp_wall_access {
	FP_WALL_FILE,   /* read this file */
	FP_WALL_READ,   /* read what is below */
	FP_WALL_WRITE,  /* read, make, change and remove files and folders below */
	FP_WALL_DEVICE  /* read and write this one */
};
struct fp_wall_path {
	const char *path; /* a place that is not there needs no rule */
	enum fp_wall_access access;
};

/* Killed when PARENT dies (0: whoever the parent is), no new privileges, not dumpable, no core file. Ends the process when PARENT is dead already.
 * A process that changes its user does so before: the kernel forgets the first wall then. */
enum fp_status fp_walls_begin(pid_t parent, struct fp_error *err);

/* A limit (RLIMIT_...), or the lower one that is there. */
enum fp_status fp_walls_limit(int what, int64_t value, struct fp_error *err);

/* The kernel's Landlock version, 0 when it has none. */
int fp_walls_landlock_version(void);

/* Landlock: of the file system nothing but the N PATHS. TCP, where the kernel can refuse it (version 4): no port may be listened on, and with NO_CONNECT
 * none connected to. Does nothing where there is no Landlock. */
enum fp_status fp_walls_landlock(const struct fp_wall_path *paths, size_t n, int no_connect, struct fp_error *err);

#endif
